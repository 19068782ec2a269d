package watch

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller/aliyun/apitest"
)

// A signal may come at any step of a run. The run ends at once, records what it had
// sent and lets go of what it had not, so that the next one does not have to wait;
// nobody is notified twice, and it does not count as trouble.
func TestInterruptedAnywhere(t *testing.T) {
	for _, e := range []effect{fine, slow, tardy} { // of the step that was under way
		for step := 0; ; step++ {
			reached := true
			synctest.Test(t, func(t *testing.T) { reached = interruptAt(t, step, e) })
			if !reached {
				if step < 8 {
					t.Errorf("only %d steps were tried: the tick has more", step)
				}
				break
			}
		}
	}
}

func interruptAt(t *testing.T, n int, e effect) bool {
	w := newWorld(t, "ops", "hook")
	for i := range 3 {
		w.add(apitest.Task{Key: key(i), Created: time.Now(), Steps: apitest.Finish(90 * time.Second)})
	}
	w.poll()
	time.Sleep(2 * time.Minute)

	ctx, interrupt := context.WithTimeout(t.Context(), 5*time.Minute)
	defer interrupt()
	victim, at, op := w.process(), 0, ""
	victim.fault = func(step string) effect {
		if at++; at-1 == n {
			op = step
			interrupt()
			return e
		}
		return fine
	}
	began := time.Now()
	_, err := victim.app().Run(ctx, Request{Action: ActionPoll})
	if op == "" {
		return false
	}
	settling := op == "store create" && len(victim.sent()) > 0
	if sent := len(victim.sent()); err != nil && Code(err) == CodeInterrupted && (sent > 0) != strings.Contains(err.Error(), "continues from there") && sent > 0 {
		t.Errorf("step %d (%s): %d messages were sent, and it said %v", n, op, sent, err)
	}
	if Code(err) != CodeInterrupted && !settling { // whose failure counts more
		t.Errorf("%s at step %d (%s): ended with %v", effectNames[e], n, op, err)
	}
	if took := time.Since(began); took > 2*notifier.CommitBound {
		t.Errorf("%s at step %d (%s): went on for %v", effectNames[e], n, op, took)
	}
	if health := w.head().Health; health != (Health{}) {
		t.Errorf("%s at step %d (%s): counted as trouble: %+v", effectNames[e], n, op, health)
	}
	time.Sleep(time.Second)
	if settling && e == slow {
		time.Sleep(5 * time.Minute) // nobody recorded what was sent: the claims have to end
	}
	w.poll()
	for _, b := range w.sinks {
		for i := range 3 {
			if got := len(b.notifications[key(i)]); got != 1 {
				t.Errorf("%s at step %d (%s): %s was notified %d times of row %d", effectNames[e], n, op, b.name, got, i)
			}
		}
		if b.repeats() > 0 && op != "send "+b.name && !(settling && e == slow) {
			t.Errorf("%s at step %d (%s): a message came to %s twice", effectNames[e], n, op, b.name)
		}
	}
	return true
}

// When no answer is to be waited for any longer, a run that waits for one ends, writes
// nothing and counts no failure; one that sends what it has claimed goes on.
func TestStopAsking(t *testing.T) {
	for _, c := range []struct {
		silent string // what gives no answer
		sent   int
		took   time.Duration
	}{{"api", 0, 3 * time.Second}, {"send ops", 1, 7 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "ops")
			w.add(apitest.Task{Key: key(0), Created: time.Now(), Steps: apitest.Finish(time.Minute)})
			w.poll()
			time.Sleep(2 * time.Minute)
			stop, began := make(chan struct{}), time.Now()
			time.AfterFunc(3*time.Second, func() { close(stop) })
			p := w.process()
			p.fault = func(op string) effect {
				switch {
				case op != c.silent:
				case op == "api":
					return slow
				default:
					time.Sleep(7*time.Second - time.Since(began)) // and then accepts it
				}
				return fine
			}
			_, err, _ := p.run(Request{Action: ActionPoll}, func(a *App) { a.StopAsking = stop })
			if interrupted := Code(err) == CodeInterrupted; interrupted != (c.sent == 0) || len(p.sent()) != c.sent {
				t.Errorf("%s is silent: %v, %d messages", c.silent, err, len(p.sent()))
			}
			if took := time.Since(began); took < c.took || took > c.took+time.Second {
				t.Errorf("%s is silent: it went on for %v", c.silent, took)
			}
			if health := w.head().Health; health != (Health{}) {
				t.Errorf("%s is silent: counted as trouble: %+v", c.silent, health)
			}
			w.poll()
			if n := len(w.sinks[0].notifications[key(0)]); n != 1 || w.sinks[0].repeats() > 0 {
				t.Errorf("%s is silent: notified %d times, %d repeats", c.silent, n, w.sinks[0].repeats())
			}
		})
	}
}

// An interrupted run says what it leaves behind, and no more than that.
func TestInterruptedSaysWhatIsKept(t *testing.T) {
	for _, c := range []struct {
		run  run
		want string
	}{
		{run{req: Request{Action: ActionPoll}, facts: facts{rows: map[uint64]bool{1: true}}}, "interrupted before anything was recorded; the next run begins again"},
		{run{req: Request{Action: ActionBackfill}, kept: 2, facts: facts{findings: findings{finished: 7}, sent: 1}},
			"interrupted: 7 finished tasks recorded, 1 message sent; the same backfill continues from there"},
	} {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := c.run.interruption(ctx, context.Canceled); err.Error() != c.want || Code(err) != CodeInterrupted {
			t.Errorf("said %q, want %q", err, c.want)
		}
	}
}
