package watch

import (
	"context"
	"slices"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
)

// Status is the stored state, for people and scripts.
type Status struct {
	Generation uint64              `json:"generation"` // 0: nothing was ever written
	Written    time.Time           `json:"written_at,omitzero"`
	Mark       time.Time           `json:"mark,omitzero"` // tasks created before it are known
	Remembered int                 `json:"remembered"`    // finished rows
	InFlight   []poller.InFlight   `json:"in_flight"`
	Outbox     []notifier.Delivery `json:"outbox"`
	Dead       []notifier.Delivery `json:"dead"`
	Orphans    map[string]int      `json:"orphans,omitempty"` // deliveries of sinks that are not configured any more
	Trouble    *Health             `json:"trouble,omitempty"` // polls that fail in a row
	Backfill   *Resume             `json:"backfill,omitempty"`
	Version    Version             `json:"version"`
	LastRun    *Report             `json:"last_run,omitempty"` // the last one that had something to write
	Quota      []poller.Quota      `json:"quota,omitempty"`    // of today, where the permission is there
}

// status reads the checkpoint, and what is left of today's quota. It has nothing to say
// of a quota that cannot be read: check has.
func (r *run) status(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	if err := r.doc.Of.Check(r.Origin); err != nil {
		return err
	}
	s := &Status{
		Generation: r.head.Generation, Written: r.doc.Written,
		Remembered: len(r.doc.Poller.Finished), InFlight: r.watched(r.doc.Poller.InFlight),
		Outbox: withoutUsers(r.doc.Outbox.Pending), Dead: withoutUsers(r.doc.Outbox.Dead),
		Orphans: r.doc.Outbox.Orphans(r.isConfigured), Backfill: r.doc.Backfill, LastRun: r.doc.Last, Version: ThisVersion(),
	}
	s.Mark = r.doc.Poller.Mark()
	if r.doc.Health.Failures > 0 {
		s.Trouble = &r.doc.Health
	}
	if answer := r.readQuota(ctx); answer != nil {
		s.Quota = answer.left
	}
	r.facts.status = s
	return nil
}

// watched are the rows in flight that are in scope.
func (r *run) watched(rows []poller.InFlight) []poller.InFlight {
	watched := []poller.InFlight{}
	for _, o := range rows {
		if r.Scope.Has(o.Task) {
			o.ObjectPath = poller.MaskUser(o.ObjectPath)
			watched = append(watched, o)
		}
	}
	return watched
}

// withoutUsers are the deliveries as they are shown: a password in an object's path
// stays in the checkpoint.
func withoutUsers(deliveries []notifier.Delivery) []notifier.Delivery {
	shown := []notifier.Delivery{}
	for _, d := range deliveries {
		d.Events = slices.Clone(d.Events)
		for i := range d.Events {
			d.Events[i].Task.ObjectPath = poller.MaskUser(d.Events[i].Task.ObjectPath)
		}
		shown = append(shown, d)
	}
	return shown
}
