package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

func TestFileConforms(t *testing.T) {
	checkpointtest.Run(t, func(t *testing.T) checkpointtest.Place {
		return folder(t, filepath.Join(t.TempDir(), "state", "refreshwatch"))
	})
}

// folder is a place for the specification, not made yet.
func folder(t *testing.T, dir string) checkpointtest.Place {
	names := func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	return checkpointtest.Place{
		Open:  func() checkpoint.Store { return checkpoint.NewFile(dir) },
		Names: names,
		Set: func(name string, data []byte) {
			path := filepath.Join(dir, name)
			if data == nil {
				must(t, os.Remove(path))
				return
			}
			must(t, os.MkdirAll(dir, 0o700))
			must(t, os.WriteFile(path, data, 0o600))
		},
		Age: func(d time.Duration) {
			for _, name := range names() {
				path := filepath.Join(dir, name)
				info, err := os.Stat(path)
				must(t, err)
				must(t, os.Chtimes(path, time.Time{}, info.ModTime().Add(-d)))
			}
		},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
