package fctest

import "syscall"

// dieWithParent keeps a test that was killed from leaving the process behind: the
// SDK asks a dead Runtime API again without pause, and logs each time.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
