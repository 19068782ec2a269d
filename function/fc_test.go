package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"refreshwatch/function/fctest"
	"refreshwatch/function/watch"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// The binary as it is deployed, started as Function Compute starts it: the timer's
// event is answered with the report, signed with the invocation's credentials and
// not with those of the environment.
func TestFunctionCompute(t *testing.T) {
	role := fctest.Credentials{AccessKeyID: "STS.role-id", AccessKeySecret: "role-secret", SecurityToken: "role-token"}
	api := apitest.New(apitest.Options{AccessKeyID: role.AccessKeyID, Secret: role.AccessKeySecret, Token: role.SecurityToken})
	url, stop, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	receiver := &notifiertest.Receiver{WebhookSecret: hookSecret}
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()

	dir := t.TempDir()
	function := fctest.Start(t, fctest.Deployed(t), []string{
		"VOD_ENDPOINT=" + url, "CHECKPOINT=file://" + filepath.Join(dir, "state"),
		"WEBHOOK_URL=" + receiver.URL(notifiertest.Webhook), "WEBHOOK_SECRET=" + hookSecret,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=old-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=old-secret",
	}, fctest.Options{Timeout: 20 * time.Second, Credentials: role})
	invoke := func(event string) fctest.Result {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		result, err := function.Invoke(ctx, []byte(event))
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	report := func(event string) (r watch.Report) {
		t.Helper()
		result := invoke(event)
		if result.Error != nil {
			t.Fatalf("%s: %+v", event, result.Error)
		}
		d := json.NewDecoder(bytes.NewReader(result.Body))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("the answer %s is no report: %v", result.Body, err)
		}
		return r
	}

	task := poller.Key{TaskID: "7", ObjectType: "preload", ObjectPath: "https://cdn.example.com/live.m3u8"}
	if err := api.Add(apitest.Task{Key: task, Created: time.Now().Add(-time.Minute), Steps: apitest.Stuck(time.Second)}); err != nil {
		t.Fatal(err)
	}
	const tick = `{"triggerTime":"2026-11-23T07:49:00Z","triggerName":"tick","payload":""}`
	if r := report(tick); r.Action != "poll" || r.InFlight != 1 || r.New != 0 {
		t.Errorf("first tick: %+v", r)
	}
	if err := api.Set(task, poller.Complete, "100%", ""); err != nil {
		t.Fatal(err)
	}
	if r := report(tick); r.New != 1 || r.Sent != 1 || r.InFlight != 0 {
		t.Errorf("second tick: %+v", r)
	}
	if got := len(receiver.Arrived()); got != 1 {
		t.Errorf("%d messages arrived, want 1", got)
	}

	r := report(`{"action":"check"}`)
	if want := "a temporary key of account 1234567890123456, from the invocation"; r.Checks[0].Detail != want {
		t.Errorf("check says %s, want %s", r.Checks[0].Detail, want)
	}
	if want := `Next: s invoke -e '{"action":"check","post":true}' sends a test message to every sink`; !strings.HasSuffix(r.Verdict, want) {
		t.Errorf("check ends with %s, want %s", r.Verdict, want)
	}

	if r := invoke(`{"action":"pol"}`); r.Error == nil || r.Error.Type != watch.CodeUsage || !strings.Contains(r.Error.Message, "Did you mean poll") {
		t.Errorf("a wrong action was answered with %+v", r)
	}
	denied := apitest.Refusals()[0]
	for _, f := range apitest.Refusals() {
		if f.Code == "OperationDenied" {
			denied = f
		}
	}
	api.Fault(denied.Times(1))
	if r := invoke(tick); r.Error == nil || r.Error.Type != watch.CodeAPIDenied {
		t.Errorf("a closed service was answered with %+v", r)
	}

	stdout, stderr := function.Logs()
	stored := ""
	filepath.Walk(dir, func(path string, _ os.FileInfo, _ error) error {
		text, _ := os.ReadFile(path)
		stored += string(text)
		return nil
	})
	for _, secret := range []string{role.AccessKeySecret, role.SecurityToken, hookSecret, "old-secret"} {
		if strings.Contains(stdout+stderr+stored, secret) {
			t.Errorf("the logs or the checkpoint hold a secret")
		}
	}
	if !strings.Contains(stderr, `"msg":"run"`) || !strings.Contains(stderr, `"request_id"`) {
		t.Errorf("the log lacks the summary of a run:\n%s", stderr)
	}
}

// A configuration that cannot be used is said by every invocation.
func TestFunctionComputeWithoutSinks(t *testing.T) {
	function := fctest.Start(t, fctest.Deployed(t), nil, fctest.Options{})
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	r, err := function.Invoke(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Error == nil || r.Error.Type != watch.CodeConfig || !strings.Contains(r.Error.Message, "CHECKPOINT: must be set") {
		t.Errorf("answered %+v", r)
	}
}

// The limit is the instance's, unless the operator has set one.
func TestMemoryLimit(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for _, c := range []struct {
		size, own string
		want      int64
	}{{"", "", before}, {"many", "", before}, {"128", "90MiB", before}, {"128", "", 80 << 20}, {"1024", "", 640 << 20}} {
		debug.SetMemoryLimit(before)
		limitMemory(func(name string) string {
			return map[string]string{"FC_FUNCTION_MEMORY_SIZE": c.size, "GOMEMLIMIT": c.own}[name]
		})
		if got := debug.SetMemoryLimit(-1); got != c.want {
			t.Errorf("of %q MB, GOMEMLIMIT %q: limit %d, want %d", c.size, c.own, got, c.want)
		}
	}
}

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestMain(m *testing.M) {
	code := m.Run()
	fctest.RemoveDeployed()
	os.Exit(code)
}
