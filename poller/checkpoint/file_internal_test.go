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
	if err == nil || errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "hard links") {
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
