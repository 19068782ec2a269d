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

// App is what every run works with. It holds no state between runs.
type App struct {
	API     poller.Lister
	Quota   QuotaReader // nil: the quota is neither shown nor watched
	Store   checkpoint.Store
	Targets []notifier.Target
	Routes  notifier.Routes
	Origin  Origin // whose tasks API lists

	Scope        poller.Scope
	NotifyFirst  bool          // FIRST_RUN=notify
	StalledAfter time.Duration // 0: off
	QPS          float64       // the ceiling on API requests a second
	Attended     bool          // somebody reads the run's error: its sinks are not notified of failing polls
	Printed      bool          // no sink is configured: the only target prints
	Log          *slog.Logger
	Progress     func(Report) // called after each slice of a backfill; may be nil

	// StopAsking is closed when no answer of the API is to be waited for any longer; a run
	// that has its answers goes on, and settles what it has claimed. nil: never.
	StopAsking <-chan struct{}
}

// Run does what the request asks within ctx's deadline, which it must have. The
// report covers what was done, also beside an error.
func (a *App) Run(ctx context.Context, req Request) (Report, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return Report{Action: req.Action}, &RunError{CodeInternal, errors.New("the run has no deadline")}
	}
	r := &run{App: a, req: req, id: NewRunID(), began: time.Now()}
	r.budget = newBudget(r.began, deadline)
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
	return r.finish(r.interruption(ctx, err))
}

// run is one invocation under way.
type run struct {
	*App
	req    Request
	id     string
	began  time.Time
	budget budget
	ticks  int // begun so far
	kept   int // of them committed

	head  checkpoint.Doc // the generation this run stands on
	doc   Document       // that generation, decoded
	lease notifier.Lease // how long this run may send what it claims

	sure      time.Time       // the earliest of all clocks, once the API has answered; else zero
	full      bool            // the document can hold no more rows
	fullSinks map[string]bool // sinks whose share of the outbox was used up in this tick
	facts     facts           // what the report will say
	quota     *quotaAnswer    // nil until it was asked for: once is enough
	newKey    bool            // this tick has made history of what another key's account has finished
	apiErr    error           // why the API gave no full answer; what could be done without it was done
}

// tick is the whole job, once:
//
//	load → plan → fetch → diff → route → claim → commit → deliver → settle → report
//
// propose is its middle: what to ask, the answers, and the document that would follow.
// A run may die after any line, and loses nothing by it.
func (r *run) tick(ctx context.Context, propose func(context.Context) draft) error {
	r.ticks++
	for range commitTries {
		// load: always before the API is asked. A document that is read later could hold
		// newer observations than the answers it is compared with.
		if err := r.load(ctx); err != nil {
			return err
		}
		if err := r.checkSinks(); err != nil {
			return err
		}

		// plan, fetch, diff, route: a crash up to here leaves nothing behind, and the next
		// run asks the same again.
		d, err := r.ask(ctx, propose)
		if err != nil {
			return err
		}

		// claim: what is due is this run's to send until a little after its deadline.
		r.claim(&d)
		if r.req.DryRun {
			r.doc.Poller = d.doc.Poller // reported, never written
			r.facts.plan(d.doc.Outbox.Claimed(r.owner()))
			r.facts.add(d.found)
			return nil
		}

		d.changed = d.changed || r.lost() > 0 // which ends with this commit

		// commit: a crash before it has changed nothing. After it, what was seen and every
		// delivery it calls for are stored; what this run does not send, another run does
		// when the claims expire.
		switch err := r.commit(ctx, d); {
		case errors.Is(err, checkpoint.ErrConflict):
			continue // the winner's document may be newer than these answers: begin again
		case errors.Is(err, errTooLarge) && !r.full:
			r.full = true // hold back what is not known yet, and go on with the rest
			continue
		case err != nil:
			return err
		}
		r.facts.add(d.found)
		r.kept++

		// deliver, and settle what is known every few seconds: a crash here leaves only what
		// was accepted since then unrecorded. It is sent again, with the same delivery id.
		// After the last settlement a crash leaves nothing to do.
		if err := r.deliver(ctx); err != nil {
			return err
		}

		// Old generations that a crash leaves are removed by the next run that writes.
		if d.changed {
			r.collect(ctx)
		}
		return nil
	}
	r.facts.conflict = true
	r.countLoss(ctx)
	return nil
}

// ask proposes, unless the questions were cut short: half of the answers are no result,
// and no failure to count.
func (r *run) ask(ctx context.Context, propose func(context.Context) draft) (draft, error) {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-r.StopAsking:
			stop()
		case <-asking.Done():
		}
	}()
	d := propose(asking)
	if errors.Is(asking.Err(), context.Canceled) {
		return draft{}, asking.Err()
	}
	return d, nil
}

// commitTries bounds how often a run that lost its commit asks and compares again.
const commitTries = 3

// draft is the document that would follow the one that was loaded.
type draft struct {
	doc     Document
	changed bool     // it is worth writing
	found   findings // what the report gains by it
}

// claim puts this run's name on what is due for delivery. Deliveries to sinks that
// were removed from the configuration long ago are dropped.
func (r *run) claim(d *draft) {
	kept, dropped := d.doc.Outbox, 0
	if !r.Printed { // which knows of no sink, and so of none that was removed
		kept, dropped = kept.DropOrphans(r.isConfigured, r.sure)
	}
	outbox, mine := kept.Claim(r.owner(), r.maySend, r.head.Now, r.head.Now.Add(r.lease.TTL))
	d.doc.Outbox = outbox
	d.changed = d.changed || dropped > 0 || len(mine) > 0
	if dropped > 0 {
		r.Log.Warn("dropped deliveries for removed sinks", "messages", dropped)
	}
	for name, n := range outbox.Orphans(r.isConfigured) {
		r.Log.Warn("deliveries wait for a removed sink", "sink", name, "messages", n)
	}
}

// maySend reports whether this run sends to the sink. A discard sends nothing.
func (r *run) maySend(sink string) bool { return !r.req.Discard && r.isConfigured(sink) }

// owner names this tick in the claims and in the generations it writes. A backfill
// has several ticks, and must not take the write of an earlier one for its own.
func (r *run) owner() string { return fmt.Sprintf("%s-%d", r.id, r.ticks) }

func (r *run) isConfigured(sink string) bool {
	return slices.ContainsFunc(r.Targets, func(c notifier.Target) bool { return c.Name == sink })
}

// NewRunID is 128 random bits, in hex.
func NewRunID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(id[:])
}
