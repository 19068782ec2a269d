package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// A run that loses its commit asks again: the calls are two, the rows are the same,
// and what the winner has recorded is not new any more.
func TestRowsReadTwiceCountOnce(t *testing.T) {
	for _, req := range []Request{{Action: ActionPoll}, {Action: ActionBackfill}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "hook")
			const rows = 3
			for i := range rows {
				w.add(apitest.Task{Key: key(i), Created: time.Now(), Steps: apitest.Finish(30 * time.Second)})
			}
			w.poll()
			time.Sleep(time.Minute)

			p, lost := w.process(), false
			p.fault = func(op string) effect {
				if op == "store create" && !lost {
					lost = true
					w.poll() // another run commits first
				}
				return fine
			}
			report, err, _ := p.run(req)
			if err != nil || !lost {
				t.Fatalf("%s: %v; lost the race: %v, steps %v", req.Action, err, lost, p.steps)
			}
			if report.Fetched != rows || report.APICalls != 2 || report.New != 0 || report.Conflict {
				t.Errorf("%s: %+v, want %d distinct rows of 2 calls, nothing new", req.Action, report, rows)
			}
		})
	}
}

// Slices of a backfill overlap by the seconds at their joints: what two of them have
// read is one row.
func TestFactsCountDistinctRows(t *testing.T) {
	var f facts
	row := func(i int) poller.Task { return poller.Task{Key: key(i)} }
	f.read(poller.Batch{Calls: 2, Tasks: []poller.Task{row(1), row(2)}})
	f.read(poller.Batch{Calls: 1, Tasks: []poller.Task{row(2), row(3)}})
	if f.calls != 3 || len(f.rows) != 3 {
		t.Errorf("%d calls, %d rows; want 3 and 3", f.calls, len(f.rows))
	}
}
