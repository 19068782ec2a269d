package watch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// Five pages of tasks, of which 12 finish between two ticks: those are notified, once,
// and the third tick has nothing to say and nothing to write.
func TestNotifiesWhatFinishedBetweenTwoTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		const tasks, over = 237, 200
		for i := range tasks {
			steps := apitest.Finish(time.Minute)
			switch {
			case i >= over && i < over+12:
				steps = apitest.Finish(61 * time.Minute)
			case i >= over+12:
				steps = apitest.Stuck(time.Minute)
			}
			w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Hour - time.Duration(i)*time.Millisecond), Steps: steps})
		}
		time.Sleep(30 * time.Second)

		first := w.poll()
		if first.Fetched != tasks || first.APICalls != 5 || first.Sent != 0 || first.Silent != over || first.InFlight != tasks-over {
			t.Errorf("first tick: %+v, want %d rows by 5 calls, %d silent, none sent", first, tasks, over)
		}
		time.Sleep(time.Minute)
		second := w.poll()
		if second.New != 12 || second.Complete != 12 || second.Covered != 12 || second.Sent != 1 || second.InFlight != 25 {
			t.Errorf("second tick: %+v, want 12 new, all covered by 1 message, 25 in flight", second)
		}
		for i := range tasks {
			want := 0
			if i >= over && i < over+12 {
				want = 1
			}
			if got := w.sinks[0].notified[key(i)]; got != want {
				t.Errorf("task %d was notified %d times, want %d", i, got, want)
			}
		}
		writes := w.store.Writes()
		time.Sleep(time.Minute)
		third := w.poll()
		// What is in flight was seen again, which is worth one write for young rows.
		if third.New != 0 || third.Sent != 0 || w.store.Writes() > writes+1 {
			t.Errorf("third tick: %+v and %d writes, want a quiet one", third, w.store.Writes()-writes)
		}
	})
}

// A process may die before or after any step towards the outside. The next run
// notifies about what was not notified; a message is notified twice only where the death came
// between its sending and its record.
func TestKilledAnywhere(t *testing.T) {
	for _, death := range []effect{killed, died} {
		for step := 0; ; step++ {
			reached := true
			synctest.Test(t, func(t *testing.T) { reached = killAt(t, step, death) })
			if !reached {
				if step < 8 {
					t.Errorf("only %d steps were tried: the tick has more", step)
				}
				break
			}
		}
	}
}

// killAt lets a tick die at its n-th step, and reports whether it has so many.
func killAt(t *testing.T, n int, death effect) bool {
	w := newWorld(t, "ops", "hook")
	for i := range 3 {
		w.add(apitest.Task{Key: key(i), Created: time.Now(), Steps: apitest.Finish(90 * time.Second)})
	}
	w.poll()
	time.Sleep(2 * time.Minute)

	victim, at, op := w.process(), 0, ""
	victim.fault = func(step string) effect {
		at++
		if at-1 != n {
			return fine
		}
		op = step
		return death
	}
	_, _, alive := victim.run(Request{Action: ActionPoll})
	if op == "" {
		return false
	}
	if alive && op != "store remove" && op != "store list" {
		t.Errorf("step %d (%s): the process lived on", n, op)
	}
	time.Sleep(2 * time.Minute) // past the claims of the dead
	w.poll()
	for _, b := range w.sinks {
		for i := range 3 {
			if b.notified[key(i)] == 0 {
				t.Errorf("killed at step %d (%s): task %d was never notified to %s", n, op, i, b.name)
			}
		}
		if b.repeats() > 1 || b.repeats() == 1 && len(victim.sent()) == 0 {
			t.Errorf("killed at step %d (%s): %d messages twice at %s", n, op, b.repeats(), b.name)
		}
	}
	if left := w.head().Outbox; len(left.Pending)+len(left.Dead) > 0 {
		t.Errorf("killed at step %d (%s): the outbox still holds %+v", n, op, left)
	}
	return true
}

// sent lists the process's sends.
func (p *process) sent() []string {
	var sends []string
	for _, s := range p.steps {
		if len(s) > 4 && s[:4] == "send" {
			sends = append(sends, s)
		}
	}
	return sends
}

// A later change between Complete and Failed is news again; a row that is listed as
// unfinished after its end (a lagging replica) is not.
func TestChangeOfMindIsNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(time.Second)})
		time.Sleep(2 * time.Second)
		w.do(Request{Action: ActionPoll}, func(a *App) { a.NotifyFirst = true })
		for _, status := range []poller.Status{poller.Refreshing, poller.Failed, poller.Failed, poller.Complete} {
			time.Sleep(time.Minute)
			if err := w.api.Set(key(1), status, "", ""); err != nil {
				t.Fatal(err)
			}
			w.poll()
		}
		if got := w.sinks[0].notified[key(1)]; got != 3 {
			t.Errorf("notified %d times, want 3: complete, failed, complete", got)
		}
	})
}

// A run that takes ten minutes asks for nothing that leaves the API's three days meanwhile: a
// strict API would refuse its later pages.
func TestALongRunStaysWithinThreeDays(t *testing.T) {
	const rows = 3000
	inTenMinutes := func(do func(context.Context, *world, poller.Lister) (int, error)) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "hook")
			w.api = apitest.New(apitest.Options{Strict: true})
			for i := range rows {
				w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Duration(i) * 80 * time.Second), Steps: apitest.Finish(0)})
			}
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
			defer stop()
			began := time.Now()
			if n, err := do(ctx, w, w.api.Lister(20*time.Second)); err != nil || n < rows-20 || time.Since(began) < 2*time.Minute {
				t.Errorf("%d rows in %v: %v", n, time.Since(began), err)
			}
		})
	}
	for _, action := range []string{ActionPoll, ActionBackfill} {
		inTenMinutes(func(ctx context.Context, w *world, api poller.Lister) (int, error) {
			app := w.process().app()
			app.API = api
			report, err := app.Run(ctx, Request{Action: action})
			return report.Fetched, err
		})
	}
	inTenMinutes(func(ctx context.Context, _ *world, api poller.Lister) (int, error) {
		l := List(ctx, api, Request{Action: ActionBackfill}, time.Now())
		return len(l.Tasks), l.Err
	})
}

// storeClock is a store whose clock differs from this machine's.
type storeClock struct {
	checkpoint.Store
	ahead time.Duration
}

func (s storeClock) shifted(d checkpoint.Doc, by time.Duration) checkpoint.Doc {
	d.Now = d.Now.Add(by)
	return d
}

func (s storeClock) Load(ctx context.Context) (checkpoint.Doc, error) {
	d, err := s.Store.Load(ctx)
	return s.shifted(d, s.ahead), err
}

func (s storeClock) Swap(ctx context.Context, old checkpoint.Doc, data []byte) (checkpoint.Doc, error) {
	d, err := s.Store.Swap(ctx, s.shifted(old, -s.ahead), data)
	return s.shifted(d, s.ahead), err
}

// Claims begin and end by the store's clock: a machine whose own is off neither takes over
// what another run still holds, nor leaves alone what a dead one held.
func TestClaimsLiveByTheStoresClock(t *testing.T) {
	for _, ahead := range []time.Duration{-50 * time.Hour, -time.Hour, 0, time.Hour, 50 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "hook")
			w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(90 * time.Second)})
			off := func(a *App) { a.Store = storeClock{a.Store, ahead} }
			w.do(Request{Action: ActionPoll}, off)
			time.Sleep(2 * time.Minute)
			victim := w.process()
			victim.fault = func(op string) effect {
				if op == "send hook" {
					return killed
				}
				return fine
			}
			victim.run(Request{Action: ActionPoll}, off)
			time.Sleep(10 * time.Second)
			if r := w.do(Request{Action: ActionPoll}, off); r.Sent != 0 || r.Retrying != 1 {
				t.Errorf("store %v ahead: another run's claim was taken over: %+v", ahead, r)
			}
			time.Sleep(2 * time.Minute)
			if r := w.do(Request{Action: ActionPoll}, off); r.Sent != 1 || w.sinks[0].notified[key(1)] != 1 {
				t.Errorf("store %v ahead: a dead run's claim holds on: %+v", ahead, r)
			}
		})
	}
}

// A run's claims end by its first load. Reading the head back, after a commit or a settlement
// whose answer was lost, gives it no more time to send.
func TestALeaseIsNeverRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		p := w.process()
		p.fault = func(op string) effect {
			if op == "store create" {
				return lost
			}
			return fine
		}
		r := &run{App: p.app(), id: "r", ticks: 1, began: time.Now(), budget: newBudget(time.Now(), time.Now().Add(time.Minute))}
		if err := r.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		lease := r.lease
		for _, step := range []struct {
			name string
			do   func() error
		}{
			{"commit", func() error {
				d := draft{doc: r.doc, changed: true}
				d.doc.Outbox.Pending = []notifier.Delivery{{Message: sink.Message{ID: "a", Sink: "hook"}, Owner: r.owner(), Until: lease.Asked.Add(lease.TTL)}}
				return r.commit(t.Context(), d)
			}},
			{"settle", func() error { return r.settle(t.Context(), []notifier.Result{{ID: "a", Attempts: 1}}, false) }},
		} {
			time.Sleep(10 * time.Second)
			before := r.head.Generation
			if err := step.do(); err != nil || r.head.Generation != before+1 {
				t.Fatalf("%s: generation %d, %v", step.name, r.head.Generation, err)
			}
			if r.lease != lease {
				t.Errorf("%s: the lease of %v counts from %v", step.name, lease.Asked, r.lease.Asked)
			}
		}
	})
}
