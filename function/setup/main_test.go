package setup

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the parallel tests run side by side, however few processors there are: they wait for servers.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
