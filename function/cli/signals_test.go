package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"refreshwatch/function/fctest"
	"refreshwatch/function/watch"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// child is the deployed binary with a command, against a simulated API and a
// webhook.
type child struct {
	*exec.Cmd
	api      *apitest.Server
	receiver *notifiertest.Receiver
	out, err bytes.Buffer
}

func startChild(t *testing.T, args ...string) *child {
	t.Helper()
	s := &child{api: apitest.New(apitest.Options{}), receiver: &notifiertest.Receiver{WebhookSecret: testWebhookSecret}}
	endpoint, stop, err := s.api.Start()
	if err == nil {
		t.Cleanup(stop)
		err = s.receiver.Start()
	}
	if err == nil {
		t.Cleanup(func() { s.receiver.Close() })
		err = s.api.Add(apitest.Task{Key: poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: "https://cdn.example.com/a"}, Created: time.Now().Add(-time.Minute), Steps: apitest.Finish(time.Second)})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Cmd = exec.CommandContext(t.Context(), fctest.Deployed(t), args...)
	s.Stdout, s.Stderr = &s.out, &s.err
	s.Env = []string{
		"VOD_ENDPOINT=" + endpoint, "CHECKPOINT=file://" + t.TempDir(), "FIRST_RUN=notify",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + apitest.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + apitest.Secret,
		"WEBHOOK_URL=" + s.receiver.URL(notifiertest.Webhook), "WEBHOOK_SECRET=" + testWebhookSecret,
	}
	return s
}

// again runs the same command line once more, after the first one has ended.
func (s *child) again(t *testing.T) watch.Report {
	t.Helper()
	return s.againAs(t, s.Args[1:]...)
}

// againAs runs another command with the same settings.
func (s *child) againAs(t *testing.T, args ...string) watch.Report {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.Path, args...)
	cmd.Env = s.Env
	line, err := cmd.Output()
	var r watch.Report
	if err := errors.Join(err, json.Unmarshal(line, &r)); err != nil {
		t.Fatal(err)
	}
	return r
}

// A signal while the API or a receiver keeps silent: the program ends at once with
// exit code 1 and its report, and the next run goes on without waiting.
func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		s := startChild(t, "poll")
		asked := make(chan struct{})
		var once sync.Once
		s.api.Fault(apitest.Hang().When(func(apitest.Request) bool { once.Do(func() { close(asked) }); return true }))
		s.interruptWhen(t, signal, asked)
		s.api.Heal()
		if r := s.again(t); r.New != 1 || r.Sent != 1 {
			t.Errorf("%v while asking, then: %+v", signal, r)
		}

		s = startChild(t, "poll")
		asked = make(chan struct{})
		s.receiver.Hanging = sync.OnceFunc(func() { close(asked) })
		s.receiver.Script(notifiertest.Webhook, notifiertest.Fault{Hang: true})
		s.interruptWhen(t, signal, asked)
		if r := s.again(t); r.New != 0 || r.Sent+r.Retrying != 1 {
			t.Errorf("%v while sending, then: %+v", signal, r)
		}
	}
}

func (s *child) interruptWhen(t *testing.T, signal os.Signal, asked <-chan struct{}) {
	t.Helper()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := s.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	s.Wait()
	if code := s.ProcessState.ExitCode(); code != 1 || !strings.Contains(s.err.String(), `"code":"interrupted"`) || !strings.HasPrefix(s.out.String(), `{"action":"poll"`) {
		t.Errorf("%v: exit code %d\n%s%s", signal, code, &s.out, &s.err)
	}
}

// Nobody reads stdout, or stderr, or both (| head -1): the run still records what
// it has sent, and nothing is sent twice.
func TestReaderGone(t *testing.T) {
	for _, gone := range []string{"stdout", "stderr", "both"} {
		s := startChild(t, "poll")
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if gone != "stderr" {
			s.Stdout = w
		}
		if gone != "stdout" {
			s.Stderr = w
		}
		s.Run()
		w.Close()
		want := 1 // the report did not arrive
		if gone == "stderr" {
			want = 0
		}
		if code := s.ProcessState.ExitCode(); code != want {
			t.Errorf("%s closed: %v, want exit code %d", gone, s.ProcessState, want)
		}
		if report := s.again(t); report.New+report.Sent+report.Retrying > 0 || len(s.receiver.Arrived()) != 1 {
			t.Errorf("%s closed, then: %+v", gone, report)
		}
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// A report that could not be written is said, and no success.
func TestStdoutFull(t *testing.T) {
	var err bytes.Buffer
	if code := Run(t.Context(), []string{"help"}, Shell{In: io.MultiReader(), Out: full{}, Err: &err, Getenv: os.Getenv}); code != 1 || err.String() != "refreshwatch: stdout: no space left on device\n" {
		t.Errorf("exit code %d, said %q", code, err.String())
	}
}
