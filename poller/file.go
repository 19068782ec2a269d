package poller

import (
	"errors"
	"io/fs"
	"syscall"
)

// FileProblem says in plain words why a file or folder that the operator named cannot
// be read, and what to check; next has no full stop. Neither repeats err, which holds
// the path and the system's own words.
func FileProblem(err error) (problem, next string) {
	for _, p := range fileProblems {
		if errors.Is(err, p.is) {
			return p.problem, p.next
		}
	}
	return "cannot be read", "Check the path and the disk that it is on"
}

var fileProblems = []struct {
	is            error
	problem, next string
}{
	{fs.ErrNotExist, "does not exist", "Check the path; on Function Compute the archive is unpacked in /code"},
	{fs.ErrPermission, "may not be read by this user", "Check the permissions of it and of the folders above it"},
	{syscall.EISDIR, "is a folder", "Name a file in it"},
	{syscall.ENOTDIR, "is no folder, or a part of its path is none", "Check the path"},
	{syscall.ELOOP, "is a symbolic link that leads in a circle", "Correct the link"},
	{syscall.ENAMETOOLONG, "has a name that is too long", "Check the path"},
	{syscall.ESTALE, "has vanished from the network drive", "Mount the drive again"},
	{syscall.EIO, "cannot be read: the disk reports an error", "Check the disk, or the network drive and its server"},
	{syscall.EMFILE, "cannot be opened: too many files are open", "Raise the limit of open files (ulimit -n)"},
	{syscall.ENFILE, "cannot be opened: too many files are open on this machine", "Close other programs"},
}
