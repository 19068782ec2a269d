package checkpoint

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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

type folder struct {
	dir  string
	link func(from, to string) error // os.Link
}

func (f *folder) Get(ctx context.Context, name string) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	data, err := readCapped(filepath.Join(f.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return Answer{Now: time.Now()}, nil
	}
	if err != nil {
		return Answer{}, f.explain("read", err)
	}
	return Answer{Data: data, Found: true, Now: time.Now()}, nil
}

func readCapped(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("%s is larger than %d MiB", path, maxDocument>>20)
	}
	return data, err
}

func (f *folder) Create(ctx context.Context, name string, data []byte) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	tmp, err := f.writeTmp(data)
	if err != nil {
		return time.Time{}, f.explain("write", err)
	}
	defer os.Remove(tmp) // a crash before leaves it to Collect
	err = f.link(tmp, filepath.Join(f.dir, name))
	// The answer of an NFS server may be lost and the call repeated: a second name
	// on our own file says that we won, whatever the error says (link(2), Linux).
	if err != nil && links(tmp) == 2 {
		err = nil
	}
	if errors.Is(err, fs.ErrExist) {
		return time.Time{}, ErrConflict
	}
	if err != nil {
		return time.Time{}, f.explain("link", err)
	}
	if err := syncDir(f.dir); err != nil {
		return time.Time{}, f.explain("sync", err)
	}
	return time.Now(), nil
}

func (f *folder) Put(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tmp, err := f.writeTmp(data)
	if err != nil {
		return f.explain("write", err)
	}
	if err := os.Rename(tmp, filepath.Join(f.dir, name)); err != nil {
		os.Remove(tmp)
		return f.explain("rename", err)
	}
	return nil
}

// writeTmp puts data durably under a name that nobody else uses.
func (f *folder) writeTmp(data []byte) (path string, err error) {
	if err := f.makeDir(); err != nil {
		return "", err
	}
	path = filepath.Join(f.dir, tmpPrefix+rand.Text())
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
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Listing{}, f.explain("list", err)
	}
	l := Listing{Now: time.Now()}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed by another run since
		}
		if err != nil {
			return Listing{}, f.explain("list", err)
		}
		l.Entries = append(l.Entries, Entry{Name: e.Name(), Modified: info.ModTime()})
	}
	return l, nil
}

func (f *folder) Remove(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(f.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.explain("remove", err)
	}
	return nil
}

// explain adds what a person can do. Paths are no secrets and stay.
func (f *folder) explain(op string, err error) error {
	e := &Error{Op: op, Err: err}
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		e.Hint = "CHECKPOINT must name a folder, and " + f.dir + " or a part of it is a file"
	case errors.Is(err, syscall.EROFS):
		e.Hint = "the file system is read-only; on Function Compute mount NAS, or use oss://"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Hint = "make room on the disk"
	case op == "link":
		e.Hint = "the file system must know hard links; an OSS mount does not, use oss:// there"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "let this user read and write " + f.dir
	}
	return e
}

// links counts the names of a file, 0 if that cannot be told.
func links(path string) uint64 {
	info, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(st.Nlink)
}

// syncDir makes new names in a folder survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
