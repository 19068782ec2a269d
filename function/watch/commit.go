package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
)

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
	if err := doc.Of.Check(r.Origin); err != nil {
		return err
	}
	if doc, err = doc.withSinks(r.sinkNames()); err != nil {
		return &RunError{CodeConfig, err}
	}
	r.head, r.doc = head, doc
	return nil
}

// now is the time by the store's clock. What the outbox counts from is on that clock:
// a machine whose own is days off must not age, pause or hold what others will send.
func (r *run) now() time.Time {
	return r.head.Now.UTC().Add(time.Since(r.lease.Asked))
}

// writeTries bounds how often one commit is written, with a growing pause. A store
// that refuses for good is not asked until the deadline.
const writeTries = 3

// errTooLarge is a document that cannot be written.
var errTooLarge = errors.New("the checkpoint can hold no more")

// commit writes the next document, if it holds anything new. It returns nil once
// the store holds it: after any answer but a plain success the head is read, and
// what it says counts.
func (r *run) commit(ctx context.Context, d draft) error {
	if !d.changed {
		return nil
	}
	doc := r.stamped(d.doc, d.found)
	data, err := doc.Encode()
	if err != nil {
		return &RunError{CodeOutboxFull, fmt.Errorf("%w: %w", errTooLarge, err)}
	}
	lease := r.lease // the claims end by the first load's clock
	for try := 1; ; try++ {
		stood := r.head.Generation
		head, err := r.Store.Swap(ctx, r.head, data)
		if err == nil {
			r.head, r.doc = head, doc
			return nil
		}
		reading, stop := r.graceContext(ctx)
		lerr := r.load(reading)
		stop()
		if lerr != nil {
			return fmt.Errorf("%w (after: %v)", lerr, err)
		}
		r.lease = lease
		switch {
		case r.doc.Commit == r.owner() || len(r.doc.Outbox.Claimed(r.owner())) > 0:
			return nil // it landed, only the answer was lost
		case r.head.Generation != stood:
			return checkpoint.ErrConflict
		}
		if errors.Is(err, checkpoint.ErrConflict) {
			err = errors.New("the store refuses a new generation as existing and holds none. Check that nothing else writes under CHECKPOINT, and run check")
		}
		if try == writeTries || poller.Sleep(ctx, time.Duration(try)*time.Second) != nil {
			return storeError("write checkpoint", err)
		}
		r.Log.Warn("checkpoint not written, retrying", "error", err.Error())
	}
}

// graceContext is ctx, unless a signal has ended it. Then it is the time to find out
// what became of a write: if it landed, its claims are to be given back.
func (r *run) graceContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.WithTimeout(context.WithoutCancel(ctx), r.budget.settle)
	}
	return context.WithCancel(ctx)
}

// stamped is the document as this tick writes it: with its owner, and the report as
// it will be when the write succeeds.
func (r *run) stamped(d Document, pending ...findings) Document {
	last := r.report(d, pending...)
	d.Commit, d.Written, d.Last, d.Of = r.owner(), time.Now().UTC(), &last, d.Of.with(r.origin(d.Of))
	return r.withLosses(d, 0)
}

// deliver sends what this tick has claimed. Results are recorded while others are
// still under way; one that could not be recorded then is recorded with the rest.
func (r *run) deliver(ctx context.Context) error {
	mine := r.addressed(r.doc.Outbox.Claimed(r.owner()))
	var results []notifier.Result
	for piece := range notifier.Deliver(ctx, r.Targets, mine, r.lease.MayStart) {
		r.countSent(piece)
		results = append(results, piece...)
		if len(results) == len(mine) {
			break // the last ones
		}
		if err := r.settle(ctx, results, false); err != nil {
			r.Log.Warn("checkpoint not written, retrying", "error", err.Error())
		}
	}
	err := r.settle(ctx, results, true)
	r.logFailures(results)
	return err
}

// settle records results, and when they are the last gives back what was claimed and
// not tried. It runs on its own short time, whatever became of the run's: an accepted
// delivery that is not recorded is sent again.
func (r *run) settle(ctx context.Context, results []notifier.Result, last bool) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), r.budget.settle)
	defer stop()
	for {
		outbox, changed := r.doc.Outbox.Settle(r.owner(), results, r.now(), r.sure)
		if last {
			var released bool
			outbox, released = outbox.Release(r.owner())
			changed = changed || released
		}
		if !changed {
			return nil // nothing was claimed, or an earlier try had landed
		}
		doc := r.doc
		doc.Outbox = outbox
		doc = r.stamped(doc)
		data, err := doc.Encode()
		if err != nil {
			return &RunError{CodeInternal, err}
		}
		head, err := r.Store.Swap(ctx, r.head, data)
		if err == nil {
			r.head, r.doc = head, doc
			return nil
		}
		lease := r.lease // the claims end by the first load's clock
		if lerr := r.load(ctx); lerr != nil {
			err = errors.Join(err, lerr)
		}
		r.lease = lease
		if poller.Sleep(ctx, 100*time.Millisecond) != nil {
			return storeError("record deliveries", err)
		}
	}
}

// countSent adds up what the sinks accepted.
func (r *run) countSent(results []notifier.Result) {
	for _, res := range results {
		if res.Err == nil {
			r.facts.sent++
			r.facts.covered += res.Rows
		}
	}
}

// logFailures logs what the sinks did not accept, and what that means: a delivery may
// be dead for other reasons than its last answer.
func (r *run) logFailures(results []notifier.Result) {
	dead := map[string]string{}
	for _, d := range r.doc.Outbox.Dead {
		dead[d.ID] = d.LastError
	}
	for _, res := range results {
		log := r.Log.With("sink", res.Sink, "delivery", res.ID)
		switch {
		case res.Err == nil:
		case res.Dropped:
			log.Warn("delivery may be lost", "reason", res.Err.Error(), "policy", "on_unknown: drop")
		case dead[res.ID] != "":
			log.Error("delivery rejected permanently", "reason", dead[res.ID])
		default:
			log.Warn("delivery failed, will retry", "class", string(res.Err.Class), "reason", res.Err.Error())
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
		r.Log.Warn("old checkpoint generations not removed", "error", err.Error())
	}
}
