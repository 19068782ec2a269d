package watch

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// submission is a task id with a row for each time it takes to finish; 0: never.
func submission(id string, took ...time.Duration) []apitest.Task {
	var tasks []apitest.Task
	for i, d := range took {
		steps := apitest.Stuck(time.Second)
		if d > 0 {
			steps = apitest.Finish(d)
		}
		tasks = append(tasks, apitest.Task{
			Key:     poller.Key{TaskID: id, ObjectType: "preload", ObjectPath: fmt.Sprintf("https://cdn.example.com/%s/%d.mp4", id, i)},
			Created: time.Now(), Steps: steps,
		})
	}
	return tasks
}

// chatWorld has a chat, which waits for a submission, and a webhook, which never does.
func chatWorld(t *testing.T) (w *world, wait func(*App)) {
	w = newWorld(t, "ops", "hook")
	w.sinks[0].style = sink.PerTask
	w.do(Request{Action: ActionPoll})
	return w, func(a *App) { a.Targets[0].GroupWait = 2 * time.Minute }
}

// TestSubmissionIsOneMessage: its rows finish over several polls; a chat gets one
// message, a webhook each row as it finishes.
func TestSubmissionIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wait := chatWorld(t)
		w.add(submission("77", 50*time.Second, 100*time.Second, 100*time.Second, 150*time.Second)...)
		w.add(submission("88", 50*time.Second)...)
		ops, hook := w.sinks[0], w.sinks[1]
		for i, want := range []struct{ ops, hook, held int }{{1, 1, 1}, {1, 2, 1}, {2, 3, 0}, {2, 3, 0}} {
			time.Sleep(time.Minute)
			r := w.do(Request{Action: ActionPoll}, wait)
			if len(ops.accepted) != want.ops || len(hook.accepted) != want.hook || r.Waiting != want.held || r.Retrying != want.held {
				t.Errorf("poll %d: chat %d, webhook %d messages, %+v; want %+v", i, len(ops.accepted), len(hook.accepted), r, want)
			}
		}
		w.rowsOnce(ops, 5)
		w.rowsOnce(hook, 5)
	})
}

// rowsOnce fails unless so many rows were notified, each once.
func (w *world) rowsOnce(b *inbox, rows int) {
	w.t.Helper()
	if len(b.notified) != rows || b.repeats() > 0 {
		w.t.Errorf("sink %s: %d rows, %d repeats, want %d rows", b.name, len(b.notified), b.repeats(), rows)
	}
	for key, times := range b.notified {
		if times != 1 {
			w.t.Errorf("sink %s: %v was notified %d times", b.name, key, times)
		}
	}
}

// TestStuckRowIsNotWaitedFor longer than GROUP_WAIT, also when nothing else happens.
func TestStuckRowIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wait := chatWorld(t)
		w.add(submission("77", 50*time.Second, 0)...)
		var at []int
		for i := range 5 {
			time.Sleep(time.Minute)
			if w.do(Request{Action: ActionPoll}, wait).Sent > 0 && len(w.sinks[0].accepted) > len(at) {
				at = append(at, i)
			}
		}
		if fmt.Sprint(at) != "[2]" { // first seen finished at poll 0
			t.Errorf("sent at polls %v, want two minutes after the first", at)
		}
		if fmt.Sprint(w.sinks[0].inFlight, w.sinks[1].inFlight) != "[1] [0]" {
			t.Errorf("said to be in flight: %v in the chat, %v in the webhook", w.sinks[0].inFlight, w.sinks[1].inFlight)
		}
	})
}

// TestBackfillAndRedriveLeaveHeldRows: a backfill sends at once what it was asked for and
// merges nothing; a redrive claims what is due, not what is held.
func TestBackfillAndRedriveLeaveHeldRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wait := chatWorld(t)
		w.add(submission("77", 50*time.Second, 100*time.Second)...)
		time.Sleep(time.Minute)
		w.do(Request{Action: ActionPoll}, wait)
		for _, action := range []string{ActionBackfill, ActionRedrive} {
			if r := w.do(Request{Action: action, Since: "1h"}, wait); r.Sent != 0 || r.Waiting != 1 || len(w.sinks[0].accepted) != 0 {
				t.Errorf("%s: %+v", action, r)
			}
		}
		time.Sleep(time.Minute)
		w.do(Request{Action: ActionPoll}, wait)
		if w.rowsOnce(w.sinks[0], 2); len(w.sinks[0].accepted) != 1 {
			t.Errorf("%d messages", len(w.sinks[0].accepted))
		}
	})
}

// TestWaitThatIsTurnedOff: what a run with GROUP_WAIT has held, one without it sends.
func TestWaitThatIsTurnedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wait := chatWorld(t)
		w.add(submission("77", 50*time.Second, 0)...)
		time.Sleep(time.Minute)
		if w.do(Request{Action: ActionPoll}, wait); len(w.sinks[0].accepted) != 0 {
			t.Fatal("nothing was held")
		}
		if w.do(Request{Action: ActionPoll}); len(w.sinks[0].accepted) != 1 {
			t.Error("it is still held")
		}
	})
}

// TestHeldRowsSurviveDeaths: a process may die before or after any of its steps, in any
// of the polls of a submission. All rows are notified; one is repeated only where the
// death came between a message and its record, and then as the same delivery.
func TestHeldRowsSurviveDeaths(t *testing.T) {
	deaths := 0
	for _, death := range []effect{killed, died} {
		for poll := range 4 {
			for step := 0; ; step++ {
				reached := false
				synctest.Test(t, func(t *testing.T) {
					w, wait := chatWorld(t)
					w.add(submission("77", 50*time.Second, 100*time.Second, 150*time.Second, 0)...)
					for i := range 8 {
						time.Sleep(time.Minute)
						p := w.process()
						if i == poll {
							n := 0
							p.fault = func(string) effect {
								if n++; n == step+1 {
									reached = true
									return death
								}
								return fine
							}
						}
						p.run(Request{Action: ActionPoll}, wait)
						if i == poll {
							time.Sleep(2 * time.Minute) // its claims end
						}
					}
					ops := w.sinks[0]
					if len(ops.notifications) != 3 {
						t.Errorf("death %d in step %d of poll %d: %d of 3 rows were notified", death, step, poll, len(ops.notifications))
					}
					for key, said := range ops.notifications {
						if len(said) != 1 {
							t.Errorf("death %d in step %d of poll %d: %v was in %d deliveries", death, step, poll, key, len(said))
						}
					}
					if n := ops.repeats(); n > 1 {
						t.Errorf("death %d in step %d of poll %d: %d repeats", death, step, poll, n)
					}
				})
				if !reached {
					break
				}
				deaths++
			}
		}
	}
	if deaths < 30 {
		t.Errorf("only %d deaths were tried", deaths)
	}
}

// TestMentionDoesNotSplitASubmission: one message, which mentions whom a route of its
// failed rows mentions, also after it was held.
func TestMentionDoesNotSplitASubmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wait := chatWorld(t)
		tasks := submission("77", 50*time.Second, 50*time.Second, 100*time.Second)
		tasks[1].Steps = apitest.Fail(50*time.Second, "Origin Timeout")
		w.add(tasks...)
		var mentions []string
		w.sinks[0].verdict = func(m sink.Message) error { mentions = append(mentions, m.Mention); return nil }
		mention := func(a *App) {
			a.Routes = notifier.Routes{
				{Match: notifier.Match{Status: []string{"Failed"}}, To: []string{"ops"}, Mention: "<!here>"},
				{To: []string{"ops"}},
			}
		}
		for range 3 {
			time.Sleep(time.Minute)
			w.do(Request{Action: ActionPoll}, wait, mention)
		}
		if fmt.Sprint(mentions) != "[<!here>]" {
			t.Errorf("mentions %q, want one message", mentions)
		}
		w.rowsOnce(w.sinks[0], 3)
	})
}
