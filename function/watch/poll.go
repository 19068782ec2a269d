package watch

import (
	"context"
	"errors"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// fetchWorkers is how many pages are asked for at once when the answers are slower
// than the ceiling on requests.
const fetchWorkers = 8

// poll asks what changed since the last committed poll.
func (r *run) poll(ctx context.Context) draft {
	now := time.Now().UTC()
	state := r.doc.Poller
	isNew := r.doc.Of.isNewKey(r.Origin)
	if isNew {
		state = state.Anew(now)
	}
	plan := state.Plan(now, r.limits(now))
	batch := r.read(ctx, func(ctx context.Context, api *poller.Reader) { api.Poll(ctx, state, plan, r.fetchUntil) })
	change := state.Diff(plan, batch, now, r.policy())
	d := r.draft(change)
	if r.newKey = isNew && batch.Calls > 0; r.newKey {
		r.Log.Warn("another access key polls with this checkpoint: finished tasks recorded without notification",
			"hint", "If the key belongs to the same account, run backfill to notify about what finished meanwhile; else give it a CHECKPOINT of its own")
	}
	d.changed = d.changed || r.newKey
	r.addNotices(&d, batch.Err, change.Gap, now)
	d.doc.Quota = d.doc.Quota.noting(hasNewRows(change, now))

	d.found.truncated = change.Truncated && batch.Err == nil
	d.found.stuck = change.State.Stuck
	d.found.unproven = batch.Unproven
	if batch.Refused > 0 {
		r.Log.Warn("the API rejects the ids of some tasks in flight; they are asked for by time", "tasks", batch.Refused)
	}
	r.apiErr = batch.Err
	r.watchQuota(ctx, &d)
	return d
}

// errNoAnswer is an API that let a whole run's time pass without one answer.
var errNoAnswer = &poller.Error{Class: poller.Transient, Code: "Timeout", Err: errors.New("no answer in the time of this run")}

// read asks within the time that is kept for it. Running out of it is no error, as long
// as the API answers: the next run continues where this one stopped.
func (r *run) read(ctx context.Context, ask func(context.Context, *poller.Reader)) poller.Batch {
	ctx, stop := context.WithDeadline(ctx, r.budget.fetch)
	defer stop()
	reader := poller.NewReader(r.API, r.doc.Poller, fetchWorkers)
	ask(ctx, reader)
	batch := reader.Batch()
	r.facts.read(batch)
	if batch.Calls > 0 {
		r.sure = batch.Clock(r.head.Now, time.Now().UTC())
	}
	if errors.Is(batch.Err, context.DeadlineExceeded) {
		batch.Err = nil
		if r.facts.calls == 0 {
			batch.Err = errNoAnswer
		}
	}
	return batch
}

// fetchUntil is when the questions end of a run that has come upon so many finished
// rows: the time that they and the outbox need to be sent is kept.
func (r *run) fetchUntil(finished int) time.Time {
	if r.doc.Poller.Began.IsZero() && !r.NotifyFirst {
		finished = 0 // history
	}
	waiting := 0
	for _, d := range r.doc.Outbox.Pending {
		if r.isConfigured(d.Sink) && !d.NotBefore.After(r.head.Now) {
			waiting++
		}
	}
	return r.budget.fetchUntil(waiting, finished*max(1, len(r.Targets)))
}

func (r *run) limits(now time.Time) poller.Limits {
	l := poller.DefaultLimits()
	l.Margin = min(r.budget.deadline.Sub(now), 10*time.Minute) + time.Minute
	l.Pages = r.budget.pages(now, r.QPS)
	l.Room = r.room()
	return l
}

// room are the sinks with room for many more events. One whose share is nearly full
// would take a few rows of the thousands that are read for it.
func (r *run) room() poller.Sinks {
	room := poller.AllSinks // a sink that was removed is owed nothing
	for name, left := range r.sharesLeft() {
		if left < r.share()/2 {
			room &^= r.doc.bits(name)
		}
	}
	return room
}

// share is how many bytes of the outbox one sink may fill.
func (r *run) share() int { return notifier.MaxBytes / len(r.Targets) }

// sharesLeft is what is left of it, for each sink.
func (r *run) sharesLeft() map[string]int {
	left := map[string]int{}
	for _, t := range r.Targets {
		left[t.Name] = r.share() - r.doc.Outbox.BytesFor(t.Name)
	}
	return left
}

// policy is who is notified of what. Each sink has a share of the outbox, so that one
// that is down holds back its own events only.
func (r *run) policy() poller.Policy {
	names := r.sinkNames()
	left := r.sharesLeft()
	overhead := map[string]int{}
	for _, t := range r.Targets {
		if t.Grouping == sink.PerTask {
			overhead[t.Name] = notifier.DeliveryBytes / 4 // few share a message, or many
		}
	}
	r.fullSinks = map[string]bool{}
	return poller.Policy{
		Scope:        r.Scope,
		NotifyFirst:  r.NotifyFirst,
		StalledAfter: r.StalledAfter,
		Clock:        r.head.Now,
		Full:         r.full,
		Sinks: func(e poller.Event) poller.Sinks {
			var bits poller.Sinks
			for _, to := range r.recipients(e) {
				bits |= r.doc.bits(to.Sink)
			}
			return bits
		},
		Room: func(e poller.Event, want poller.Sinks) (got poller.Sinks) {
			for _, name := range names {
				switch bit := r.doc.bits(name); {
				case want&bit == 0:
				case left[name] <= 0:
					r.fullSinks[name] = true
				default:
					left[name] -= notifier.EventBytes(e) + overhead[name]
					got |= bit
				}
			}
			return got
		},
	}
}
