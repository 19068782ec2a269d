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
		if err == nil || !strings.Contains(err.Error(), "must name a folder.") {
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
	if err == nil || !strings.Contains(err.Error(), "Let this user read and write ") {
		t.Errorf("Load: %v", err)
	}
}

// TestFileOpensRegularFilesOnly: what somebody puts in a file's place neither makes a
// run wait nor passes for a document.
func TestFileOpensRegularFilesOnly(t *testing.T) {
	for name, plant := range map[string]func(path string) error{
		"folder":          func(path string) error { return os.Mkdir(path, 0o700) },
		"link to /dev":    func(path string) error { return os.Symlink("/dev/zero", path) },
		"named pipe":      mkfifo,
		"link to a pipe":  func(path string) error { return errors.Join(mkfifo(path+".pipe"), os.Symlink(path+".pipe", path)) },
		"link to nothing": func(path string) error { return os.Symlink("/nowhere", path) },
	} {
		for _, object := range []string{"latest", "00000000000000000001"} {
			dir := t.TempDir()
			if err := plant(filepath.Join(dir, object)); errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, err := checkpoint.NewFile(dir).Load(t.Context())
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s as %s: Load waited %v", name, object, took)
			}
			if name == "link to nothing" {
				continue // as good as absent, or listed and not there
			}
			if err == nil || !strings.Contains(err.Error(), "not a regular file. Remove it") {
				t.Errorf("%s as %s: Load: %v", name, object, err)
			}
		}
	}
}

// TestFileBehindALinkToNothing: a disk that is not mounted is not an empty store.
func TestFileBehindALinkToNothing(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "state")
	must(t, os.Symlink(filepath.Join(dir, "unmounted"), link))
	for _, path := range []string{link, filepath.Join(link, "refreshwatch")} {
		s := checkpoint.NewFile(path)
		if _, err := s.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "symbolic link on this path leads nowhere. Mount or create") {
			t.Errorf("Load of %s: %v", path, err)
		}
		if _, err := s.Swap(t.Context(), checkpoint.Doc{}, nil); err == nil || strings.Contains(err.Error(), "mkdir") {
			t.Errorf("Swap in %s: %v", path, err)
		}
	}
	must(t, os.Mkdir(filepath.Join(dir, "unmounted"), 0o700))
	if d, err := checkpoint.NewFile(link).Load(t.Context()); err != nil || d.Generation != 0 {
		t.Errorf("Load once the link leads somewhere: %v", err)
	}
}

func TestFileInTheKernelsFolders(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip(err)
	}
	s := checkpoint.NewFile("/proc/refreshwatch")
	if err := checkpoint.Probe(t.Context(), s); err == nil || !strings.Contains(err.Error(), "not one of the kernel's such as /proc") {
		t.Errorf("Probe: %v", err)
	}
}

func TestInspect(t *testing.T) {
	for mode, want := range map[os.FileMode]string{
		0o700: "", 0o750: "", 0o755: "",
		0o770: "folder's group", 0o777: "every user of this machine", 0o702: "every user of this machine",
		0o777 | os.ModeSticky: "every user of this machine",
	} {
		dir := t.TempDir()
		must(t, os.Chmod(dir, mode))
		found := checkpoint.Inspect(t.Context(), checkpoint.NewFile(dir))
		if want == "" && len(found) > 0 || want != "" && (len(found) != 1 || !strings.Contains(found[0].Error(), want) || !strings.Contains(found[0].Error(), dir)) {
			t.Errorf("%v: %v, want %q", mode, found, want)
		}
	}
	if found := checkpoint.Inspect(t.Context(), checkpoint.NewFile("/no/such/folder")); len(found) > 0 {
		t.Errorf("no folder yet: %v", found)
	}
	if found := checkpoint.Inspect(t.Context(), checkpointtest.NewMem()); len(found) > 0 {
		t.Errorf("memory: %v", found)
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
