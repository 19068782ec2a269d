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

	// InFlight is set when rows in flight are among them, for which the state had no room.
	InFlight bool `json:"in_flight,omitempty"`
}

// due reports whether the rows are to be read, when these sinks have room, and so many
// bytes of rows in flight are remembered.
func (o Owed) due(now time.Time, room Sinks, flying int) bool {
	waits := o.Again.After(now) && o.Again.Sub(now) <= longestPause
	hasRoom := o.Sinks&room != 0 || o.InFlight && flying < mostInFlight/2
	return len(o.Spans) > 0 && (hasRoom || !waits)
}

// mostInFlight is how much of a document rows in flight may take: 10,000 with URLs of 450
// characters. A run decodes and encodes them, and needs eight times as much memory for that,
// which fits the 128 MB of the smallest function. Rows beyond it are read again when others
// have finished.
const mostInFlight = 8 << 20

// flightBytes is about what a row in flight takes in a document.
func flightBytes(t Task) int {
	return 330 + len(t.TaskID) + len(t.ObjectPath) + len(t.Process) + len(t.Description)
}

func bytesInFlight(rows []InFlight) int {
	n := 0
	for i := range rows {
		n += flightBytes(rows[i].Task)
	}
	return n
}

// owed asks for what is owed, where nothing else does.
func (p *planner) owed() {
	if !p.state.Owed.due(p.At, p.Limits.Room, bytesInFlight(p.state.InFlight)) {
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

// owe remembers where the rows lie that this run had no room for, and forgets what was read
// in full and holds none.
func (d *differ) owe() {
	before := d.state.Owed
	o := before
	o.Spans = without(o.Spans, Span{To: earlier(d.state.Settled, d.plan.Limits.floor(d.plan.At))}) // nobody can read it any more
	for _, w := range d.batch.Windows {
		if w.end == whole && !w.filtered() {
			d.missOwed(o.Spans, w.Span()) // earlier runs may have read a part of it
			o.Spans = without(o.Spans, w.Span())
		}
	}
	o.Spans = nearby(o.Spans, d.missed)
	switch {
	case len(o.Spans) == 0:
		o = Owed{}
	case len(before.Spans) == 0:
		o.Sinks, o.Again, o.Tries, o.InFlight = d.short, d.now.Add(firstPause), 0, d.crowded
	case !d.plan.owing || !d.answered():
		o.Sinks, o.InFlight = o.Sinks|d.short, o.InFlight || d.crowded
	case d.paid:
		o.Sinks, o.Again, o.Tries, o.InFlight = o.Sinks|d.short, d.now, 0, o.InFlight || d.crowded
	default:
		o.InFlight = d.crowded
		o.Sinks, o.Again, o.Tries = d.short, d.now.Add(min(firstPause<<min(o.Tries, 16), longestPause)), o.Tries+1
	}
	if !slices.Equal(o.Spans, before.Spans) || o.Sinks != before.Sinks || o.Tries != before.Tries || o.InFlight != before.InFlight || !o.Again.Equal(before.Again) {
		d.state.Owed, d.changed = o, true
	}
}

// missOwed notes the remembered rows of a window that somebody is still to be notified of.
func (d *differ) missOwed(spans []Span, read Span) {
	for _, span := range spans {
		for _, r := range d.state.Finished.within(span.intersect(read)) {
			if r.Code&(codeOwed|codeUndated) == codeOwed {
				d.missed = append(d.missed, time.Unix(int64(r.Created), 0))
			}
		}
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
