package watch

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
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
	r := &run{App: a, req: req, id: NewRunID(), began: time.Now()}
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

func NewRunID() string {
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
