package watch

import (
	"context"
	"errors"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
)

// fetchWorkers is how many pages are asked for at once when the answers are slower
// than the ceiling on requests.
const fetchWorkers = 8

// poll asks what changed since the last committed poll.
func (r *run) poll(ctx context.Context) draft {
	now := time.Now().UTC()
	limits := r.limits(now)
	state := r.doc.Poller

	plan := state.Plan(now, limits)
	batch := r.fetch(ctx, plan.Queries, limits.Pages)
	batch = batch.Merge(r.fetch(ctx, state.LookUps(plan, batch), limits.Pages))
	change := state.Diff(plan, batch, now, r.policy())
	d := r.draft(change, now)
	r.addNotices(&d, batch.Err, change.Gap, now)

	d.found.truncated = len(batch.Rest) > 0 && batch.Err == nil || change.Held > 0
	d.found.unproven = batch.Unproven
	r.apiErr = batch.Err
	return d
}

// errNoAnswer is an API that let a whole run's time pass without one answer.
var errNoAnswer = &poller.Error{Class: poller.Transient, Code: "Timeout", Err: errors.New("no answer in the time of this run")}

// fetch asks within the time that is kept for it. Running out of it is no error, as
// long as the API answers: what was not asked is the batch's rest.
func (r *run) fetch(ctx context.Context, qs []poller.Query, pages int) poller.Batch {
	if len(qs) == 0 {
		return poller.Batch{}
	}
	ctx, stop := context.WithDeadline(ctx, r.budget.fetch)
	defer stop()
	batch := poller.Fetch(ctx, r.API, qs, poller.FetchOptions{Workers: fetchWorkers, Pages: pages})
	r.facts.read(batch)
	if errors.Is(batch.Err, context.DeadlineExceeded) {
		batch.Err = nil
		if r.facts.calls == 0 {
			batch.Err = errNoAnswer
		}
	}
	return batch
}

func (r *run) limits(now time.Time) poller.Limits {
	l := poller.DefaultLimits()
	l.Margin = min(r.budget.deadline.Sub(now), 10*time.Minute) + time.Minute
	l.Pages = r.budget.pages(now, r.QPS)
	l.Scope = r.Scope
	return l
}

func (r *run) policy() poller.Policy {
	return poller.Policy{
		NotifyFirst:  r.NotifyFirst,
		StalledAfter: r.StalledAfter,
		Room:         (notifier.MaxEvents - r.doc.Outbox.Events()) / max(1, len(r.Channels)),
		Tell:         func(e poller.Event) bool { return len(r.recipients(e)) > 0 },
	}
}
