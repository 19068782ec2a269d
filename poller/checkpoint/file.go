package checkpoint

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// NewFile keeps the document in a folder, on a local disk or on NFS. The folder is
// made at the first swap.
//
// A generation appears by link(2): it is there whole or not at all, and of several
// links to one name the kernel, or the NFS server, lets one succeed. Rename would
// overwrite, and locks do not outlive their holder's network. A mount that knows no
// hard links (ossfs) fails at the first swap, which is the right time.
//
// Doc.Now is this machine's clock. Machines that share the folder must keep theirs
// within a few seconds of each other.
func NewFile(dir string) Store { return New(&folder{dir: dir, link: os.Link}) }

// IsFolder reports whether dir holds a checkpoint itself: its first generation, which is
// never removed.
func IsFolder(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, name(1)))
	return err == nil
}

type folder struct {
	dir  string
	link func(from, to string) error // os.Link
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) Get(ctx context.Context, name string) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	data, err := readRegular(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Answer{Now: time.Now()}, nil
	}
	if err != nil {
		return Answer{}, f.explain("read", f.path(name), err)
	}
	return Answer{Data: data, Found: true, Now: time.Now()}, nil
}

var (
	errNotRegular = errors.New("not a regular file")
	errTooLarge   = errors.New("larger than 64 MiB")
)

// readRegular reads a regular file and nothing else: opening a named pipe would wait
// for a writer, and reading a device could end never.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|openWithoutWaiting, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// It may have been replaced since.
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = errTooLarge
	}
	return data, err
}

func (f *folder) Create(ctx context.Context, name string, data []byte) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	tmp, err := f.writeTmp(data)
	if err != nil {
		return time.Time{}, f.explain("write", f.path(name), err)
	}
	defer os.Remove(tmp) // a crash before leaves it to Collect
	err = f.link(tmp, f.path(name))
	// The answer of an NFS server may be lost and the call repeated: a second name
	// on our own file says that we won, whatever the error says (link(2), Linux).
	if err != nil && links(tmp) == 2 {
		err = nil
	}
	if errors.Is(err, fs.ErrExist) {
		return time.Time{}, ErrConflict
	}
	if err != nil {
		return time.Time{}, f.explain(opLink, f.path(name), err)
	}
	if err := syncDir(f.dir); err != nil {
		return time.Time{}, f.explain("write", f.dir, err)
	}
	return time.Now(), nil
}

func (f *folder) Put(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tmp, err := f.writeTmp(data)
	if err != nil {
		return f.explain("write", f.path(name), err)
	}
	if err := os.Rename(tmp, f.path(name)); err != nil {
		os.Remove(tmp)
		return f.explain("write", f.path(name), err)
	}
	return nil
}

// writeTmp puts data durably under a name that nobody else uses.
func (f *folder) writeTmp(data []byte) (path string, err error) {
	if err := f.makeDir(); err != nil {
		return "", err
	}
	path = f.path(tmpPrefix + rand.Text())
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		os.Remove(path)
		return "", err
	}
	return path, nil
}

func (f *folder) makeDir() error {
	if _, err := os.Stat(f.dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.dir))
}

func (f *folder) List(ctx context.Context) (Listing, error) {
	if err := ctx.Err(); err != nil {
		return Listing{}, err
	}
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = f.dangling() // nil: nothing was ever written
	}
	if err != nil {
		return Listing{}, f.explain("list", f.dir, err)
	}
	l := Listing{Now: time.Now()}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed by another run since
		}
		if err != nil {
			return Listing{}, f.explain("list", f.dir, err)
		}
		l.Entries = append(l.Entries, Entry{Name: e.Name(), Modified: info.ModTime()})
	}
	return l, nil
}

func (f *folder) Remove(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := os.Remove(f.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.explain("remove", f.path(name), err)
	}
	return nil
}

// errDangling is a symbolic link on the way to the folder that leads nowhere, such
// as to a disk that is not mounted. What lies there is history all the same.
var errDangling = errors.New("a symbolic link on this path leads nowhere")

// dangling distinguishes a folder that does not exist yet, nil, from one behind a link
// that leads nowhere.
func (f *folder) dangling() error {
	for dir := f.dir; ; dir = filepath.Dir(dir) {
		info, err := os.Lstat(dir)
		switch {
		case err == nil && info.Mode()&fs.ModeSymlink != 0:
			if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
				return errDangling
			}
			return nil
		case err == nil, dir == filepath.Dir(dir):
			return nil
		}
	}
}

// Inspect reports a folder that other users may write: whoever plants a document
// there speaks with this program's voice.
func (f *folder) Inspect(context.Context) []*Error {
	info, err := os.Stat(f.dir)
	if err != nil {
		return nil // not made yet, or Load says why not
	}
	problem := ""
	switch mode := info.Mode().Perm(); {
	case mode&0o002 != 0:
		problem = "every user of this machine may write there"
	case mode&0o020 != 0:
		problem = "every user of the folder's group may write there"
	case foreignOwner(info):
		problem = "the folder belongs to another user"
	default:
		return nil
	}
	return []*Error{{Op: "inspect " + f.dir, Problem: problem, Next: "Let only this program's user write there: chmod go-w, chown, or another folder in CHECKPOINT"}}
}

// syncDir makes new names in a folder survive a power cut. Some file systems (SMB,
// FUSE) cannot and say so; they have written by then.
func syncDir(dir string) error {
	if !canSyncDir {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EBADF) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
