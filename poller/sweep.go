package poller

import (
	"slices"
	"time"
)

// sweep adds what this run read in full to what is known, unless some of it was
// held back and must be read again.
func (d *differ) sweep(b Batch) {
	s, window := &d.state, d.plan.Limits.window(d.plan.At)
	window.From = later(window.From, s.Origin)
	mark := d.plan.At.Truncate(time.Second) // the current second is still filling
	if d.change.Held > 0 {
		return
	}
	before := s.Swept
	d.answered = b.Err == nil
	for _, span := range d.plan.Limits.Scope.read(b.Whole) {
		s.Swept = union(s.Swept, Span{span.From, earlier(span.To, mark)})
	}
	if s.mark().After(window.From) {
		if d.plan.Gap != nil {
			d.change.Gap, d.change.Changed = d.plan.Gap, true
			s.Origin = window.From
		}
		s.Swept = slices.DeleteFunc(slices.Clone(s.Swept), func(sp Span) bool { return sp.To.Before(d.now.Add(-d.plan.Limits.Window)) })
	}
	d.progress(before, s.Swept, Span{window.From, mark})
}

// progress notes what of the sweep is worth remembering at once: a filled hole,
// but not that the mark moved on.
func (d *differ) progress(before, after []Span, window Span) {
	s := &d.state
	if len(before) == 0 && len(after) > 0 {
		d.change.Changed = true
	}
	if len(before) > 0 {
		known := Span{window.From, before[len(before)-1].To}
		if !slices.Equal(holes(before, known), holes(after, known)) {
			d.change.Changed = true
		}
	}
	if d.costly(before, after) {
		d.change.Changed = true
	}
	if !s.Baseline.IsZero() && len(after) > 0 && len(holes(after, Span{window.From, s.Baseline.Truncate(time.Second)})) == 0 {
		s.Baseline, d.change.Changed = time.Time{}, true
	}
	if s.Reconciled.IsZero() && len(after) > 0 || d.plan.Reconcile && d.answered {
		s.Reconciled, d.change.Changed = d.plan.At, true
	}
}

// A quiet poll is not remembered, so the next one asks from the old mark again.
// That is worth a write when many rows lie between, or when it goes on.
const manyPages = 10

func (d *differ) costly(before, after []Span) bool {
	if len(before) == 0 || len(after) == 0 {
		return false
	}
	limits, again := d.plan.Limits, Span{before[len(before)-1].To, after[len(after)-1].To}
	again.From, again.To = again.From.Add(-limits.Overlap), again.To.Add(-limits.Overlap)
	rows := len(d.state.Done.within(again))
	return rows > manyPages*PageSize || rows > PageSize && d.plan.At.Sub(before[len(before)-1].To) > limits.Overlap
}
