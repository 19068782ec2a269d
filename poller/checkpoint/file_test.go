package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

func TestFileConforms(t *testing.T) {
	checkpointtest.Run(t, func(t *testing.T) checkpointtest.Place {
		return folder(t, filepath.Join(t.TempDir(), "state", "refreshwatch"))
	})
}

func TestFileIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	_, err := checkpoint.NewFile(dir).Swap(t.Context(), checkpoint.Doc{}, []byte("x"))
	must(t, err)
	for path, want := range map[string]os.FileMode{
		filepath.Dir(dir): 0o700 | os.ModeDir,
		dir:               0o700 | os.ModeDir,
		filepath.Join(dir, "00000000000000000001"): 0o600,
		filepath.Join(dir, "latest"):               0o600,
	} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%s is %v, want %v", path, info.Mode(), want)
		}
	}
}

// TestFileLeavesNothing: neither a won nor a lost swap leaves its unfinished file.
func TestFileLeavesNothing(t *testing.T) {
	p := folder(t, t.TempDir())
	s := p.Open()
	_, err := s.Swap(t.Context(), checkpoint.Doc{}, []byte("x"))
	must(t, err)
	if _, err = s.Swap(t.Context(), checkpoint.Doc{}, []byte("y")); !errors.Is(err, checkpoint.ErrConflict) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"00000000000000000001", "latest"}, p.Names()); diff != "" {
		t.Error(diff)
	}
}

// TestFileNotAFolder: what cannot be looked at is an error, never "nothing was
// ever written".
func TestFileNotAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, nil, 0o600))
	for _, dir := range []string{path, filepath.Join(path, "below")} {
		s := checkpoint.NewFile(dir)
		_, err := s.Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), "must name a folder") {
			t.Errorf("Load of %s: %v", dir, err)
		}
		if _, err := s.Swap(t.Context(), checkpoint.Doc{}, nil); err == nil {
			t.Errorf("Swap in %s succeeds", dir)
		}
	}
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "00000000000000000001"), 0o700))
	if d, err := checkpoint.NewFile(dir).Load(t.Context()); err == nil {
		t.Errorf("a folder where a generation should be: generation %d", d.Generation)
	}
}

func TestFileUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	_, err := checkpoint.NewFile(dir).Swap(t.Context(), checkpoint.Doc{}, nil)
	must(t, err)
	must(t, os.Chmod(dir, 0))
	defer os.Chmod(dir, 0o700)
	_, err = checkpoint.NewFile(dir).Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "let this user read and write") {
		t.Errorf("Load: %v", err)
	}
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
