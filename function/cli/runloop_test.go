package cli

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"refreshwatch/poller/aliyun/apitest"
)

// A signal during a poll lets it finish: what it finds is sent and recorded, the exit
// code is 0. Nothing is on stdout.
func TestRunSettles(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		s := startChild(t, "run")
		asked, answer := make(chan struct{}), make(chan struct{})
		var polls atomic.Int32
		s.api.Fault(apitest.NoPermission().When(func(apitest.Request) bool {
			if polls.Add(1) == 1 {
				close(asked)
				<-answer
			}
			return false
		}))
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		if err := s.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		close(answer)
		if err := s.Wait(); err != nil || s.out.Len() > 0 {
			t.Errorf("%v: %v, stdout %q\n%s", signal, err, &s.out, &s.err)
		}
		if arrived := len(s.receiver.Arrived()); arrived != 1 || !strings.Contains(s.err.String(), `"msg":"polling stopped"`) {
			t.Errorf("%v: %d messages\n%s", signal, arrived, &s.err)
		}
		if r := s.againAs(t, "poll"); r.New+r.Sent+r.Retrying > 0 {
			t.Errorf("%v, then: %+v", signal, r)
		}
	}
}

// A signal while the API keeps silent: the poll ends without its answer, and the next one
// does its work.
func TestRunStopsWhileTheAPIHangs(t *testing.T) {
	s := startChild(t, "run")
	asked := make(chan struct{})
	var once sync.Once
	s.api.Fault(apitest.Hang().When(func(apitest.Request) bool { once.Do(func() { close(asked) }); return true }))
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); err != nil || !strings.Contains(s.err.String(), `"code":"interrupted"`) || !strings.Contains(s.err.String(), `"msg":"polling stopped"`) {
		t.Errorf("%v\n%s", err, &s.err)
	}
	s.api.Heal()
	if r := s.againAs(t, "poll"); r.New != 1 || r.Sent != 1 {
		t.Errorf("then: %+v", r)
	}
}

// A poll that fails is logged, and the next one does its work.
func TestRunGoesOn(t *testing.T) {
	s := startChild(t, "run", "-every", "50ms")
	third := make(chan struct{})
	var asked atomic.Int32
	s.api.Fault(apitest.NoPermission().When(func(apitest.Request) bool {
		n := asked.Add(1)
		if n == 3 {
			close(third)
		}
		return n == 1
	}))
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	<-third
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &s.err)
	}
	failed, worked := strings.Index(s.err.String(), `"code":"api_denied"`), strings.Index(s.err.String(), `"covered":1`)
	if failed < 0 || worked < failed || len(s.receiver.Arrived()) == 0 {
		t.Errorf("%d messages\n%s", len(s.receiver.Arrived()), &s.err)
	}
}

// A signal ends a wait at once, with what is known as the last line.
func TestWaitInterrupted(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		s := startChild(t, "wait", "1", "2")
		asked := make(chan struct{})
		var once sync.Once
		s.api.Fault(apitest.NoPermission().When(func(apitest.Request) bool { once.Do(func() { close(asked) }); return false }))
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		if err := s.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		s.Wait()
		lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
		if code := s.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(lines[len(lines)-1], `{"complete":`) || !strings.Contains(s.err.String(), "Interrupted") {
			t.Errorf("%v: exit code %d\n%s%s", signal, code, &s.out, &s.err)
		}
	}
}
