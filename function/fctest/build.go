package fctest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Build builds the package in folder pkg as it is deployed (static, stripped), for
// this machine, and returns the binary's path.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "refreshwatch")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags=nethttpomithttp2", "-ldflags=-s -w", "-o", binary, ".")
	cmd.Dir = pkg
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return binary
}

// deployed is the folder of the program as it is deployed, built when the first
// test asks for it.
var deployed = filepath.Join(os.TempDir(), fmt.Sprintf("refreshwatch-test-%d", os.Getpid()))

var deploy sync.Once

// Deployed builds refreshwatch itself as it is deployed, once a test binary, and
// returns the binary's path. TestMain removes it with [RemoveDeployed].
func Deployed(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(deployed, "refreshwatch")
	deploy.Do(func() {
		cmd := exec.Command("go", "build", "-trimpath", "-tags=nethttpomithttp2", "-ldflags=-s -w", "-o", binary, "refreshwatch/function")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go build: %v\n%s", err, out)
		}
	})
	if _, err := os.Stat(binary); err != nil {
		t.Fatal("the binary could not be built")
	}
	return binary
}

// RemoveDeployed removes what Deployed built.
func RemoveDeployed() { os.RemoveAll(deployed) }
