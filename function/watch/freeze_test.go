package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// A run is frozen for hours between two questions of its load, while others go on
// and collect what it was about to ask for. It must not take the old head for the
// newest, and notify everything again.
func TestFrozenWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		tasks := 0
		minute := func() {
			w.add(apitest.Task{Key: key(tasks), Created: time.Now(), Steps: apitest.Finish(10 * time.Second)})
			tasks++
			time.Sleep(time.Minute)
			w.poll()
		}
		for range 5 {
			minute()
		}
		frozen, gets := w.process(), 0
		frozen.timeout = 12 * time.Hour
		frozen.mem.SetHook(func(op checkpointtest.Op) checkpointtest.Fault {
			if op.Verb == checkpointtest.Get {
				gets++
			}
			if op.Verb == checkpointtest.Get && gets == 3 { // the hint, the head, and now the one after it
				return checkpointtest.Fault{Delay: 3 * time.Hour}
			}
			return checkpointtest.Fault{}
		})
		done := make(chan error)
		go func() {
			_, err, _ := frozen.run(Request{Action: ActionPoll})
			done <- err
		}()
		for range 179 {
			minute()
		}
		if err := <-done; Code(err) != CodeCheckpoint {
			t.Errorf("the frozen run ended with %v", err)
		}
		for i := range tasks {
			if got := w.sinks[0].notified[key(i)]; got != 1 {
				t.Errorf("task %d was notified %d times", i, got)
			}
		}
	})
}
