package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"refreshwatch/notifier"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// Each invocation leaves one line with the report's fields and the request id. Its
// level says who has something to do.
func TestOneSummaryLineARun(t *testing.T) {
	for _, run := range []struct {
		name   string
		event  string
		change func(*world)
		level  string
		code   string
	}{
		{"a poll", "", nil, "INFO", ""},
		{"a backfill", `{"action":"backfill"}`, nil, "INFO", ""},
		{"a redrive", `{"action":"redrive"}`, nil, "INFO", ""},
		{"status", `{"action":"status"}`, nil, "INFO", ""},
		{"check", `{"action":"check"}`, nil, "INFO", ""},
		{"a sink is down", "", func(w *world) {
			w.sinks[0].verdict = func(notifier.Delivery) error { return &notifier.Error{Class: notifier.Later, Code: "http_503"} }
		}, "WARN", ""},
		{"throttled", "", func(w *world) { w.api.Fault(apitest.Throttling()) }, "WARN", CodeAPIUnavailable},
		{"denied", "", func(w *world) { w.api.Fault(apitest.NoPermission()) }, "ERROR", CodeAPIDenied},
		{"check denied", `{"action":"check"}`, func(w *world) { w.api.Fault(apitest.NoPermission()) }, "ERROR", CodeCheck},
		{"a sink refuses", "", func(w *world) {
			w.sinks[0].verdict = func(notifier.Delivery) error { return &notifier.Error{Class: notifier.Refused, Code: "gone"} }
		}, "ERROR", CodeDead},
	} {
		t.Run(run.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "hook")
				w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(30 * time.Second)})
				w.poll()
				time.Sleep(time.Minute)
				if run.change != nil {
					run.change(w)
				}
				var log bytes.Buffer
				m := w.machine(newLog(&log, slog.LevelInfo, false), nil)
				ctx, stop := context.WithTimeout(t.Context(), runTimeout)
				defer stop()
				fctx := &fccontext.FcContext{RequestID: "1-request-id"}
				fctx.Credentials.AccessKeyId, fctx.Credentials.AccessKeySecret = apitest.AccessKeyID, apitest.Secret
				m.invoke(fccontext.NewContext(ctx, fctx), []byte(run.event))
				line := summaryLine(t, log.String())
				if line["level"] != run.level || line["request_id"] != "1-request-id" || line["code"] != nil && line["code"] != run.code {
					t.Errorf("level %v, want %v; code %v, want %v; request %v", line["level"], run.level, line["code"], run.code, line["request_id"])
				}
				for field := range reportFields(t) {
					if _, ok := line[field]; !ok {
						t.Errorf("the line lacks %s", field)
					}
				}
			})
		})
	}
}

// summaryLine is the log's only summary; every line of the log is JSON.
func summaryLine(t *testing.T, log string) (summary map[string]any) {
	t.Helper()
	for line := range strings.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		if fields["msg"] == "run" {
			if summary != nil {
				t.Errorf("a second summary: %s", line)
			}
			summary = fields
		}
	}
	if summary == nil {
		t.Fatalf("no summary in %s", log)
	}
	return summary
}

// reportFields are those that each report has, but for its gap, which is two in the
// log.
func reportFields(t *testing.T) map[string]any {
	text, err := json.Marshal(Report{})
	var fields map[string]any
	if err := errors.Join(err, json.Unmarshal(text, &fields)); err != nil {
		t.Fatal(err)
	}
	delete(fields, "gap")
	return fields
}

// A store that asks for a person is an error in the log; one that is away is not.
func TestSeverityOfStores(t *testing.T) {
	away := storeError("load checkpoint", context.DeadlineExceeded)
	denied := storeError("load checkpoint", &checkpoint.Error{Err: errFault, Hint: "Grant oss:GetObject."})
	if got := []slog.Level{severity(Report{}, away), severity(Report{}, denied)}; !slices.Equal(got, []slog.Level{slog.LevelWarn, slog.LevelError}) {
		t.Errorf("%v", got)
	}
}

// For people the log is words, without colours, and what stdout tells them is not
// said again; in a file it is JSON, whoever reads the other one.
func TestLogForWhom(t *testing.T) {
	for _, s := range []struct {
		outTTY, errTTY bool
		out, err       string // how they begin; "" for nothing at all
	}{
		{true, true, "Needs attention: API error Forbidden.RAM", ""},
		{false, true, `{"action":"poll"`, ": action poll, run "},
		{true, false, "Needs attention: API error Forbidden.RAM", `{"time":"`},
		{false, false, `{"action":"poll"`, `{"time":"`},
	} {
		api := apitest.New(apitest.Options{})
		endpoint, stop, err := api.Start()
		if err != nil {
			t.Fatal(err)
		}
		api.Fault(apitest.NoPermission())
		env := map[string]string{
			"VOD_ENDPOINT": endpoint, "CHECKPOINT": "file://" + t.TempDir(), "WEBHOOK_URL": "http://127.0.0.1:1/",
			"ALIBABA_CLOUD_ACCESS_KEY_ID": apitest.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": apitest.Secret,
		}
		var out, stderr bytes.Buffer
		sh := shell{out: &out, err: &stderr, outTTY: s.outTTY, errTTY: s.errTTY, getenv: func(name string) string { return env[name] }}
		if code := command(t.Context(), []string{"poll", "-dry-run"}, sh); code != 1 {
			t.Errorf("exit code %d", code)
		}
		if !strings.HasPrefix(out.String(), s.out) || !strings.Contains(stderr.String(), s.err) || s.err == "" && stderr.Len() > 0 {
			t.Errorf("%+v:\nstdout: %s\nstderr: %s", s, &out, &stderr)
		}
		if strings.Contains(out.String()+stderr.String(), "\x1b[3") {
			t.Errorf("%+v: colours", s)
		}
		stop()
	}
}

func TestPlainLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := newLog(&out, slog.LevelInfo, true)
		log.Debug("not shown")
		log.Info("something changed")
		log.With("sink", "ops").WithGroup("http").Warn("not delivered yet", "status", 503, "reason", errors.New("two\nlines\x1b[31m"))
		now := time.Now().Format(time.TimeOnly)
		want := now + "  something changed\n" + now + " warn  not delivered yet: sink ops, http.status 503, http.reason two; lines?[31m\n"
		if out.String() != want {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
	})
}

// A long run says how far it is on one line, which gives way to what is printed and
// leaves nothing behind; a short run says nothing.
func TestProgress(t *testing.T) {
	for _, rows := range []int{3, 400} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "hook")
			for i := range rows {
				w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Hour), Steps: apitest.Finish(0)})
			}
			var line, out bytes.Buffer
			m := w.machine(w.log, nil)
			m.screen = &screen{line: &line, began: time.Now()}
			ctx, stop := context.WithTimeout(t.Context(), runTimeout)
			defer stop()
			if _, err := m.run(ctx, Request{Action: ActionBackfill, DryRun: true}, w.log); err != nil {
				t.Fatal(err)
			}
			shown := line.String()
			if rows < 50 {
				if shown != "" {
					t.Errorf("a short run showed %q", shown)
				}
				return
			}
			if !strings.Contains(shown, "\r\x1b[K7 pages answered …") || !strings.Contains(shown, "400 finished, 0 messages sent …") {
				t.Errorf("showed %q", shown)
			}
			m.screen.above(&out).Write([]byte("a message\n"))
			if rest := strings.TrimPrefix(line.String(), shown); rest != "\r\x1b[K" || out.String() != "a message\n" {
				t.Errorf("gave way with %q", rest)
			}
			if m.screen.clear(); !strings.HasSuffix(line.String(), "…\r\x1b[K") {
				t.Errorf("left %q behind", line.String())
			}
		})
	}
}
