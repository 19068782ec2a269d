//go:build !unix

package checkpoint

import "io/fs"

const (
	openWithoutWaiting = 0
	canSyncDir         = false // Windows refuses to flush a folder
)

// links is unknown: there is no NFS whose answer could be lost.
func links(string) uint64 { return 0 }

// foreignOwner is unknown: Windows has access lists instead.
func foreignOwner(fs.FileInfo) bool { return false }
