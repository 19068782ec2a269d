package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// fetchWorkers is how many pages are asked for at once when the answers are slower
// than the ceiling on requests.
const fetchWorkers = 8

// slicePages is how many pages of a backfill are told and recorded together: some
// 25 seconds at the default ceiling.
const slicePages = 100

// poll looks for what changed since the last committed poll.
func (r *run) poll(ctx context.Context) next {
	now := time.Now().UTC()
	limits := r.limits(now)
	state := r.doc.Poller

	plan := state.Plan(now, limits)
	batch := r.fetch(ctx, plan.Queries, limits.Pages)
	batch = batch.Merge(r.fetch(ctx, state.LookUps(plan, batch), limits.Pages))
	r.report.Fetched += len(batch.Tasks)
	change := state.Diff(plan, batch, now, r.policy())

	n := r.remember(change, now)
	r.note(&n, batch.Err, change.Gap, now)
	r.found.truncated = len(batch.Rest) > 0 && batch.Err == nil || change.Held > 0
	r.found.unproven = batch.Unproven
	r.apiErr = batch.Err
	return n
}

// redrive puts dead deliveries back into the outbox.
func (r *run) redrive(context.Context) next {
	n := next{doc: r.doc}
	n.doc.Outbox = r.doc.Outbox.Redrive(r.toldSink, time.Now().UTC())
	n.changed = len(n.doc.Outbox.Dead) != len(r.doc.Outbox.Dead)
	return n
}

// backfill tells of a whole window, slice by slice, each slice a tick of its own.
// What is left when time runs out is remembered, and the same call goes on there.
func (r *run) backfill(ctx context.Context) error {
	if w, _ := r.req.window(r.began); w.From.Before(r.began.Add(-apiWindow)) {
		r.Log.Warn("the API keeps three days: what was created before is left out", "from", w.From)
	}
	var left []poller.Query // of the window
	for first := true; first || len(left) > 0; first = false {
		var batch poller.Batch
		var held bool // the outbox has no room for more
		slice := func(ctx context.Context) next {
			now := time.Now().UTC()
			plan := r.backfillPlan(now)
			if !first {
				plan.Queries = left
			}
			batch = r.fetch(ctx, plan.Queries, min(slicePages, plan.Limits.Pages))
			r.report.Fetched += len(batch.Tasks)
			policy := r.policy()
			policy.Backfill = &poller.Backfill{Match: r.filter().Match, Renotify: r.req.Renotify, LeaveOpen: len(r.req.Sinks) > 0}
			change := r.doc.Poller.Diff(plan, batch, now, policy)
			if held = change.Held > 0; held {
				batch.Rest = slices.Concat(batch.Whole, batch.Rest)
			}
			n := r.remember(change, now)
			r.resume(&n, batch.Rest, now)
			return n
		}
		if err := r.tick(ctx, slice); err != nil {
			return err
		}
		left, r.apiErr = batch.Rest, batch.Err
		r.report.Unproven = batch.Unproven
		r.report.Truncated = len(left) > 0 && r.apiErr == nil
		if r.Progress != nil {
			r.Progress(r.report)
		}
		if len(batch.Whole) == 0 || held || r.apiErr != nil || r.report.Conflict || !time.Now().Before(r.budget.fetch) {
			break
		}
	}
	return nil
}

// backfillPlan is what the request asks for, or what an earlier run of the same
// request has left.
func (r *run) backfillPlan(now time.Time) poller.Plan {
	w, _ := r.req.window(now) // Validate has seen to the error
	plan := poller.BackfillPlan(w, now, r.limits(now), r.filter())
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

// resumeWithin is how long the same call means to go on: a later one, such as that
// of a daily timer, begins anew.
const resumeWithin = time.Hour

// resume remembers where the backfill stands.
func (r *run) resume(n *next, rest []poller.Query, now time.Time) {
	switch {
	case len(rest) > 0:
		n.doc.Backfill = &Resume{Request: r.fingerprint(), At: now, Rest: rest}
		n.changed = true
	case n.doc.Backfill != nil && n.doc.Backfill.Request == r.fingerprint():
		n.doc.Backfill = nil
		n.changed = true
	}
}

func (r *run) fingerprint() string {
	text, _ := json.Marshal(r.req)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// errSilent is an API that let a whole run's time pass without one answer.
var errSilent = &poller.Error{Class: poller.Transient, Code: "Timeout", Err: errors.New("no answer in the time of this run")}

// fetch asks within the time that is kept for it. Running out of it is no error, as
// long as the API answers: what was not asked is the batch's rest.
func (r *run) fetch(ctx context.Context, qs []poller.Query, pages int) poller.Batch {
	if len(qs) == 0 {
		return poller.Batch{}
	}
	ctx, stop := context.WithDeadline(ctx, r.budget.fetch)
	defer stop()
	batch := poller.Fetch(ctx, r.API, qs, poller.FetchOptions{Workers: fetchWorkers, Pages: pages})
	r.report.APICalls += batch.Calls
	if errors.Is(batch.Err, context.DeadlineExceeded) {
		batch.Err = nil
		if r.report.APICalls == 0 {
			batch.Err = errSilent
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
		Tell:         func(e poller.Event) bool { return len(r.targets(e)) > 0 },
	}
}

// remember makes the next document of what changed: the new state, and the news in
// the outbox.
func (r *run) remember(c poller.Change, now time.Time) next {
	n := next{doc: r.doc, changed: c.Changed}
	n.doc.Poller = c.State
	n.doc.Outbox = r.doc.Outbox.Add(r.deliveries(c.Events, now))
	r.found.change = c
	return n
}

// note adds what refreshwatch has to say about itself: a gap, trouble that lasts,
// its end.
func (r *run) note(n *next, apiErr error, gap *poller.Span, now time.Time) {
	if gap != nil {
		r.found.gap = gap
		n.doc.Outbox = n.doc.Outbox.Add(notifier.Announce(r.Channels, template.Gap, gapNotice(*gap), now))
		n.changed = true
	}
	health, kind, notice := n.doc.Health.After(apiErr, now)
	if notice != nil {
		n.doc.Outbox = n.doc.Outbox.Add(notifier.Announce(r.Channels, kind, notice, now))
	}
	n.changed = n.changed || health != n.doc.Health
	n.doc.Health = health
}

// deliveries batches the events for each channel they are routed to.
func (r *run) deliveries(events []poller.Event, now time.Time) []notifier.Delivery {
	routed := map[string][]notifier.Routed{}
	for _, e := range events {
		for _, t := range r.targets(e) {
			routed[t.Sink] = append(routed[t.Sink], notifier.Routed{Event: e, Mention: t.Mention})
		}
	}
	var all []notifier.Delivery
	for _, c := range r.Channels {
		all = append(all, notifier.Batch(c.Name, c.Style, routed[c.Name], now)...)
	}
	return all
}

func (r *run) targets(e poller.Event) []notifier.Target {
	return slices.DeleteFunc(r.Routes.Targets(e), func(t notifier.Target) bool { return !r.toldSink(t.Sink) })
}

// toldSink reports whether the request leaves the sink in.
func (r *run) toldSink(sink string) bool {
	return len(r.req.Sinks) == 0 || slices.Contains(r.req.Sinks, sink)
}

// gapNotice is what people are told when tasks may have come and gone unseen.
func gapNotice(gap poller.Span) *template.Notice {
	return &template.Notice{From: gap.From, To: gap.To, Code: "gap",
		Hint: "Tasks created in that time may have ended unseen: the API forgets them after three days. Look them up in the console."}
}
