package cli

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// For people the log is words, without colours, and what stdout shows them is not
// said again; in a file it is JSON, whoever reads the other one.
func TestLogForWhom(t *testing.T) {
	for _, s := range []struct {
		outTTY, errTTY bool
		flag           string
		out, err       string // how stdout begins; what stderr holds
	}{
		{true, true, "", "", "Needs attention (api_denied): API error Forbidden.RAM"}, // no summary of nothing
		{true, true, "-json", `{"action":"poll"`, "error API error Forbidden.RAM"},
		{true, true, "-quiet", "", "error API error Forbidden.RAM"},
		{false, true, "", `{"action":"poll"`, "error API error Forbidden.RAM"},
		{true, false, "", "Needs attention (api_denied): API error Forbidden.RAM", `{"time":"`},
		{false, false, "", `{"action":"poll"`, `{"time":"`},
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
		sh := Shell{Out: &out, Err: &stderr, OutTTY: s.outTTY, ErrTTY: s.errTTY, Getenv: func(name string) string { return env[name] }}
		args := slices.DeleteFunc([]string{"poll", "-dry-run", s.flag}, func(arg string) bool { return arg == "" })
		if code := Run(t.Context(), args, sh); code != 1 {
			t.Errorf("exit code %d", code)
		}
		if !strings.HasPrefix(out.String(), s.out) || !strings.Contains(stderr.String(), s.err) || s.out == "" && out.Len() > 0 {
			t.Errorf("%+v:\nstdout: %s\nstderr: %s", s, &out, &stderr)
		}
		if n := strings.Count(stderr.String(), "Forbidden.RAM"); n != 1 && s.errTTY {
			t.Errorf("%+v: stderr says %d times why it failed:\n%s", s, n, &stderr)
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
		want := now + "  something changed\n" + now + " warn  not delivered yet: sink ops, http.status 503, http.reason two; lines[31m\n"
		if out.String() != want {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
	})
}

// From the command line it is a line on stderr and exit code 1.
func TestPanicOfACommand(t *testing.T) {
	var out, err bytes.Buffer
	getenv := func(string) string { panic("xoxb-panic") }
	if code := Run(t.Context(), []string{"poll"}, Shell{Out: &out, Err: &err, Getenv: getenv}); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(err.String(), "refreshwatch: internal error: a string") {
		t.Errorf("said %s", err.String())
	}
	if said := err.String() + out.String(); strings.Contains(said, "xoxb-panic") {
		t.Error(said)
	}
}

func rowKey(i int) poller.Key {
	return poller.Key{TaskID: fmt.Sprint(1000 + i), ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%d.mp4", i)}
}

// The next step is a sentence of its own, whatever stands behind it.
func TestLogHint(t *testing.T) {
	for want, attrs := range map[string][]any{
		"held back: sinks [a b], tasks 3. Fix them": {"sinks", []string{"a", "b"}, "hint", "Fix them", "tasks", 3},
		"held back. Fix them":                       {"hint", "Fix them"},
		"held back: tasks 3\n":                      {"tasks", 3},
		"held back: from 2026-11-20T00:00:00Z\n":    {"from", time.Date(2026, 11, 20, 0, 0, 0, 99, time.UTC)},
	} {
		var out bytes.Buffer
		newLog(&out, slog.LevelInfo, true).Warn("held back", attrs...)
		if !strings.Contains(out.String(), want) {
			t.Errorf("got %swant %s", &out, want)
		}
	}
}
