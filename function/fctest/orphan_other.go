//go:build !linux

package fctest

import "syscall"

func dieWithParent() *syscall.SysProcAttr { return nil }
