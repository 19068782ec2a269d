package watch

import (
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
)

// facts are what a run knows about itself. Nothing else makes its report.
type facts struct {
	findings
	calls    int               // answered by the API
	rows     map[uint64]bool   // read, by [poller.Key.Hash]: a row that is read again counts once
	sent     int               // deliveries accepted
	covered  int               // events in them
	planned  map[string]string // of a dry run: the sink of each delivery that would be sent, by its id
	conflict bool
	lost     int     // runs of this deployment in a row that ended in a conflict, this one included
	status   *Status // of the action status
}

// findings are what ticks have seen. Those of one tick count once it is committed:
// what a lost race has seen, the winner reports.
type findings struct {
	finished, complete, failed, canceled, silent, stalled, expired, discarded int

	gap       *poller.Span
	truncated bool // by the last tick
	unproven  int  // to the last tick
	held      int  // in the last tick, for want of room
	stuck     int  // polls without progress in a row, to the last tick
}

func counted(c poller.Change) findings {
	return findings{
		finished: c.New, complete: c.Complete, failed: c.Failed, canceled: c.Canceled, silent: c.Silent,
		stalled: c.Stalled, expired: c.Expired, held: c.Held, gap: c.Gap,
	}
}

// add counts one more tick.
func (f *findings) add(tick findings) {
	f.finished += tick.finished
	f.complete += tick.complete
	f.failed += tick.failed
	f.canceled += tick.canceled
	f.silent += tick.silent
	f.stalled += tick.stalled
	f.expired += tick.expired
	f.discarded += tick.discarded
	if tick.gap != nil {
		f.gap = tick.gap
	}
	f.truncated, f.unproven, f.stuck, f.held = tick.truncated, tick.unproven, tick.stuck, tick.held
}

// read counts what a fetch has brought, whatever becomes of the tick.
func (f *facts) read(b poller.Batch) {
	f.calls += b.Calls
	if f.rows == nil {
		f.rows = make(map[uint64]bool, len(b.Tasks))
	}
	for _, t := range b.Tasks {
		f.rows[t.Hash()] = true
	}
}

// plan counts what would be sent, once each: every part of a backfill's dry run comes
// upon the deliveries that wait.
func (f *facts) plan(deliveries []notifier.Delivery) {
	if f.planned == nil {
		f.planned = map[string]string{}
	}
	for _, d := range deliveries {
		f.planned[d.ID] = d.Sink
	}
}

// plannedBySink is how many messages each sink would get; nil for none.
func (f *facts) plannedBySink() map[string]int {
	var n map[string]int
	for _, sink := range f.planned {
		if n == nil {
			n = map[string]int{}
		}
		n[sink]++
	}
	return n
}

// report is the run's report so far: what doc holds, and what would be found with
// pending, the findings of a tick that is not committed yet.
func (r *run) report(doc Document, pending ...findings) Report {
	f := r.facts
	for _, tick := range pending {
		f.add(tick)
	}
	now := time.Now()
	return Report{
		Action: r.req.Action, Run: r.id, DryRun: r.req.DryRun,
		APICalls: f.calls, Fetched: len(f.rows),
		New: f.finished, Complete: f.complete, Failed: f.failed, Canceled: f.canceled, Silent: f.silent,
		Stalled: f.stalled, Expired: f.expired, Held: f.held, Discarded: f.discarded,
		Sent: f.sent, Covered: f.covered,
		Retrying: len(doc.Outbox.Pending), Waiting: doc.Outbox.Held(), Dead: len(doc.Outbox.Dead),
		InFlight: len(r.watched(doc.Poller.InFlight)), LagSeconds: lag(doc.Outbox, now),
		Conflict: f.conflict, Truncated: f.truncated || f.stuck > 0, Stuck: f.stuck, Unproven: f.unproven, Gap: f.gap,
		Planned: f.plannedBySink(),
		TookMS:  now.Sub(r.began).Milliseconds(), Status: f.status,
	}
}

// lag is the age of the oldest undelivered event, in seconds.
func lag(o notifier.Outbox, now time.Time) int64 {
	oldest := o.Oldest()
	if oldest.IsZero() {
		return 0
	}
	return int64(now.Sub(oldest).Seconds())
}
