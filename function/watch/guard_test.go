package watch

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

	"refreshwatch/notifier/sink"
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
func (broken) Send(context.Context, sink.Message) error { panic(panicSecret) }

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
			a.API = &Guarded{Lister: broken{}, Log: slog.New(slog.NewJSONHandler(&log, nil))}
		})
		if Code(err) != CodeAPIUnavailable || !strings.Contains(log.String(), "broken.List") {
			t.Errorf("the API's: %v, log %s", err, log.String())
		}
		report, err, _ := w.process().run(Request{Action: ActionPoll}, func(a *App) { a.Targets[0].Sink = broken{} })
		if Code(err) != CodeDead || report.Sent != 1 || report.Dead != 1 || w.sinks[1].notified[key(1)] != 1 {
			t.Errorf("the sink's: %+v, %v", report, err)
		}
		leaks(t, fmt.Sprintf("%v %+v %s %v", err, w.head(), log.String(), w.head().Outbox.Dead[0].LastError), panicSecret)
		if report := w.do(Request{Action: ActionRedrive}); report.Sent != 1 || w.sinks[0].notified[key(1)] != 1 {
			t.Errorf("redriven: %+v", report)
		}
	})
}
