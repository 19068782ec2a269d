package watch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller/aliyun/apitest"
)

// rival writes into the checkpoint: what it holds, as another generation.
func (w *world) rival() {
	w.t.Helper()
	store := w.store.Process(nil)
	head, err := store.Load(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := store.Swap(context.Background(), head, head.Data); err != nil {
		w.t.Fatal(err)
	}
}

// A timer starts a process for every run, and each of them loses its commit: from the
// third on that needs manual action. Neither the rival's commits nor those of another
// deployment end the series; one own success does.
func TestConflictsInARowAreCountedOverProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		w.poll()
		other := func(a *App) {
			a.Targets = append(a.Targets, notifier.Target{Name: "theirs"})
		}
		row := 0
		poll := func(losing bool, change ...func(*App)) (Report, error) {
			time.Sleep(time.Minute)
			w.add(apitest.Task{Key: key(row), Created: time.Now().Add(-5 * time.Second), Steps: apitest.Finish(0)})
			row++
			p := w.process()
			forestalled := 0
			p.fault = func(op string) effect {
				if losing && op == "store create" && forestalled < commitTries {
					forestalled++
					w.rival()
				}
				return fine
			}
			r, err, _ := p.run(Request{Action: ActionPoll}, change...)
			if r.Conflict != losing {
				t.Fatalf("conflict %v: %+v, %v", losing, r, err)
			}
			return r, err
		}
		for i, step := range []struct {
			losing bool
			change []func(*App)
			want   string
		}{
			{losing: true}, {losing: true}, {losing: false}, // an own success
			{losing: true}, {change: []func(*App){other}}, {losing: true}, {change: []func(*App){other}},
			{losing: true, want: CodeCheckpoint}, {losing: true, want: CodeCheckpoint},
			{losing: false}, {losing: true},
		} {
			if r, err := poll(step.losing, step.change...); Code(err) != step.want {
				t.Errorf("run %d, losing %v: %v, want code %q; %+v", i+1, step.losing, err, step.want, r)
			}
		}
		w.poll()
		if lost := w.head().Lost; lost != nil {
			t.Errorf("after a success: %+v", lost)
		}
		for k, n := range w.sinks[0].notified {
			if n != 1 {
				t.Errorf("%v was notified %d times", k, n)
			}
		}
		if len(w.sinks[0].notified) != row {
			t.Errorf("%d of %d rows were notified", len(w.sinks[0].notified), row)
		}
	})
}

// A loss whose count is written, and only the answer is lost, counts once.
func TestALossCountsOnce(t *testing.T) {
	for _, answer := range []effect{fine, lost, failed} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "ops")
			w.poll()
			w.submit(0)
			time.Sleep(time.Minute)
			p, creates := w.process(), 0
			p.fault = func(op string) effect {
				if op != "store create" {
					return fine
				}
				if creates++; creates <= commitTries {
					w.rival()
					return fine
				}
				if creates == commitTries+1 {
					return answer
				}
				return fine
			}
			if r, err, _ := p.run(Request{Action: ActionPoll}); !r.Conflict || err != nil {
				t.Fatalf("%+v, %v", r, err)
			}
			if lost := w.head().Lost; len(lost) != 1 || lost[0].Runs != 1 {
				t.Errorf("%s: counted as %+v", effectNames[answer], lost)
			}
		})
	}
}
