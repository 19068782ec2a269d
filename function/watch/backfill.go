package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"refreshwatch/poller"
)

// slicePages is how many pages of a backfill are notified and recorded together:
// some 25 seconds at the default ceiling.
const slicePages = 100

// backfill goes through a whole window, slice by slice, each slice a tick of its own.
// What is left when time runs out is stored, and the same request continues there.
func (r *run) backfill(ctx context.Context) error {
	if w := r.req.window(r.began); w.From.Before(r.began.Add(-apiWindow)) {
		r.Log.Warn("the window begins before the API's three days, older tasks are left out", "from", w.From.UTC().Truncate(time.Second))
	}
	ids := &TaskIDs{Lister: r.API}
	if r.req.TaskID != "" {
		app := *r.App // what is shared stays as it is
		app.API, r.App = ids, &app
	}
	var left []poller.Window
	for first := true; first || len(left) > 0; first = false {
		var s slice
		if err := r.tick(ctx, func(ctx context.Context) draft {
			s = slice{asked: left}
			if first {
				s.asked = r.backfillWindows(time.Now().UTC())
			}
			return r.slice(ctx, &s)
		}); err != nil {
			return err
		}
		left, r.apiErr = s.rest, s.batch.Err
		if err := ids.Malformed(r.req.TaskID); err != nil {
			return err
		}
		if r.Progress != nil {
			r.Progress(r.report(r.doc))
		}
		// Without room or without an answer the next slice would find no more.
		if s.held || s.batch.Calls == 0 || r.apiErr != nil || r.facts.conflict || !time.Now().Before(r.fetchUntil(0)) {
			break
		}
	}
	if r.req.TaskID != "" && len(r.facts.rows) == 0 && r.apiErr == nil {
		r.Log.Warn("the API does not list this task id", "task_id", r.req.TaskID)
	}
	return nil
}

// slice is a part of a backfill.
type slice struct {
	asked, rest []poller.Window
	batch       poller.Batch
	held        bool // the outbox has no room for more
}

func (r *run) slice(ctx context.Context, s *slice) draft {
	now := time.Now().UTC()
	s.asked = poller.Resume(s.asked, now, r.limits(now))
	s.batch = r.read(ctx, func(ctx context.Context, api *poller.Reader) {
		api.Limit(slicePages)
		for _, w := range s.asked {
			api.Read(ctx, r.fetchUntil(0), w)
		}
	})
	change, rest := r.doc.Poller.Backfill(s.asked, s.batch, now, r.policy(), poller.Backfill{
		Filter: r.filter(), Renotify: r.req.Renotify, Dry: r.req.DryRun, Partial: len(r.req.Sinks) > 0,
	})
	s.rest, s.held = rest, change.Held > 0
	d := r.draft(change)
	r.resume(&d, rest, now)
	d.found.unproven = r.facts.unproven + s.batch.Unproven
	d.found.truncated = len(rest) > 0 && s.batch.Err == nil
	return d
}

// backfillWindows are what the request asks for, or what an earlier run of the same
// request has left.
func (r *run) backfillWindows(now time.Time) []poller.Window {
	if b := r.doc.Backfill; b != nil && b.Request == r.fingerprint() && now.Sub(b.At) < resumeWithin {
		return b.Rest
	}
	return r.filter().Windows(r.req.window(now), now, r.limits(now))
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

// resume stores how far the backfill has come.
func (r *run) resume(d *draft, rest []poller.Window, now time.Time) {
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
