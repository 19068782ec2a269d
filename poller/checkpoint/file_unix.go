//go:build unix

package checkpoint

import (
	"io/fs"
	"os"
	"syscall"
)

// openWithoutWaiting lets a named pipe that took a file's place be opened at once.
const openWithoutWaiting = syscall.O_NONBLOCK

const canSyncDir = true

// links counts the names of a file, 0 if that is unknown.
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

// foreignOwner reports whether a user other than this one and root may change the
// file's permissions.
func foreignOwner(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid != 0 && int(st.Uid) != os.Geteuid()
}
