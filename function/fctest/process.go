package fctest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// process is a running binary whose output goes to files, not pipes: what it wrote
// can be read at once, and no goroutine has to keep up with it.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr string        // file names
	exited         chan struct{} // closed after the process was reaped
}

func startProcess(binary string, env []string, dir string) (*process, error) {
	p := &process{
		cmd:    exec.Command(binary),
		stdout: filepath.Join(dir, "stdout"),
		stderr: filepath.Join(dir, "stderr"),
		exited: make(chan struct{}),
	}
	p.cmd.Env = env
	p.cmd.Dir = filepath.Dir(binary)
	p.cmd.SysProcAttr = dieWithParent()

	started := make(chan error)
	go p.run(started)
	return p, <-started
}

// run owns the process from start to end, on a thread of its own: Linux binds
// "die with the parent" to the thread that started the child.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer close(p.exited)

	err := p.open()
	if err == nil {
		err = p.cmd.Start()
	}
	p.close()
	started <- err
	if err == nil {
		p.cmd.Wait() // a status, whatever it is, is no error here
	}
}

func (p *process) open() error {
	stdout, err := os.OpenFile(p.stdout, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	p.cmd.Stdout = stdout
	stderr, err := os.OpenFile(p.stderr, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	p.cmd.Stderr = stderr
	return nil
}

// close gives up our side of the files; the child has its own.
func (p *process) close() {
	for _, w := range []any{p.cmd.Stdout, p.cmd.Stderr} {
		if f, ok := w.(*os.File); ok {
			f.Close()
		}
	}
}

func (p *process) kill() { p.cmd.Process.Kill() } // of one that is gone already: no error we care for

func (p *process) peakRSS() (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kb << 10, err
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	return 0, fmt.Errorf("no VmHWM of process %d: it has ended", p.cmd.Process.Pid)
}
