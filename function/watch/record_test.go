package watch

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// A store that refuses every write is asked a few times, not until the deadline,
// and nothing is notified that could not be recorded.
func TestStoreThatRefusesEveryWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(time.Second)})
		time.Sleep(time.Minute)
		p, writes := w.process(), 0
		p.fault = func(op string) effect {
			if op == "store create" {
				writes++
				return failed
			}
			return fine
		}
		began := time.Now()
		_, err, _ := p.run(Request{Action: ActionPoll}, func(a *App) { a.NotifyFirst = true })
		if Code(err) != CodeCheckpoint || writes != writeTries {
			t.Errorf("%d writes, error %v; want %d and a checkpoint error", writes, err, writeTries)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %s", took)
		}
		if notified := w.sinks[0].notified[key(1)]; notified != 0 {
			t.Errorf("notified %d times without a record", notified)
		}
	})
}

// Whoever asks for more than the API keeps is notified so.
func TestBackfillSaysWhatTheAPIForgot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for since, want := range map[string]bool{"5d": true, "72h": false, "1h": false} {
			w := newWorld(t, "hook")
			var log bytes.Buffer
			w.do(Request{Action: ActionBackfill, Since: since}, func(a *App) { a.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			if got := strings.Contains(log.String(), "the window begins before the API's three days"); got != want {
				t.Errorf("since %s: warned is %v:\n%s", since, got, &log)
			}
		}
	})
}

// A store that refuses every write as existing, and shows nothing newer, is broken: that
// is no concurrent run, and no success.
func TestConflictWithNobodyIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		w.add(apitest.Task{Key: key(0), Created: time.Now(), Steps: apitest.Finish(time.Minute)})
		p := w.process()
		refuse := func(op checkpointtest.Op) checkpointtest.Fault {
			if op.Verb == "create" {
				return checkpointtest.Fault{Err: checkpoint.ErrConflict}
			}
			return checkpointtest.Fault{}
		}
		p.mem = w.store.Process(refuse)
		report, err, _ := p.run(Request{Action: ActionPoll})
		if Code(err) != CodeCheckpoint || report.Conflict || !strings.Contains(err.Error(), "CHECKPOINT") {
			t.Errorf("conflict %v, %v; want an error of code %s that names CHECKPOINT", report.Conflict, err, CodeCheckpoint)
		}
	})
}

// The 33rd sink takes over the bit of one that is not used, and nothing of what that one was
// notified of: else a backfill would leave the new sink out.
func TestATakenOverBitForgets(t *testing.T) {
	var names []string
	for i := range 32 {
		names = append(names, fmt.Sprint("sink-", i))
	}
	d := Document{Sinks: names, Poller: poller.State{Finished: poller.Records{{Hash: 1, Sinks: poller.AllSinks}}}}
	names = append(slices.Delete(slices.Clone(names), 4, 5), "new")
	d, err := d.withSinks(names)
	if err != nil || d.Sinks[4] != "new" || d.Poller.Finished[0].Sinks != poller.AllSinks&^(1<<4) {
		t.Errorf("%v, sinks %v, remembered %b", err, d.Sinks, d.Poller.Finished[0].Sinks)
	}
}
