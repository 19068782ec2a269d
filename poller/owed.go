package poller

import (
	"slices"
	"time"
)

// Owed is where finished rows lie that some of their sinks had no room for. They are
// read again when such a sink has room, and else less and less often: a sink that is
// down for days must not cost requests at every poll.
type Owed struct {
	Spans []Span    `json:"spans,omitempty"` // of creation times, oldest first and apart
	Sinks Sinks     `json:"sinks,omitempty"` // that had no room; 0: it is the state that was full
	Again time.Time `json:"again,omitzero"`  // when they are read again, whoever has room
	Tries int       `json:"tries,omitempty"` // readings in a row that notified nobody
}

// due reports whether the rows are to be read, when these sinks have room.
func (o Owed) due(now time.Time, room Sinks) bool {
	waits := o.Again.After(now) && o.Again.Sub(now) <= longestPause
	return len(o.Spans) > 0 && (o.Sinks&room != 0 || !waits)
}

// owed asks for what is owed, where nothing else does.
func (p *planner) owed() {
	if !p.state.Owed.due(p.At, p.Limits.Room) {
		return
	}
	p.owing = true
	for _, span := range p.state.Owed.Spans {
		span = span.intersect(p.window)
		if span.empty() || slices.ContainsFunc(p.windows(), func(w Window) bool { return w.Span().contains(span) }) {
			continue
		}
		p.Later = append(p.Later, windowFor(span))
		p.cost += pagesFor(p.tally.listed(windowFor(span)))
	}
}

// owe remembers where the rows lie that this run had no room for, and forgets what it
// has read in full without meeting one.
func (d *differ) owe() {
	before := d.state.Owed
	o := before
	for _, w := range d.batch.Windows {
		if w.end == whole && !w.filtered() {
			o.Spans = without(o.Spans, w.Span())
		}
	}
	o.Spans = nearby(o.Spans, d.missed)
	switch {
	case len(o.Spans) == 0:
		o = Owed{}
	case len(before.Spans) == 0:
		o.Sinks, o.Again, o.Tries = d.short, d.now.Add(firstPause), 0
	case !d.plan.owing || !d.answered():
		o.Sinks |= d.short
	case d.paid:
		o.Sinks, o.Again, o.Tries = o.Sinks|d.short, d.now, 0
	default:
		o.Sinks, o.Again, o.Tries = d.short, d.now.Add(min(firstPause<<min(o.Tries, 16), longestPause)), o.Tries+1
	}
	if !slices.Equal(o.Spans, before.Spans) || o.Sinks != before.Sinks || o.Tries != before.Tries || !o.Again.Equal(before.Again) {
		d.state.Owed, d.changed = o, true
	}
}

// A span of what is owed ends where so long nothing is; and there are only so many.
const (
	owedApart = 10 * time.Minute
	mostOwed  = 16
)

// nearby adds the seconds of times to spans, and joins what lies close.
func nearby(spans []Span, times []time.Time) []Span {
	all := slices.Clone(spans)
	for _, at := range times {
		at = at.UTC().Truncate(time.Second)
		all = append(all, Span{at, at.Add(time.Second)})
	}
	Sort(all, func(a, b Span) int { return a.From.Compare(b.From) })
	for apart := owedApart; ; apart *= 2 {
		var joined []Span
		for _, s := range all {
			if n := len(joined); n > 0 && s.From.Sub(joined[n-1].To) <= apart {
				joined[n-1].To = later(joined[n-1].To, s.To)
				continue
			}
			joined = append(joined, s)
		}
		if len(joined) <= mostOwed {
			return joined
		}
		all = joined
	}
}

// unpaid are the rows that somebody is still to be notified of.
func (d *differ) unpaid() int {
	n := 0
	for i, r := range d.state.Finished {
		if r.Code&codeOwed != 0 && !d.moved[i] {
			n++
		}
	}
	for _, r := range d.added {
		if r.Code&codeOwed != 0 {
			n++
		}
	}
	return n
}
