package fctest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memoryFiles are what a memory cgroup of one version is set and read by.
var memoryFiles = []struct{ version, root, limit, peak string }{
	{"v1", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"},
	{"v2", "/sys/fs/cgroup", "memory.max", "memory.peak"},
}

// Confine puts the living process into a memory cgroup of its own, so that the kernel
// kills it beyond the limit, as Function Compute does. kind names the cgroup's version, and
// peak reads the most that was charged to it. It needs root, and an error says why it cannot
// be done here.
func (in *Instance) Confine(bytes int64) (kind string, peak func() (int64, error), err error) {
	in.t.Helper()
	for _, v := range memoryFiles {
		dir := filepath.Join(v.root, fmt.Sprint("refreshwatch-", in.proc.cmd.Process.Pid))
		if err = confine(dir, v.limit, bytes, in.proc.cmd.Process.Pid); err != nil {
			_ = os.Remove(dir) // where nothing was made: no error
			continue
		}
		in.t.Cleanup(func() {
			in.Kill() // no process may be left in it
			if err := os.Remove(dir); err != nil {
				in.t.Error(err)
			}
		})
		return v.version, func() (int64, error) { return readBytes(filepath.Join(dir, v.peak)) }, nil
	}
	return "", nil, err
}

func confine(dir, limit string, bytes int64, pid int) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, limit), []byte(strconv.FormatInt(bytes, 10)), 0); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
}

func readBytes(name string) (int64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
