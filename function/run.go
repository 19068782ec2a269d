package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
)

// apiWindow is how far back the API answers (VOD, DescribeVodRefreshTasks, read
// 2026-11).
const apiWindow = 72 * time.Hour

// App is what every run works with. It holds no state between runs.
type App struct {
	API      poller.Lister
	Store    checkpoint.Store
	Channels []notifier.Channel
	Routes   notifier.Routes

	Scope        poller.Scope
	NotifyFirst  bool          // FIRST_RUN=notify
	StalledAfter time.Duration // 0: off
	QPS          float64       // what API may be asked a second
	Log          *slog.Logger
	Progress     func(Report) // told after each step of a long backfill; may be nil
}

// Run does what the request asks within ctx's deadline, which it must have. The
// report is filled as far as the run came, also beside an error.
func (a *App) Run(ctx context.Context, req Request) (Report, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return Report{Action: req.Action}, &RunError{CodeInternal, errors.New("the run has no deadline")}
	}
	r := &run{App: a, req: req, id: newRunID(), began: time.Now()}
	r.budget = newBudget(r.began, deadline)
	r.report = Report{Action: req.Action, Run: r.id, DryRun: req.DryRun}
	work, stop := context.WithDeadline(ctx, r.budget.work)
	defer stop()

	var err error
	switch req.Action {
	case ActionPoll:
		err = r.tick(work, r.poll)
	case ActionBackfill:
		err = r.backfill(work)
	case ActionRedrive:
		err = r.tick(work, r.redrive)
	case ActionStatus:
		err = r.status(work)
	}
	return r.finish(r.ended(ctx, err))
}

// run is one invocation under way: the generation it stands on and what it has
// found out.
type run struct {
	*App
	req    Request
	id     string
	began  time.Time
	budget budget
	report Report

	lease notifier.Lease
	head  checkpoint.Doc
	doc   Document // as the store holds it
	ticks int

	found  found // by this try; it counts once it is committed
	apiErr error // why the API gave no full answer; what could be done without it was done
}

// tick is the whole job, once. A crash after any line loses nothing: before the
// commit nothing happened, after it every delivery is in the outbox, claimed for a
// while by this run. Losing the commit to another run means to look again, since
// what was seen may be older than what that run has committed.
func (r *run) tick(ctx context.Context, look func(context.Context) next) error {
	r.ticks++
	for range commitTries {
		if err := r.load(ctx); err != nil {
			return err
		}
		r.found = found{}
		n := look(ctx) // plan, fetch, diff, route: always after the load
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err() // half a look is no finding, and no failure to count
		}
		r.claim(&n) // what this run may send now
		if r.req.DryRun {
			r.found.addTo(&r.report)
			r.doc.Poller = n.doc.Poller // reported, never written
			return nil
		}
		switch err := r.commit(ctx, n); {
		case errors.Is(err, checkpoint.ErrConflict):
			continue
		case err != nil:
			return err
		}
		r.found.addTo(&r.report)
		r.found = found{}
		results := notifier.Deliver(ctx, r.Channels, r.doc.Outbox.Claimed(r.owner()), r.lease.MayStart)
		if err := r.settle(ctx, results); err != nil {
			return err
		}
		if n.changed {
			r.collect(ctx)
		}
		return nil
	}
	r.report.Conflict = true
	return nil
}

// owner names this tick in the claims and in the generations it writes. A backfill
// has several ticks, and must not take the write of an earlier one for its own.
func (r *run) owner() string { return fmt.Sprintf("%s-%d", r.id, r.ticks) }

// commitTries bounds how often a run that lost its commit polls again.
const commitTries = 3

// writeTries bounds how often one commit is written, with a growing pause. A store
// that refuses for good is not asked until the deadline.
const writeTries = 3

// budget is how one run spends the time it has.
type budget struct {
	deadline time.Time // the platform's, or -timeout
	work     time.Time // sends end here; the rest is for settling and answering
	fetch    time.Time // questions end here; the rest is for committing and sending
	settle   time.Duration
}

func newBudget(now, deadline time.Time) budget {
	total := deadline.Sub(now)
	margin := min(notifier.CommitBound+time.Second, total/4)
	work := deadline.Add(-margin)
	return budget{
		deadline: deadline,
		work:     work,
		fetch:    work.Add(-min(15*time.Second, total/4)),
		settle:   min(notifier.CommitBound, margin),
	}
}

// pages is about how many questions fit before the fetching must end.
func (b budget) pages(now time.Time, qps float64) int {
	return max(1, int(math.Floor(b.fetch.Sub(now).Seconds()*qps)))
}

// load reads the head and decodes it. Nothing written yet is an empty document.
func (r *run) load(ctx context.Context) error {
	asked := time.Now()
	head, err := r.Store.Load(ctx)
	if err != nil {
		return storeError("load checkpoint", err)
	}
	r.lease = notifier.NewLease(asked, time.Now(), r.budget.work, r.budget.deadline)
	doc := Document{}
	if head.Generation > 0 {
		if doc, err = DecodeDocument(head.Data); err != nil {
			return storeError(fmt.Sprintf("read checkpoint generation %d", head.Generation), err)
		}
	}
	r.head, r.doc = head, doc
	return nil
}

// next is the document that would follow, and whether it is worth writing.
type next struct {
	doc     Document
	changed bool
}

// claim takes what is due into the run's hands, until a little after its deadline.
// What waits for a sink that was removed long ago is forgotten.
func (r *run) claim(n *next) {
	kept, forgotten := n.doc.Outbox.Forget(r.configured, r.head.Now)
	until := r.head.Now.Add(r.lease.TTL)
	outbox, mine := kept.Claim(r.owner(), r.configured, r.head.Now, until)
	n.doc.Outbox = outbox
	n.changed = n.changed || forgotten > 0 || len(mine) > 0
	if forgotten > 0 {
		r.Log.Warn("messages for sinks that are no longer configured were forgotten", "messages", forgotten)
	}
}

func (r *run) configured(sink string) bool {
	return slices.ContainsFunc(r.Channels, func(c notifier.Channel) bool { return c.Name == sink })
}

// commit writes the next document, if it holds anything new. It returns nil once
// the store holds it: after any answer but a plain success the head is read, and
// what it says counts.
func (r *run) commit(ctx context.Context, n next) error {
	if !n.changed {
		return nil
	}
	n.doc = r.signed(n.doc)
	data, err := n.doc.Encode()
	if err != nil {
		return &RunError{CodeOutboxFull, err}
	}
	lease := r.lease // the claims end by the first load's clock
	for try := 1; ; try++ {
		stood := r.head.Generation
		head, err := r.Store.Swap(ctx, r.head, data)
		if err == nil {
			r.head, r.doc = head, n.doc
			return nil
		}
		reading, stop := r.outliving(ctx)
		lerr := r.load(reading)
		stop()
		if lerr != nil {
			return fmt.Errorf("%w (after: %v)", lerr, err)
		}
		r.lease = lease
		switch {
		case r.doc.Commit == r.owner() || len(r.doc.Outbox.Claimed(r.owner())) > 0:
			return nil // it landed, only the answer was lost
		case r.head.Generation != stood || errors.Is(err, checkpoint.ErrConflict):
			return checkpoint.ErrConflict
		}
		if try == writeTries || !sleep(ctx, time.Duration(try)*time.Second) {
			return storeError("write checkpoint", err)
		}
		r.Log.Warn("the checkpoint was not written, trying again", "error", err.Error())
	}
}

// outliving is ctx, unless a signal has ended it. Then it is the time to find out what
// became of a write: if it landed, its claims are to be given back.
func (r *run) outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.WithTimeout(context.WithoutCancel(ctx), r.budget.settle)
	}
	return context.WithCancel(ctx)
}

// signed is the document as this tick writes it.
func (r *run) signed(d Document) Document {
	last := r.report
	r.found.addTo(&last)
	last.state(d, time.Now())
	last.TookMS = time.Since(r.began).Milliseconds()
	d.Commit, d.Written, d.Last = r.owner(), time.Now().UTC(), &last
	return d
}

// settle records what became of the claimed deliveries. It runs on its own short
// time, whatever became of the run's: an accepted delivery that is not recorded is
// told again.
func (r *run) settle(ctx context.Context, results []notifier.Result) error {
	r.countSent(results)
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), r.budget.settle)
	defer stop()
	for {
		outbox, changed := r.doc.Outbox.Settle(r.owner(), results, time.Now().UTC())
		if !changed {
			return nil // nothing was claimed, or an earlier try had landed
		}
		n := r.doc
		n.Outbox = outbox
		n = r.signed(n)
		data, err := n.Encode()
		if err != nil {
			return &RunError{CodeInternal, err}
		}
		head, err := r.Store.Swap(ctx, r.head, data)
		if err == nil {
			r.head, r.doc = head, n
			return nil
		}
		if lerr := r.load(ctx); lerr != nil {
			err = errors.Join(err, lerr)
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return storeError("record deliveries", err)
		}
	}
}

// collect removes generations that no run can still need, in what is left of the
// settling time. Failing to do so costs nothing but space.
func (r *run) collect(ctx context.Context) {
	ctx, stop := context.WithDeadline(context.WithoutCancel(ctx), r.budget.work.Add(r.budget.settle))
	defer stop()
	age := max(time.Hour, r.lease.TTL+notifier.ClockSkew)
	if err := r.Store.Collect(ctx, r.head, age); err != nil {
		r.Log.Warn("old checkpoints were not removed", "error", err.Error())
	}
}

func newRunID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(id[:])
}

// sleep waits, or reports that ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
