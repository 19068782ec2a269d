package checkpoint

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

// opLink is the operation of a file that takes hard links.
const opLink = "create"

// fileProblems say in words what a file system answers, and what a person can do.
// DIR stands for the folder. The first that matches counts.
var fileProblems = [...]struct {
	is            error
	problem, next string
}{
	{errDangling, "a symbolic link on this path leads nowhere", "Mount or create what it leads to, or correct CHECKPOINT"},
	{errNotRegular, "it is not a regular file", "Remove it, or name another folder in CHECKPOINT"},
	{errTooLarge, "it is larger than 64 MiB, so it is not a checkpoint", "Name another folder in CHECKPOINT"},
	{syscall.ENOTDIR, "a part of the path is a file", "CHECKPOINT must name a folder"},
	{syscall.EISDIR, "it is a folder where a file should be", "Name another folder in CHECKPOINT"},
	{syscall.EROFS, "the file system is read-only", "Name a writable folder; on Function Compute mount NAS, or use oss://"},
	{syscall.ENOSPC, "the disk is full", "Free space on the disk of DIR"},
	{syscall.EDQUOT, "the disk quota is used up", "Free space on the disk of DIR, or raise the quota"},
	{syscall.EACCES, "permission denied", "Let this user read and write DIR"},
	{syscall.ENAMETOOLONG, "the path is too long", "Name a shorter folder in CHECKPOINT"},
	{syscall.ELOOP, "the symbolic links on this path go in a circle", "Correct them, or name another folder in CHECKPOINT"},
	{syscall.EMFILE, "this process has too many open files", "Raise its limit of open files (ulimit -n)"},
	{syscall.ENFILE, "this machine has too many open files", "Raise its limit of open files (fs.file-max)"},
	{syscall.ESTALE, "the network file system was exported or mounted anew", "Mount DIR again, or restart the container that uses it"},
	{syscall.EIO, "the disk or the network file system failed", "Check the disk or the mount of DIR"},
	{syscall.ETIMEDOUT, "the network file system does not answer", "Check the mount of DIR and its server"},
	{syscall.EHOSTUNREACH, "the network file system cannot be reached", "Check the mount of DIR and its server"},
	{syscall.EHOSTDOWN, "the network file system cannot be reached", "Check the mount of DIR and its server"},
	{syscall.ENOTCONN, "the mount is broken", "Mount DIR again"},
	{syscall.ENODEV, "the device is gone", "Check the mount of DIR"},
	{syscall.ENXIO, "the device is gone", "Check the mount of DIR"},
	{fs.ErrExist, "a file or a link is in the way", "Remove it, or name another folder in CHECKPOINT"},
	{fs.ErrNotExist, "no folder can be created there", "Name a folder on a disk in CHECKPOINT, not one of the kernel's such as /proc"},
	{fs.ErrPermission, "the file system does not permit it", "Let this user read and write DIR, or name another folder in CHECKPOINT"},
	{errors.ErrUnsupported, "the file system does not support it", "Name a folder on a local disk or NFS in CHECKPOINT, or use oss://"},
}

// explain says what failed, where, and what to do. Paths are no secrets.
func (f *folder) explain(op, path string, err error) error {
	e := &Error{Op: op + " " + path, Err: err}
	if op == opLink && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) && !errors.Is(err, syscall.EROFS) {
		e.Problem = "the file system refused a hard link"
		e.Next = "Name a folder on a local disk or NFS in CHECKPOINT; OSS mounts and some container volumes know no hard links, use oss:// there"
		return e
	}
	for _, p := range fileProblems {
		if errors.Is(err, p.is) {
			e.Problem, e.Next = p.problem, replaceDir(p.next, f.dir)
			return e
		}
	}
	e.Problem, e.Next = errnoText(err), replaceDir("Check the file system of DIR", f.dir)
	return e
}

// errnoText is the innermost cause, without the path that Op already names.
func errnoText(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}

func replaceDir(next, dir string) string { return strings.Replace(next, "DIR", dir, 1) }
