package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// A task fails, the message is rejected, and the task completes: people read that it
// completed, and a redrive does not tell them afterwards that it failed.
func TestRedriveIsNoStaleVerdict(t *testing.T) {
	for _, flips := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "ops")
			steps := apitest.Fail(time.Minute, "Origin Timeout")
			if flips {
				steps = append(steps, apitest.Step{After: 10 * time.Minute, Status: poller.Complete})
			}
			w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: steps})
			w.poll()
			time.Sleep(2 * time.Minute)
			ops := w.sinks[0]
			ops.verdict = refuses
			if _, err, _ := w.process().run(Request{Action: ActionPoll}); Code(err) != CodeDead {
				t.Fatal(err)
			}
			ops.verdict = nil
			time.Sleep(10 * time.Minute)
			w.process().run(Request{Action: ActionPoll})
			w.do(Request{Action: ActionRedrive})
			want := poller.Failed
			if flips {
				want = poller.Complete
			}
			said := ops.notifications[key(1)]
			if len(said) != 1 || said[0].Event.Task.Status != want {
				t.Errorf("flips %v: notified of %+v", flips, said)
			}
			if d := w.head(); len(d.Outbox.Dead)+len(d.Outbox.Pending) != 0 {
				t.Errorf("flips %v: %+v is left", flips, d.Outbox)
			}
		})
	}
}

// A task fails while its sink is down, and completes: the two are sent in this order.
func TestVerdictsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: append(apitest.Fail(time.Minute, ""), apitest.Step{After: 10 * time.Minute, Status: poller.Complete})})
		w.poll()
		ops := w.sinks[0]
		down := true
		ops.verdict = func(sink.Message) error {
			if down {
				return &sink.Error{Class: sink.Later, Code: "http_503"}
			}
			return nil
		}
		for range 30 {
			time.Sleep(time.Minute)
			w.poll()
		}
		down = false
		for range 10 {
			time.Sleep(time.Minute)
			w.poll()
		}
		said := ops.notifications[key(1)]
		if len(said) != 2 || said[0].Event.Task.Status != poller.Failed || said[1].Event.Task.Status != poller.Complete {
			t.Errorf("notified of %+v", said)
		}
	})
}
