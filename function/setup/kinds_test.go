package setup

import (
	"flag"
	"testing"

	"refreshwatch/notifier/notifiertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestSinks holds every kind of the table to what all sinks promise.
func TestSinks(t *testing.T) { notifiertest.Conform(t, Kinds()) }

// TestSinkGoldens shows the structure of what every kind posts for every sample.
func TestSinkGoldens(t *testing.T) {
	notifiertest.Goldens(t, Kinds(), "../../testdata/golden/sinks", "../../template", *update)
}

func FuzzSinkFields(f *testing.F) { notifiertest.FuzzFields(f, Kinds()) }
