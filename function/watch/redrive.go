package watch

import (
	"context"
	"slices"

	"refreshwatch/poller"
)

// redrive puts dead deliveries back into the outbox; the tick then delivers them. With
// discard it drops them instead, and what waits for sinks that are gone.
func (r *run) redrive(context.Context) draft {
	d := draft{doc: r.doc}
	if r.req.Discard {
		d.doc.Outbox, d.found.discarded = r.doc.Outbox.Discard(r.isSelected, r.isConfigured)
		d.changed = d.found.discarded > 0
		return d
	}
	var superseded int
	d.doc.Outbox, superseded = r.doc.Outbox.Redrive(r.isSelected, r.isStale, r.now())
	d.changed = len(d.doc.Outbox.Dead) != len(r.doc.Outbox.Dead)
	if superseded > 0 {
		r.Log.Info("dead letters not sent again: their tasks have another status by now", "messages", superseded)
	}
	return d
}

// isStale reports whether an event's row has another status by now.
func (r *run) isStale(e poller.Event) bool {
	status, known := r.doc.Poller.FinishedAs(e.Task)
	return known && e.Kind == poller.Finished && status != e.Task.Status
}

// checkSinks rejects a request about unknown sinks. What waits for a sink
// that is gone can still be discarded, by the name it had.
func (r *run) checkSinks() error {
	var known []string
	for _, c := range r.Targets {
		known = append(known, c.Name)
	}
	if r.req.Discard {
		known = append(known, r.doc.Outbox.Sinks()...)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	var mistakes []*poller.Mistake
	for _, name := range r.req.Sinks {
		switch {
		case slices.Contains(known, name):
		case r.req.Action == ActionRedrive && slices.Contains(r.doc.Outbox.Sinks(), name):
			mistakes = append(mistakes, &poller.Mistake{Setting: "sinks", Problem: poller.Quote(name) + " is removed, and messages wait for it",
				Next: "Configure it again, or add -discard to drop them"})
		default:
			mistakes = append(mistakes, &poller.Mistake{Setting: "sinks", Problem: poller.Quote(name) + " is not configured", Next: Suggest(name, known)})
		}
	}
	if len(mistakes) > 0 {
		return Usage(mistakes...)
	}
	return nil
}
