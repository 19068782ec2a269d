package watch

import (
	"flag"
	"testing"
)

var long = flag.Bool("long", false, "also run what takes minutes: days of faults, more histories, the large models")

// needLong skips what takes too long for every change. .ci/run runs it.
func needLong(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("takes long: run it with -long")
	}
}
