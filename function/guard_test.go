package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// broken panics wherever it is asked, with words that must not be shown.
type broken struct{ checkpoint.Store }

const panicSecret = "xoxb-panic-secret"

func (broken) Load(context.Context) (checkpoint.Doc, error) { panic("token " + panicSecret) }
func (broken) List(context.Context, poller.Query, int) (poller.Page, error) {
	panic(errors.New(panicSecret))
}
func (broken) Send(context.Context, notifier.Delivery) error { panic(panicSecret) }

// On Function Compute a panic ends the run, not the process: the answer has a code,
// the log the place, and neither what was being worked on.
func TestPanicEndsTheRunOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Stuck(0)})
		var log bytes.Buffer
		m := w.machine(newLog(&log, slog.LevelInfo, false), nil)
		working := m.store
		m.store = broken{}
		ctx, stop := context.WithTimeout(t.Context(), runTimeout)
		defer stop()
		report, err := m.invoke(ctx, nil)
		if said := fmt.Sprintf("%+v", err); report != nil || !strings.Contains(said, `Type:"internal"`) || !strings.Contains(said, "internal error: a string") {
			t.Errorf("answered %v, %s", report, said)
		}
		if !strings.Contains(log.String(), "broken.Load") || !strings.Contains(log.String(), `"level":"ERROR"`) {
			t.Errorf("the log does not say where:\n%s", log.String())
		}
		leaks(t, log.String()+fmt.Sprintf("%+v", err), panicSecret)
		m.store = working
		if report, err := m.invoke(ctx, nil); err != nil || report.Fetched != 1 {
			t.Errorf("the next run: %+v, %v", report, err)
		}
	})
}

// Questions and messages are under way in goroutines of their own, where a panic
// would end the process. It is an answer that nobody can use; or a message given up,
// which holds up no other.
func TestPanicBesideTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops", "hook")
		w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(90 * time.Second)})
		w.poll()
		time.Sleep(2 * time.Minute)
		var log bytes.Buffer
		_, err, _ := w.process().run(Request{Action: ActionPoll}, func(a *App) {
			a.API = &watched{Lister: broken{}, log: newLog(&log, slog.LevelInfo, false)}
		})
		if codeOf(err) != CodeAPIUnavailable || !strings.Contains(log.String(), "broken.List") {
			t.Errorf("the API's: %v, log %s", err, log.String())
		}
		report, err, _ := w.process().run(Request{Action: ActionPoll}, func(a *App) { a.Channels[0].Sink = broken{} })
		if codeOf(err) != CodeDead || report.Sent != 1 || report.Dead != 1 || w.sinks[1].told[key(1)] != 1 {
			t.Errorf("the sink's: %+v, %v", report, err)
		}
		leaks(t, fmt.Sprintf("%v %+v %s %v", err, w.head(), log.String(), w.head().Outbox.Dead[0].LastError), panicSecret)
		if report := w.do(Request{Action: ActionRedrive}); report.Sent != 1 || w.sinks[0].told[key(1)] != 1 {
			t.Errorf("redriven: %+v", report)
		}
	})
}

// From the command line it is a line on stderr and exit code 1.
func TestPanicOfACommand(t *testing.T) {
	var out, err bytes.Buffer
	getenv := func(string) string { panic(panicSecret) }
	if code := command(t.Context(), []string{"poll"}, shell{out: &out, err: &err, getenv: getenv}); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(err.String(), "refreshwatch: internal error: a string") {
		t.Errorf("said %s", err.String())
	}
	leaks(t, err.String()+out.String(), panicSecret)
}
