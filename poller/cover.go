package poller

import (
	"cmp"
	"slices"
	"time"
)

// cover adds what this run read in full to what is known, keeps the windows that are
// still under way, and says what nobody read before the API forgot it.
func (d *differ) cover() {
	s, before, progress := &d.state, d.state, d.changed || d.change.Held > 0 || d.nearer()
	s.Windows = slices.Clone(d.plan.waiting)
	asked := map[Query]bool{}
	for _, w := range d.batch.Windows {
		if w.filtered() {
			continue
		}
		asked[w.asked] = true
		switch {
		case w.end == whole:
			s.Scanned = union(s.Scanned, Span{w.Span().From, earlier(w.To, d.plan.At)})
		case w.end == unproven:
			d.giveUp(w)
		case w.begun():
			s.Windows = append(s.Windows, w)
		default:
			asked[w.asked] = false
		}
	}
	for _, w := range d.plan.windows() {
		if !asked[w.Query] && (w.begun() || slices.ContainsFunc(d.plan.Later, func(l Window) bool { return l.Query == w.Query })) {
			s.Windows = append(s.Windows, w)
		}
	}
	d.owe()
	s.Windows = merged(distinct(s.Windows))
	d.stuck(progress)
	d.forget()
	d.worthWriting(before)
	d.change.Held += d.unpaid()
	d.change.Truncated = len(s.Windows) > 0 || d.change.Held > 0
}

// windows are those of the plan that a state remembers when they are not finished.
func (p Plan) windows() []Window {
	all := slices.Concat([]Window{p.Fresh}, p.Status, p.Later)
	return slices.DeleteFunc(all, Window.filtered)
}

// giveUp leaves a window that does not add up for a while. One whose times were read
// before has done what it can.
func (d *differ) giveUp(w Window) {
	if !covered(d.state.Scanned, w.Span()) {
		w.pause(d.plan.At)
		d.state.Windows = append(d.state.Windows, w)
	}
}

// nearer reports whether this run has come nearer to having read everything. While earlier
// runs have left windows that are due, only these count: what is new is read by every run,
// also by one that has never the time for the rest.
func (d *differ) nearer() bool {
	return slices.ContainsFunc(d.batch.Windows, func(w Window) bool {
		if len(d.plan.Later) == 0 {
			return w.end == whole || w.end == unread && w.Seen > 0
		}
		due := slices.ContainsFunc(d.plan.Later, func(l Window) bool { return l.Query == w.asked })
		return due && (w.end == whole || w.end == unread && d.readFurther(w))
	})
}

// readFurther compares a window with what the state knew of it. A window has its name from
// its end: its beginning moves on with what the API forgets.
func (d *differ) readFurther(w Window) bool {
	return w.begun() && !slices.ContainsFunc(d.state.Windows, func(b Window) bool {
		return b.To.Equal(w.To) && cmp.Or(cmp.Compare(b.Passes, w.Passes), cmp.Compare(b.Next, w.Next)) >= 0
	})
}

// stuck counts the runs in a row that had work, could ask, and made no progress.
func (d *differ) stuck(progress bool) {
	s := &d.state
	switch {
	case progress && s.Stuck > 0:
		s.Stuck, d.changed = 0, true
	case !progress && d.batch.Err == nil:
		s.Stuck, d.changed = s.Stuck+1, true
	}
}

// distinct leaves out windows that another one reads, too.
func distinct(ws []Window) []Window {
	Sort(ws, func(a, b Window) int { return cmp.Or(a.From.Compare(b.From), b.To.Compare(a.To), b.Next-a.Next) })
	var out []Window
	for _, w := range ws {
		read := slices.ContainsFunc(out, func(o Window) bool {
			return o.Span().contains(w.Span()) && (o.Again.IsZero() || !w.Again.IsZero())
		})
		if !read {
			out = append(out, w)
		}
	}
	return out
}

// mostWindows bounds what is remembered of windows under way.
const mostWindows = 32

// merged joins the windows that lie closest until they are few enough. What was read of
// them stays known, only their pages are read again.
func merged(ws []Window) []Window {
	Sort(ws, func(a, b Window) int { return a.From.Compare(b.From) })
	for len(ws) > mostWindows {
		best := 0
		for i := range len(ws) - 1 {
			if hull(ws[i], ws[i+1]) < hull(ws[best], ws[best+1]) {
				best = i
			}
		}
		a, b := ws[best], ws[best+1]
		joint := windowFor(Span{a.Span().From, later(a.To, b.To)})
		joint.Unproven, joint.Again = min(a.Unproven, b.Unproven), earlier(a.Again, b.Again)
		ws = slices.Replace(ws, best, best+2, joint)
	}
	return ws
}

func hull(a, b Window) time.Duration { return later(a.To, b.To).Sub(a.From) }

// longGap is how much of a hole may leave the API's memory before people hear of it,
// if it goes on.
const longGap = time.Hour

// sameClock is how far two clocks are apart that are read in one run and are both right. A
// gap must not end before the first second that was asked for: what lies between would be
// another one.
const sameClock = time.Minute

// forget reports what leaves the API's memory without having been read: a hole that
// has left, or an hour of one that is still leaving.
func (d *differ) forget() {
	s := &d.state
	if d.batch.Calls == 0 {
		return
	}
	edge := d.plan.Limits.floor(d.plan.At)
	if safe := d.plan.Limits.floor(d.clock); edge.Sub(safe) > sameClock {
		edge = safe
	}
	if s.Settled.IsZero() || !s.Settled.Before(edge) {
		return
	}
	read := s.Scanned
	for _, span := range s.Owed.Spans {
		read = without(read, span)
	}
	lost := holes(read, Span{s.Settled, edge})
	switch {
	case len(lost) == 0:
		s.Settled = edge
	case lost[0].To.Before(edge) || lost[0].To.Sub(lost[0].From) >= longGap || covered(read, Span{edge, edge.Add(time.Second)}):
		d.gap, d.changed = &lost[0], true
		s.Settled = lost[0].To
	default:
		s.Settled = lost[0].From
	}
	s.Scanned = slices.DeleteFunc(slices.Clone(s.Scanned), func(sp Span) bool { return !sp.To.After(s.Settled) && sp.To.Before(s.Mark()) })
}

// worthWriting notes what must be remembered at once: a window, a filled hole, but not
// that the mark moved on.
func (d *differ) worthWriting(before State) {
	s := &d.state
	if (before.Mark().IsZero() || !sameWindows(before.Windows, s.Windows)) && d.batch.Calls > 0 || d.costly(before, *s) {
		d.changed = true
	}
	if !before.Mark().IsZero() {
		known := Span{d.plan.Limits.floor(d.plan.At), before.Mark()}
		if !slices.Equal(holes(before.Scanned, known), holes(s.Scanned, known)) {
			d.changed = true
		}
	}
	first := Span{later(s.Origin, d.plan.Limits.floor(d.plan.At)), s.Baseline.Truncate(time.Second)}
	if !s.Baseline.IsZero() && len(s.Scanned) > 0 && covered(s.Scanned, first) {
		s.Baseline, d.changed = time.Time{}, true
	}
	if s.Rescanned.IsZero() && len(s.Scanned) > 0 || d.plan.rescan && d.answered() {
		s.Rescanned, d.changed = d.plan.At, true
	}
}

func sameWindows(a, b []Window) bool {
	return slices.EqualFunc(a, b, func(a, b Window) bool {
		return a.Query == b.Query && a.Next == b.Next && a.Passes == b.Passes && a.Seen == b.Seen && a.Unproven == b.Unproven
	})
}

// A quiet poll is not remembered, so the next one asks from the old mark again.
// That is worth a write when many rows lie between, or when it goes on.
const manyPages = 10

func (d *differ) costly(before, after State) bool {
	if before.Mark().IsZero() {
		return false
	}
	limits, again := d.plan.Limits, Span{before.Mark(), after.Mark()}
	again.From, again.To = again.From.Add(-limits.Overlap), again.To.Add(-limits.Overlap)
	rows := len(d.state.Finished.within(again))
	return rows > manyPages*PageSize || rows > PageSize && d.plan.At.Sub(before.Mark()) > limits.Overlap
}
