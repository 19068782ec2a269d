package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// finished adds rows that are over within a second.
func (w *world) finished(first, n int) {
	w.t.Helper()
	for i := range n {
		w.add(apitest.Task{Key: key(first + i), Created: time.Now(), Steps: apitest.Finish(time.Second)})
	}
	time.Sleep(2 * time.Second)
}

// refuses is a sink that says no for good, such as an archived channel.
func refuses(sink.Message) error {
	return &sink.Error{Class: sink.Refused, Code: "is_archived", Err: errFault, Hint: "Choose another channel"}
}

// A refusal for good makes the delivery dead at once: the run needs a person, the
// other sink does not notice, and redrive notifies about what was held back.
func TestRefusedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops", "hook")
		w.poll()
		time.Sleep(time.Minute)
		ops := w.sinks[0]
		ops.verdict = refuses
		for n := range 3 {
			w.finished(n, 1)
			report, err, _ := w.process().run(Request{Action: ActionPoll})
			if Code(err) != CodeDead || report.Dead != n+1 || report.Sent != 1 || report.Retrying != 0 {
				t.Errorf("tick %d: %+v, %v; want code %s and a dead delivery more", n, report, err, CodeDead)
			}
			for _, want := range []string{"is_archived", "Choose another channel", "redrive", "ops"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
			time.Sleep(time.Minute)
		}
		if before, _, _ := w.process().run(Request{Action: ActionPoll}); before.Sent+before.New > 0 {
			t.Errorf("a dead delivery was tried again: %+v", before)
		}
		w.notifiedStatus(3)

		report, err, _ := w.process().run(Request{Action: ActionRedrive})
		if Code(err) != CodeDead || report.Dead != 3 || report.Sent != 0 {
			t.Errorf("redrive without fixing: %+v, %v", report, err)
		}
		dry := w.store.Writes()
		ops.verdict = nil
		report, err, _ = w.process().run(Request{Action: ActionRedrive, DryRun: true})
		if w.store.Writes() != dry || report.Sent != 0 || len(ops.notified) > 0 {
			t.Errorf("a dry redrive left a trace: %+v, %v", report, err)
		}
		if report, err, _ = w.process().run(Request{Action: ActionRedrive, Sinks: []string{"hook"}}); report.Sent != 0 || report.Dead != 3 {
			t.Errorf("redrive of another sink: %+v, %v", report, err)
		}
		if report = w.do(Request{Action: ActionRedrive}); report.Sent != 3 || report.Dead != 0 {
			t.Errorf("redrive: %+v, want 3 sent", report)
		}
		if again := w.do(Request{Action: ActionRedrive}); again.Sent != 0 {
			t.Errorf("a second redrive: %+v", again)
		}
		w.notifiedOnce(3)
	})
}

// notifiedStatus checks what status says while n deliveries are dead: to a script, and
// without a trace.
func (w *world) notifiedStatus(dead int) {
	w.t.Helper()
	p := w.process()
	writes := w.store.Writes()
	report, _, _ := p.run(Request{Action: ActionStatus})
	if report.Status == nil || len(report.Status.Dead) != dead || len(report.Status.Outbox) != 0 || report.Status.LastRun == nil {
		w.t.Fatalf("status: %+v", report.Status)
	}
	if d := report.Status.Dead[0]; d.Sink != "ops" || !strings.Contains(d.LastError, "is_archived") || len(d.Events) != 1 {
		w.t.Errorf("status says of a dead delivery: %+v", d)
	}
	if w.store.Writes() != writes || report.APICalls > 0 || len(p.sent()) > 0 {
		w.t.Error("status left a trace")
	}
	if _, err := json.Marshal(report); err != nil {
		w.t.Error(err)
	}
}

// A sink is down for a day while the timer ticks: nothing is lost, the attempts
// become rare, and the other sink is notified at once and once.
func TestSinkDownForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops", "hook")
		w.poll()
		time.Sleep(time.Minute)
		ops, hook := w.sinks[0], w.sinks[1]
		var attempts []time.Time // of the first delivery
		first := ""
		ops.verdict = func(d sink.Message) error {
			if first == "" {
				first = d.ID
			}
			if d.ID == first {
				attempts = append(attempts, time.Now())
			}
			return &sink.Error{Class: sink.Later, Code: "http_503", Err: errFault}
		}
		rows := 0
		for minute := range 24 * 60 {
			if minute%60 == 0 {
				w.finished(rows, 1)
				rows++
			}
			w.poll()
			if n := hook.notified[key(rows-1)]; n != 1 {
				t.Fatalf("minute %d: the other sink was notified %d times of the newest row", minute, n)
			}
			time.Sleep(time.Minute)
		}
		if n := len(attempts); n < 60 || n > 200 {
			t.Errorf("%d attempts in a day, want few but some", n)
		}
		if pause := attempts[len(attempts)-1].Sub(attempts[len(attempts)-4]); pause < 50*time.Minute {
			t.Errorf("the last pause was %v, want about an hour", pause)
		}
		ops.verdict = nil
		lag := w.poll().LagSeconds
		for range 62 {
			time.Sleep(time.Minute)
			w.poll()
		}
		if last := w.poll(); last.Retrying > 0 || lag < 22*3600 {
			t.Errorf("an hour after it came back: %+v; the lag was %d s", last, lag)
		}
		w.notifiedOnce(rows)
	})
}

// After a send whose outcome is unknown a sink that must never notify twice rather
// loses the message; the other sinks notify it again.
func TestOnUnknownDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops", "hook")
		w.poll()
		time.Sleep(time.Minute)
		w.finished(0, 1)
		p := w.process()
		met := map[string]int{}
		p.fault = func(op string) effect {
			if met[op]++; strings.HasPrefix(op, "send") && met[op] == 1 {
				return slow // it did not arrive, but nobody can know
			}
			return fine
		}
		report, err, _ := p.run(Request{Action: ActionPoll}, func(a *App) { a.Targets[0].Drop = true })
		if err != nil || report.Retrying+report.Dead > 0 {
			t.Errorf("%+v, %v", report, err)
		}
		for range 5 {
			time.Sleep(time.Minute)
			w.poll()
		}
		if ops, hook := w.sinks[0].notified[key(0)], w.sinks[1].notified[key(0)]; ops != 0 || hook != 1 {
			t.Errorf("the dropping sink was notified %d times, the other %d; want 0 and 1", ops, hook)
		}
	})
}

// Once the outbox is full the poll does not go on: what it could not take down is
// notified when there is room again, and nothing is dropped.
func TestOutboxIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("much work that the plain run does: left out where only races are looked for")
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		w.poll()
		time.Sleep(time.Minute)
		ops := w.sinks[0]
		ops.verdict = refuses
		rows := notifier.MaxBytes/notifier.EventBytes(poller.Event{Task: poller.Task{Key: key(0), Process: "100%"}}) + 300
		for i := range rows { // many under each task id
			k := key(i)
			k.TaskID = fmt.Sprint(i / 2000)
			w.add(apitest.Task{Key: k, Created: time.Now().Add(time.Duration(i) * time.Second / 500), Steps: apitest.Finish(0)})
		}
		time.Sleep(2 * time.Minute)
		quick := func(a *App) { a.QPS = 1000 }
		for n := range 2 {
			report, err, _ := w.process().run(Request{Action: ActionPoll}, quick)
			d := w.head()
			size, events := d.Outbox.BytesFor("ops"), 0
			for _, dead := range d.Outbox.Dead {
				events += len(dead.Events)
			}
			if Code(err) != CodeDead || !report.Truncated || report.Held == 0 || notifiedRows(d) != events || size < notifier.MaxBytes*9/10 || size > notifier.MaxBytes*11/10 {
				t.Fatalf("tick %d: %+v, %v; the outbox holds %d events in %d bytes, %d rows count as notified", n, report, err, events, size, notifiedRows(d))
			}
			if text, err := d.Encode(); err != nil || len(text) > notifier.MaxBytes*6/5 {
				t.Fatalf("tick %d: the document has %d bytes, %v", n, len(text), err)
			}
			time.Sleep(time.Minute)
		}
		ops.verdict = nil
		w.do(Request{Action: ActionRedrive}, quick)
		w.do(Request{Action: ActionPoll}, quick)
		notified := 0
		for _, n := range ops.notified {
			if n != 1 {
				t.Fatal("a row was notified twice")
			}
			notified += n
		}
		if notified != rows {
			t.Errorf("%d of %d rows were notified", notified, rows)
		}
	})
}

// A checkpoint that is damaged, newer, or gone after it was there stops the run;
// nothing is ever written over it.
func TestDamagedCheckpointIsNeverReplaced(t *testing.T) {
	for name, damage := range map[string]struct {
		do   func(w *world, head string, data []byte)
		code string
	}{
		"truncated":     {func(w *world, head string, data []byte) { w.store.Set(head, data[:len(data)/2]) }, CodeCheckpointCorrupt},
		"empty":         {func(w *world, head string, data []byte) { w.store.Set(head, []byte{}) }, CodeCheckpointCorrupt},
		"a bit flipped": {func(w *world, head string, data []byte) { data[len(data)-1] ^= 1; w.store.Set(head, data) }, CodeCheckpointCorrupt},
		"gone":          {func(w *world, head string, data []byte) { w.store.Set(head, nil) }, CodeCheckpointCorrupt},
		"newer": {func(w *world, head string, data []byte) {
			w.store.Set(head, []byte(strings.Replace(string(data), documentMagic+" 2 ", documentMagic+" 3 ", 1)))
		}, CodeCheckpointNewer},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "ops")
				w.poll()
				w.finished(0, 1)
				w.poll()
				head := fmt.Sprintf("%020d", w.load().Generation)
				damage.do(w, head, w.store.Object(head))
				after, writes := w.store.Object(head), w.store.Writes()
				for _, action := range []string{ActionPoll, ActionBackfill, ActionRedrive, ActionStatus} {
					_, err, _ := w.process().run(Request{Action: action})
					if Code(err) != damage.code {
						t.Errorf("%s: %v, want code %s", action, err, damage.code)
					}
					if damage.code == CodeCheckpointCorrupt && !errors.Is(err, checkpoint.ErrCorrupt) {
						t.Errorf("%s: %v", action, err)
					}
				}
				if w.store.Writes() != writes || string(w.store.Object(head)) != string(after) {
					t.Error("something was written over it")
				}
			})
		})
	}
}

// notifiedRows are the finished rows that some sink was notified of, or will be.
func notifiedRows(d Document) int {
	n := 0
	for _, r := range d.Poller.Finished {
		if r.Sinks != 0 {
			n++
		}
	}
	return n
}
