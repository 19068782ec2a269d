package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLinkWithoutAnswer: an NFS server linked, its answer was lost, and the repeated
// call says EEXIST. The second name on our own file says that we won.
func TestLinkWithoutAnswer(t *testing.T) {
	f := &folder{dir: t.TempDir(), link: func(from, to string) error {
		if err := os.Link(from, to); err != nil {
			return err
		}
		return syscall.EEXIST
	}}
	if _, err := f.Create(t.Context(), "a", []byte("ours")); err != nil {
		t.Fatalf("Create: %v", err)
	}
	if _, err := f.Create(t.Context(), "a", []byte("theirs")); !errors.Is(err, ErrConflict) {
		t.Errorf("second Create: %v, want ErrConflict", err)
	}
	if a, err := f.Get(t.Context(), "a"); err != nil || string(a.Data) != "ours" {
		t.Errorf("Get = %q, %v", a.Data, err)
	}
}

// TestMountWithoutLinks: nothing may be written where link(2) does not work.
func TestMountWithoutLinks(t *testing.T) {
	f := &folder{dir: t.TempDir(), link: func(string, string) error { return syscall.EPERM }}
	_, err := New(f).Swap(t.Context(), Doc{}, []byte("x"))
	if err == nil || errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "hard link") {
		t.Errorf("Swap: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(f.dir, "*")); len(names) > 0 {
		t.Errorf("%q is left", names)
	}
}

// TestUnreadableIsNotAbsent: only ENOENT says that nothing was written.
func TestUnreadableIsNotAbsent(t *testing.T) {
	f := &folder{dir: t.TempDir(), link: os.Link}
	if err := os.Mkdir(filepath.Join(f.dir, "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if a, err := f.Get(t.Context(), "a"); err == nil {
		t.Errorf("Get of a folder = %+v", a)
	}
}

// TestEveryErrnoSaysWhatToDo: whatever a file system answers, a person reads what
// failed, where, why, and the next step, each once.
func TestEveryErrnoSaysWhatToDo(t *testing.T) {
	f := &folder{dir: "/mnt/state"}
	for errno := syscall.Errno(1); errno < 134; errno++ {
		for _, op := range []string{"read", "write", opLink} {
			err := f.explain(op, "/mnt/state/latest", &os.PathError{Op: "openat", Path: "/mnt/state/latest", Err: errno})
			e, ok := errors.AsType[*Error](err)
			if !ok || !errors.Is(err, errno) || e.Op != op+" /mnt/state/latest" || e.Problem == "" || e.Next == "" || strings.HasSuffix(e.Next, ".") {
				t.Errorf("%v: %+v", errno, e)
			}
			if text := err.Error(); strings.Count(text, "/mnt/state/latest") != 1 || strings.Contains(text, "openat") || strings.Contains(text, "DIR") {
				t.Errorf("%v: %s", errno, text)
			}
		}
	}
}

// TestDirsThatCannotBeFlushed: some mounts refuse fsync of a folder; the write is
// done by then.
func TestDirsThatCannotBeFlushed(t *testing.T) {
	if err := syncDir("/proc"); err != nil && !os.IsNotExist(err) {
		t.Errorf("a kernel's folder: %v", err)
	}
}
