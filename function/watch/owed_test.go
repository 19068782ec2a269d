package watch

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// longRow is a row whose event takes 4 KB of the outbox.
func longRow(i int) poller.Key {
	return poller.Key{TaskID: fmt.Sprint(5000 + i), ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%s/%d.mp4", strings.Repeat("a", 3900), i)}
}

// A sink that is down and beyond its share costs hardly a request: what it is owed is read
// again less and less often while it stays full. Its neighbour is notified at once, the
// report says all the time how much is held back, and once the sink accepts again it gets
// everything within a few polls, once.
func TestWhatAFullSinkIsOwedCostsFewRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ticks = 500
		rows := 2 * notifier.MaxBytes / MaxSinks / 4000 // twice a share
		w := newWorld(t, "down", "fine")
		down, fine := w.sinks[0], w.sinks[1]
		down.verdict = func(sink.Message) error { return &sink.Error{Class: sink.Later, Code: "http_503", Err: errFault} }
		fast := func(a *App) {
			a.QPS = 1000
			for i := range MaxSinks - 2 { // whose shares nobody uses
				a.Targets = append(a.Targets, notifier.Target{Name: fmt.Sprint("idle", i)})
			}
		}
		w.do(Request{Action: ActionPoll}, fast)
		for i := range rows {
			w.add(apitest.Task{Key: longRow(i), Created: time.Now().Add(-time.Duration(i) * time.Second), Steps: apitest.Finish(0)})
		}
		calls, lately := 0, 0
		for n := range ticks {
			time.Sleep(time.Minute)
			if n%10 == 0 {
				w.add(apitest.Task{Key: longRow(rows), Created: time.Now().Add(-time.Second), Steps: apitest.Finish(0)})
				rows++
			}
			r := w.do(Request{Action: ActionPoll}, fast)
			calls += r.APICalls
			if n >= ticks-60 {
				lately += r.APICalls
			}
			if n > 3 && (len(fine.notified) != rows || r.Held < rows/3 || !r.Truncated) {
				t.Fatalf("tick %d: the other sink has %d of %d rows, %+v", n, len(fine.notified), rows, r)
			}
		}
		t.Logf("%d ticks with %d rows: %d requests, %d of them in the last hour", ticks, rows, calls, lately)
		if all := rows / 50; calls > ticks+40*all || lately > 60+3*all {
			t.Errorf("%d requests, %d in the last hour; reading all takes %d", calls, lately, all)
		}

		down.verdict = nil
		healed := 0
		for ; len(down.notified) < rows && healed < 90; healed++ {
			time.Sleep(time.Minute)
			w.do(Request{Action: ActionPoll}, fast)
		}
		r := w.do(Request{Action: ActionPoll}, fast)
		t.Logf("all were notified %d ticks after the sink was fixed", healed)
		if len(down.notified) != rows || down.repeats() > 0 || fine.repeats() > 0 || r.Held > 0 {
			t.Errorf("%d of %d rows after %d ticks, %+v", len(down.notified), rows, healed, r)
		}
	})
}
