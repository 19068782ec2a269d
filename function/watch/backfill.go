package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"refreshwatch/poller"
)

// slicePages is how many pages of a backfill are notified and recorded together:
// some 25 seconds at the default ceiling.
const slicePages = 100

// backfill goes through a whole window, slice by slice, each slice a tick of its own.
// What is left when time runs out is remembered, and the same request continues
// there.
func (r *run) backfill(ctx context.Context) error {
	if w := r.req.window(r.began); w.From.Before(r.began.Add(-apiWindow)) {
		r.Log.Warn("the window begins before the API's three days, older tasks are left out", "from", w.From)
	}
	var left []poller.Query // of the window
	for first := true; first || len(left) > 0; first = false {
		var batch poller.Batch
		var held bool // the outbox has no room for more
		slice := func(ctx context.Context) draft {
			now := time.Now().UTC()
			plan := r.backfillPlan(now)
			if !first {
				plan.Queries = left
			}
			batch = r.fetch(ctx, plan.Queries, min(slicePages, plan.Limits.Pages))
			policy := r.policy()
			policy.Backfill = &poller.Backfill{Match: r.filter().Match, Renotify: r.req.Renotify, LeaveOpen: len(r.req.Sinks) > 0}
			change := r.doc.Poller.Diff(plan, batch, now, policy)
			if held = change.Held > 0; held {
				batch.Rest = slices.Concat(batch.Whole, batch.Rest)
			}
			d := r.draft(change, now)
			r.resume(&d, batch.Rest, now)
			d.found.unproven = batch.Unproven
			d.found.truncated = len(batch.Rest) > 0 && batch.Err == nil
			return d
		}
		if err := r.tick(ctx, slice); err != nil {
			return err
		}
		left, r.apiErr = batch.Rest, batch.Err
		if r.Progress != nil {
			r.Progress(r.report(r.doc))
		}
		if len(batch.Whole) == 0 || held || r.apiErr != nil || r.facts.conflict || !time.Now().Before(r.budget.fetch) {
			break
		}
	}
	return nil
}

// backfillPlan is what the request asks for, or what an earlier run of the same
// request has left.
func (r *run) backfillPlan(now time.Time) poller.Plan {
	plan := poller.BackfillPlan(r.req.window(now), now, r.limits(now), r.filter())
	if b := r.doc.Backfill; b != nil && b.Request == r.fingerprint() && now.Sub(b.At) < resumeWithin {
		return plan.Resume(b.Rest)
	}
	return plan
}

func (r *run) filter() poller.Filter {
	f := poller.Filter{
		ObjectTypes: r.req.ObjectTypes, Domains: r.req.Domains,
		TaskID: r.req.TaskID, ObjectPath: r.req.ObjectPath,
	}
	for _, s := range r.req.Statuses {
		f.Statuses = append(f.Statuses, poller.Status(s))
	}
	return f
}

// resumeWithin is how long the same request continues the earlier one: a later one,
// such as that of a daily timer, begins again.
const resumeWithin = time.Hour

// resume remembers where the backfill stands.
func (r *run) resume(d *draft, rest []poller.Query, now time.Time) {
	switch {
	case len(rest) > 0:
		d.doc.Backfill = &Resume{Request: r.fingerprint(), At: now, Rest: rest}
		d.changed = true
	case d.doc.Backfill != nil && d.doc.Backfill.Request == r.fingerprint():
		d.doc.Backfill = nil
		d.changed = true
	}
}

func (r *run) fingerprint() string {
	text, _ := json.Marshal(r.req)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
