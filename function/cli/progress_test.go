package cli

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// backfillWith runs a dry backfill of so many rows on an API that answers a page in 1.5
// seconds.
func backfillWith(t *testing.T, rows int, p *progress) {
	t.Helper()
	api := apitest.New(apitest.Options{Latency: 1500 * time.Millisecond})
	for i := range rows {
		if err := api.Add(apitest.Task{Key: rowKey(i), Created: time.Now().Add(-time.Hour - time.Duration(i)*time.Second), Steps: apitest.Finish(0)}); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	app := &watch.App{
		API:   &watch.Guarded{Lister: api.Lister(1500 * time.Millisecond), Log: log, Answered: p.answered},
		Store: checkpointtest.NewMem(), QPS: 4, Log: log, Progress: p.partDone,
		Targets: []notifier.Target{{Name: "hook"}}, Routes: notifier.Routes{{To: []string{"hook"}}},
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	if _, err := app.Run(ctx, watch.Request{Action: watch.ActionBackfill, DryRun: true}); err != nil {
		t.Fatal(err)
	}
}

// A long run says how far it is on one line, which gives way to what is printed and
// leaves nothing behind.
func TestProgressOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line, out bytes.Buffer
		s := &screen{line: &line, columns: 80}
		backfillWith(t, 7800, newProgress(Shell{}, s, nil))
		shown := line.String()
		lines := strings.Split(shown, "\r\x1b[K")
		if lines[1] != "1 of 156 pages · 50 of 7,800 tasks" {
			t.Errorf("showed first %q", lines[1])
		}
		if last := lines[len(lines)-1]; !strings.HasSuffix(last, " pages · 7,800 of 7,800 tasks") {
			t.Errorf("showed last %q", last)
		}
		if !strings.Contains(shown, " s left") {
			t.Errorf("never said how long yet: %q", shown)
		}
		s.above(&out).Write([]byte("a message\n"))
		if rest := strings.TrimPrefix(line.String(), shown); rest != "\r\x1b[K" || out.String() != "a message\n" {
			t.Errorf("gave way with %q", rest)
		}
		s.show(strings.Repeat("x", 100))
		if _, last, _ := strings.Cut(line.String()[len(shown):], "x"); columnsOf("x"+last) >= 80 {
			t.Errorf("%d columns", columnsOf("x"+last))
		}
		if s.clear(); !strings.HasSuffix(line.String(), "\r\x1b[K") {
			t.Errorf("left %q behind", line.String())
		}
	})
}

// A short run shows nothing.
func TestProgressOfAShortRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line, log bytes.Buffer
		p := newProgress(Shell{}, &screen{line: &line}, nil)
		p.answered(poller.Query{}, poller.Page{Number: 1, Total: 3, Tasks: make([]poller.Task, 3)})
		p = newProgress(Shell{}, nil, slog.New(slog.NewTextHandler(&log, nil)))
		time.Sleep(progressEvery - time.Second)
		p.answered(poller.Query{}, poller.Page{Number: 1, Total: 3, Tasks: make([]poller.Task, 3)})
		if line.Len()+log.Len() > 0 {
			t.Errorf("showed %q, logged %q", &line, &log)
		}
	})
}

// Where nobody looks it is a line in the log every ten seconds.
func TestProgressInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		began := time.Now()
		backfillWith(t, 7800, newProgress(Shell{}, nil, slog.New(slog.NewJSONHandler(&log, nil))))
		took := time.Since(began)
		n := strings.Count(log.String(), `"msg":"reading"`)
		if most := int(took / progressEvery); n < most/2 || n > most || n == 0 {
			t.Errorf("%d lines in %v:\n%s", n, took, &log)
		}
		if !strings.Contains(log.String(), `"of_tasks":7800,"left_s":`) {
			t.Errorf("logged %s", &log)
		}
	})
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 7800: "7,800", 123456: "123,456", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}
