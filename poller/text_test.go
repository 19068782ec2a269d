package poller

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestDecodeText(t *testing.T) {
	for _, c := range []struct {
		data, want string
		ok         bool
	}{
		{"plain 视频", "plain 视频", true},
		{"", "", true},
		{"\xef\xbb\xbf{}", "{}", true},
		{"\xff\xfe{\x00}\x00", "{}", true},
		{"\xfe\xff\x00{\x00}", "{}", true},
		{"\xff\xfe\x3d\xd8\x00\xde", "😀", true}, // a surrogate pair
		{"\xff\xfe{\x00}", "{", true},           // cut off in the middle
		{"{\x00}\x00", "", false},
		{"\xca\xd3\xc6\xb5", "", false}, // GBK
	} {
		text, ok := DecodeText([]byte(c.data))
		if ok != c.ok || ok && text != c.want {
			t.Errorf("%q: %q, %v; want %q, %v", c.data, text, ok, c.want, c.ok)
		}
	}
}

func TestFileProblemIsInPlainWords(t *testing.T) {
	dir := t.TempDir()
	os.Symlink("loop", filepath.Join(dir, "loop"))
	os.WriteFile(filepath.Join(dir, "file"), nil, 0o600)
	open := func(path string) error { _, err := os.ReadFile(filepath.Join(dir, path)); return err }
	for _, c := range []struct {
		err  error
		want string
	}{
		{open("nothing"), "does not exist"},
		{open("."), "is a folder"},
		{open("file/below"), "is no folder"},
		{open("loop"), "leads in a circle"},
		{open(strings.Repeat("x", 300)), "too long"},
		{&fs.PathError{Op: "open", Path: "/secret", Err: syscall.EACCES}, "may not be read"},
		{&fs.PathError{Op: "read", Path: "/secret", Err: syscall.EIO}, "the disk reports an error"},
		{&fs.PathError{Op: "read", Path: "/secret", Err: syscall.EBADMSG}, "cannot be read"},
	} {
		problem, next := FileProblem(c.err)
		if !strings.Contains(problem, c.want) || next == "" || strings.Contains(problem+next, "/secret") {
			t.Errorf("%v: %s. %s; want %q", c.err, problem, next, c.want)
		}
	}
}
