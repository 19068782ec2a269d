package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller/checkpoint"
)

// writeTries bounds how often one commit is written, with a growing pause. A store
// that refuses for good is not asked until the deadline.
const writeTries = 3

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
