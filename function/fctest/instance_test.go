package fctest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The function under test of these tests: see testdata/echo.
type echo struct {
	Text    string
	PID     int
	Count   int64
	Active  int64
	Env     []string
	Dir     string
	Left    time.Duration
	Context fccontext.FcContext
}

func TestInstance(t *testing.T) {
	binary := Build(t, filepath.Join("testdata", "echo"))
	for _, tt := range []struct {
		name string
		test func(t *testing.T, binary string)
	}{
		{"hand-over", testHandOver},
		{"environment", testEnvironment},
		{"warm starts", testWarm},
		{"one at a time", testOneAtATime},
		{"overlapping instances", testOverlap},
		{"errors", testErrors},
		{"exit", testExit},
		{"killed at the deadline", testDeadline},
		{"without a deadline", testNoDeadline},
		{"never asks for work", testMute},
		{"big event and answer", testBig},
		{"measurements", testMeasurements},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, binary)
		})
	}
}

// say lets the function do something and returns its answer.
func say(t *testing.T, in *Instance, do, text string) echo {
	t.Helper()
	return sayInv(t, in, Invocation{Event: event(do, text)})
}

func sayInv(t *testing.T, in *Instance, inv Invocation) echo {
	t.Helper()
	res, err := in.Do(t.Context(), inv)
	if err != nil {
		t.Fatal(err)
	}
	if res.Error != nil {
		t.Fatalf("function error: %+v", res.Error)
	}
	var e echo
	if err := json.Unmarshal(res.Body, &e); err != nil {
		t.Fatal(err)
	}
	if e.Context.RequestID != res.RequestID || res.RequestID == "" {
		t.Errorf("request id %q in the function, %q in the result", e.Context.RequestID, res.RequestID)
	}
	return e
}

func event(do, text string) []byte {
	raw, _ := json.Marshal(map[string]string{"do": do, "text": text}) // strings always encode
	return raw
}

func testHandOver(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{
		Timeout: 2500 * time.Millisecond, MemoryMB: 256, Name: "watch", Region: "cn-beijing", AccountID: "42",
		Credentials: Credentials{"id", "secret", "token"},
	})
	got := sayInv(t, in, Invocation{Event: event("notify", "hello"), RetryCount: 2})
	if got.Text != "hello" {
		t.Errorf("text %q", got.Text)
	}
	if got.Left <= 0 || got.Left > 2500*time.Millisecond {
		t.Errorf("%v left until the deadline", got.Left)
	}
	want := fccontext.FcContext{
		Credentials: fccontext.Credentials{AccessKeyId: "id", AccessKeySecret: "secret", SecurityToken: "token"},
		Function:    fccontext.Function{Name: "watch", Handler: "refreshwatch", Memory: "256", Timeout: 3},
		Service:     fccontext.Service{Qualifier: "LATEST", VersionId: "LATEST"},
		Region:      "cn-beijing", AccountId: "42", RetryCount: 2,
	}
	ignore := cmp.Options{
		cmpopts.IgnoreUnexported(fccontext.FcContext{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(fccontext.FcContext{}, "RequestID"),
	}
	if diff := cmp.Diff(want, got.Context, ignore); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
}

func testEnvironment(t *testing.T, binary string) {
	in := Start(t, binary, []string{"CHECKPOINT=file:///x", "FC_REGION=cn-beijing"}, Options{Region: "cn-shanghai"})
	got := say(t, in, "notify", "")
	var names []string
	values := map[string]string{}
	for _, entry := range got.Env {
		name, value, _ := strings.Cut(entry, "=")
		names, values[name] = append(names, name), value
	}
	want := []string{
		"PATH", "FC_RUNTIME_API", "FC_FUNC_CODE_PATH", "FC_ACCOUNT_ID", "FC_FUNCTION_HANDLER",
		"FC_FUNCTION_MEMORY_SIZE", "FC_FUNCTION_NAME", "FC_REGION", "FC_INSTANCE_ID", "FC_FUNCTION_VERSION",
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN",
		"CHECKPOINT",
	}
	if diff := cmp.Diff(want, names, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if values["FC_REGION"] != "cn-beijing" {
		t.Errorf("the deployment's variable does not win: %q", values["FC_REGION"])
	}
	if strings.Contains(values["ALIBABA_CLOUD_ACCESS_KEY_ID"], got.Context.Credentials.AccessKeyId) {
		t.Error("the environment's key is the invocation's")
	}
	if want, _ := filepath.EvalSymlinks(filepath.Dir(binary)); got.Dir != want {
		t.Errorf("working folder %s, want %s", got.Dir, want)
	}
}

func testWarm(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{})
	first := say(t, in, "notify", "")
	second := sayInv(t, in, Invocation{Event: event("notify", ""), Credentials: &Credentials{"fresh", "s", "t"}})
	if first.PID != second.PID || first.Count != 1 || second.Count != 2 {
		t.Errorf("process %d, %d then %d, %d; want the same one twice", first.PID, first.Count, second.PID, second.Count)
	}
	if first.Context.RequestID == second.Context.RequestID {
		t.Errorf("request id %s twice", first.Context.RequestID)
	}
	if got := second.Context.Credentials.AccessKeyId; got != "fresh" {
		t.Errorf("key %q in the second invocation", got)
	}
}

func testOneAtATime(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{})
	answers := make(chan Result)
	for range 16 {
		go func() {
			res, _ := in.Invoke(t.Context(), event("notify", "")) // no body notifies about below
			answers <- res
		}()
	}
	for range 16 {
		var e echo
		if err := json.Unmarshal((<-answers).Body, &e); err != nil {
			t.Fatal(err)
		}
		if e.Active != 1 {
			t.Errorf("%d invocations at a time", e.Active)
		}
	}
}

func testOverlap(t *testing.T, binary string) {
	stuck, other := Start(t, binary, nil, Options{Timeout: time.Hour}), Start(t, binary, nil, Options{})
	outcome := make(chan error)
	go func() {
		_, err := stuck.Invoke(t.Context(), event("hang", ""))
		outcome <- err
	}()
	say(t, other, "notify", "")
	stuck.Kill()
	if err := <-outcome; !errors.Is(err, ErrExited) {
		t.Errorf("killed in an invocation: %v", err)
	}
	say(t, other, "notify", "")
}

func testErrors(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{})
	for _, tt := range []struct{ do, wantType string }{
		{"error", "errorString"},
		{"code", "CredentialsDenied"},
		{"panic", "string"},
	} {
		res, err := in.Invoke(t.Context(), event(tt.do, "broken"))
		if err != nil || res.Error == nil {
			t.Fatalf("%s: %+v, %v", tt.do, res, err)
		}
		if res.Body != nil || res.Error.Message != "broken" || res.Error.Type != tt.wantType {
			t.Errorf("%s: %+v", tt.do, res.Error)
		}
		if (len(res.Error.Stack) > 0) != (tt.do == "panic") {
			t.Errorf("%s: stack %v", tt.do, res.Error.Stack)
		}
	}
	if got := say(t, in, "notify", "still here"); got.Count != 4 {
		t.Errorf("invocation %d of the process, want 4", got.Count)
	}
}

func testExit(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{})
	for range 2 { // the second one finds nobody
		if res, err := in.Invoke(t.Context(), event("exit", "")); !errors.Is(err, ErrExited) {
			t.Errorf("%+v, %v", res, err)
		}
	}
}

func testDeadline(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{Timeout: 2 * time.Second})
	say(t, in, "notify", "warm")
	res, err := in.Invoke(t.Context(), event("hang", ""))
	if !errors.Is(err, ErrTimeout) {
		t.Fatalf("%+v, %v", res, err)
	}
	if res.Took < 2*time.Second {
		t.Errorf("killed after %v", res.Took)
	}
	if _, stderr := in.Logs(); !strings.Contains(stderr, "doing hang\n") {
		t.Errorf("stderr: %s", stderr)
	}
	if _, err := in.Invoke(t.Context(), event("notify", "")); !errors.Is(err, ErrExited) {
		t.Errorf("after the kill: %v", err)
	}
}

func testNoDeadline(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{Timeout: 2 * time.Second})
	_, err := in.Do(t.Context(), Invocation{
		Event:  event("notify", ""),
		Header: http.Header{"x-fc-function-deadline": nil},
	})
	if !errors.Is(err, ErrTimeout) {
		t.Fatal(err)
	}
	stdout, stderr := in.Logs()
	if !strings.Contains(stdout+stderr, "x-fc-function-deadline") {
		t.Errorf("the SDK did not miss it: %s%s", stdout, stderr)
	}
}

func testMute(t *testing.T, binary string) {
	in := Start(t, binary, []string{"ECHO_MUTE=1"}, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.Invoke(ctx, event("notify", "")); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func testBig(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{Timeout: time.Minute})
	text := strings.Repeat("x", 6<<20)
	if got := say(t, in, "notify", text); got.Text != text {
		t.Errorf("%d bytes came back of %d", len(got.Text), len(text))
	}
}

func testMeasurements(t *testing.T, binary string) {
	in := Start(t, binary, nil, Options{})
	if first := in.FirstNext(); first <= 0 || first != in.FirstNext() {
		t.Errorf("first next after %v, then %v", first, in.FirstNext())
	}
	if runtime.GOOS == "linux" {
		if rss, err := in.PeakRSS(); err != nil || rss < 1<<20 {
			t.Errorf("peak RSS %d: %v", rss, err)
		}
	}
	in.Kill()
	if rss, err := in.PeakRSS(); err == nil {
		t.Errorf("peak RSS %d of a dead process", rss)
	}
}
