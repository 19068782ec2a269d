package fctest

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Instance is one process of the function, and the platform around it. Its methods
// may be called from several goroutines; invocations queue up.
type Instance struct {
	t    testing.TB
	api  *runtimeAPI
	proc *process
	turn chan struct{} // holds one token: an instance has one invocation at a time
}

// Result is what the function answered.
type Result struct {
	Body      []byte         // of a success
	Error     *FunctionError // of a failure; the process lives on
	RequestID string
	Took      time.Duration // from hand-over to answer
}

// FunctionError is a failure the function answered with.
type FunctionError struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
	Stack   []struct {
		Path  string `json:"path"`
		Line  int    `json:"line"`
		Label string `json:"label"`
	} `json:"stackTrace"`
}

// Invocations that got no answer.
var (
	ErrTimeout = errors.New("the function was killed at its deadline")
	ErrExited  = errors.New("the process ended without an answer")
)

// Start starts binary with the platform's environment and env ("NAME=value") in
// it, in the binary's folder. The process is killed when the test ends.
func Start(t testing.TB, binary string, env []string, o Options) *Instance {
	t.Helper()
	binary, err := filepath.Abs(binary)
	if err != nil {
		t.Fatal(err)
	}
	dir, handler := filepath.Split(binary)
	api := &runtimeAPI{
		opts:      o.withDefaults(),
		handler:   handler,
		violation: t.Errorf,
		firstNext: make(chan time.Duration, 1),
		queue:     make(chan *call),
		gone:      make(chan struct{}),
	}
	server := httptest.NewServer(api.routes())
	t.Cleanup(server.Close)

	logs := t.TempDir()
	environ := api.opts.environ(server.Listener.Addr().String(), dir, handler, filepath.Base(logs), env)
	api.starting()
	proc, err := startProcess(binary, environ, logs)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-proc.exited
		close(api.gone)
	}()
	in := &Instance{t: t, api: api, proc: proc, turn: make(chan struct{}, 1)}
	in.turn <- struct{}{}
	t.Cleanup(in.Kill) // before the server closes, which waits for the long poll
	return in
}

// Invoke hands event to the process and waits for the answer. An error the
// function answered with is in the Result. The error is [ErrTimeout] or
// [ErrExited], after which the instance is dead, or the context's own, when the
// process did not even ask for work.
func (in *Instance) Invoke(ctx context.Context, event []byte) (Result, error) {
	return in.Do(ctx, Invocation{Event: event})
}

// Do is [Instance.Invoke] for the odd invocation: a retry, other credentials,
// broken headers.
func (in *Instance) Do(ctx context.Context, inv Invocation) (Result, error) {
	select {
	case <-in.turn:
		defer func() { in.turn <- struct{}{} }()
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}

	c := newCall(inv)
	select {
	case in.api.queue <- c:
	case <-in.proc.exited:
		return Result{}, ErrExited
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	<-c.taken
	return in.await(c)
}

// await waits for the answer until the deadline, where it kills. The test's own
// context does not count here: the platform has none either.
func (in *Instance) await(c *call) (Result, error) {
	res := Result{RequestID: c.requestID}
	deadline := time.NewTimer(time.Until(c.handed.Add(in.api.opts.Timeout)))
	defer deadline.Stop()
	select {
	case ans := <-c.answer:
		res.Body, res.Error, res.Took = ans.body, ans.err, ans.at.Sub(c.handed)
		return res, nil
	case <-deadline.C:
		in.Kill()
		res.Took = time.Since(c.handed)
		return res, ErrTimeout
	case <-in.proc.exited:
		res.Took = time.Since(c.handed)
		return res, in.lastAnswer(c, &res)
	}
}

// lastAnswer prefers an answer that was posted just before the process ended.
func (in *Instance) lastAnswer(c *call, res *Result) error {
	select {
	case ans := <-c.answer:
		res.Body, res.Error, res.Took = ans.body, ans.err, ans.at.Sub(c.handed)
		return nil
	default:
		return ErrExited
	}
}

// Kill ends the process at once, as the platform does (SIGKILL), and waits until
// it is gone.
func (in *Instance) Kill() {
	in.proc.kill()
	<-in.proc.exited
}

// FirstNext is the time from process start to its first question for work: the
// cold start without the platform's share. It waits for that question.
func (in *Instance) FirstNext() time.Duration {
	in.t.Helper()
	select {
	case d := <-in.api.firstNext:
		in.api.firstNext <- d // for the next caller
		return d
	case <-in.proc.exited:
		_, stderr := in.Logs()
		in.t.Fatalf("the process ended without asking for work: %s", stderr)
		return 0
	}
}

// Logs is everything the process wrote so far; what it wrote before it answered
// is always in it.
func (in *Instance) Logs() (stdout, stderr string) {
	in.t.Helper()
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			in.t.Fatal(err)
		}
		return string(data)
	}
	return read(in.proc.stdout), read(in.proc.stderr)
}

// PeakRSS is the most memory the living process ever had resident, in bytes. It
// needs Linux; a child's rusage would count the test's own memory in.
func (in *Instance) PeakRSS() (int64, error) { return in.proc.peakRSS() }
