package watch

import (
	"context"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
)

// Status is what refreshwatch remembers, for people and scripts.
type Status struct {
	Generation uint64              `json:"generation"` // 0: nothing was ever written
	Written    time.Time           `json:"written_at,omitzero"`
	Mark       time.Time           `json:"mark,omitzero"` // tasks created before it are known
	Remembered int                 `json:"remembered"`    // finished rows
	InFlight   []poller.Open       `json:"in_flight"`
	Outbox     []notifier.Delivery `json:"outbox"`
	Dead       []notifier.Delivery `json:"dead"`
	Trouble    *Health             `json:"trouble,omitempty"` // polls that fail in a row
	Backfill   *Resume             `json:"backfill,omitempty"`
	Version    Version             `json:"version"`
	LastRun    *Report             `json:"last_run,omitempty"` // the last one that had something to write
}

// status reads the checkpoint and nothing else.
func (r *run) status(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	s := &Status{
		Generation: r.head.Generation, Written: r.doc.Written,
		Remembered: len(r.doc.Poller.Done), InFlight: append([]poller.Open{}, r.doc.Poller.Open...),
		Outbox: append([]notifier.Delivery{}, r.doc.Outbox.Pending...), Dead: append([]notifier.Delivery{}, r.doc.Outbox.Dead...),
		Backfill: r.doc.Backfill, LastRun: r.doc.Last, Version: ThisVersion(),
	}
	if swept := r.doc.Poller.Swept; len(swept) > 0 {
		s.Mark = swept[len(swept)-1].To
	}
	if r.doc.Health.Failures > 0 {
		s.Trouble = &r.doc.Health
	}
	r.facts.status = s
	return nil
}
