package poller

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Filter narrows a backfill; an empty field means everything.
type Filter struct {
	Statuses    []Status
	ObjectTypes []string
	Domains     []string // or patterns
	TaskID      string
	ObjectPath  string
}

// Match reports whether the row is meant.
func (f Filter) Match(t Task) bool {
	return (len(f.Statuses) == 0 || slices.Contains(f.Statuses, t.Status)) &&
		Scope{Domains: f.Domains, ObjectTypes: f.ObjectTypes}.Has(t) &&
		(f.TaskID == "" || f.TaskID == t.TaskID) &&
		(f.ObjectPath == "" || f.ObjectPath == t.ObjectPath)
}

// Windows ask for the rows of f created in w, as far back as the API answers, and let
// it filter what it can. They are pinned: rows that arrive meanwhile are not in them.
func (f Filter) Windows(w Span, now time.Time, l Limits) []Window {
	all := l.window(now.UTC())
	all.To = all.To.Add(time.Second) // what has just finished is meant, too
	w = Span{w.From.UTC().Truncate(time.Second), ceilSecond(w.To.UTC())}.intersect(all)
	if w.empty() {
		return nil
	}
	types, domains := []string{""}, []string{""}
	if filterable := len(f.ObjectTypes) > 0 && !slices.ContainsFunc(f.ObjectTypes, unfilterable); filterable {
		types = lower(f.ObjectTypes)
		if len(f.Domains) > 0 && !slices.ContainsFunc(f.Domains, isPattern) {
			domains = lower(f.Domains)
		}
	}
	if len(types)*len(domains) > fewQuestions {
		types, domains = []string{""}, []string{""}
	}
	var out []Window
	for _, objectType := range types {
		for _, domain := range domains {
			q := windowFor(w)
			q.Own, q.Backfill = true, true
			q.ObjectType, q.Domain = objectType, domain
			q.TaskID, q.ObjectPath = f.TaskID, f.ObjectPath
			if objectType != "" && len(f.Statuses) == 1 && (f.Statuses[0] == Complete || f.Statuses[0] == Failed) {
				q.Status = f.Statuses[0] // the finished ones that the API filters by
			}
			out = append(out, q)
		}
	}
	return out
}

// fewQuestions is how many filtered questions are asked instead of one that is not.
const fewQuestions = 6

// unfilterable reports whether the API lists the object type but does not filter by it
// (VOD, DescribeVodRefreshTasks, read 2026-11).
func unfilterable(objectType string) bool {
	objectType = strings.ToLower(objectType)
	return objectType != "file" && objectType != "directory" && objectType != "preload"
}

func lower(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, strings.ToLower(w))
	}
	return out
}

func isPattern(domain string) bool { return domain == "" || strings.ContainsAny(domain, "*?") }

// Resume is what an earlier run has left of ws, as far back as the API still answers.
func Resume(ws []Window, now time.Time, l Limits) []Window {
	var out []Window
	for _, w := range ws {
		if w.From = later(w.From, l.floor(now.UTC())); !w.Span().empty() {
			out = append(out, w)
		}
	}
	return out
}

// Backfill notifies again, or at last, about rows that have finished.
type Backfill struct {
	Filter
	Renotify bool // also the sinks that were notified before
	Dry      bool // nothing is remembered
	// Partial is set when only some of the sinks are meant: what no poll has seen
	// finished is left to the polls, which notify all of them.
	Partial bool
}

// Backfill compares the answers to windows of a [Filter] with what is remembered, and
// returns what is left to read. s is not modified.
func (s State) Backfill(asked []Window, b Batch, now time.Time, pol Policy, f Backfill) (Change, []Window) {
	now = now.UTC()
	d := &backfiller{Backfill: f, asked: asked, notices: notices{policy: pol}, held: hashes{}}
	d.memory = newMemory(s, now, b.Clock(pol.Clock, now), b.Tasks)
	Sort(b.Tasks, compareTasks)
	for _, t := range b.Tasks {
		if f.Match(t) && d.watched(t) && t.Status.Finished() && meant(b.Windows, t) && !((f.Renotify || f.Dry) && d.before(t)) {
			d.row(t)
		}
	}
	c := &d.change
	c.State, c.Changed = d.result(false), d.changed || len(c.Notify) > 0
	rest := d.rest(b)
	c.Truncated = len(rest) > 0
	for i := range c.State.InFlight {
		if d.watched(c.State.InFlight[i].Task) {
			c.InFlight++
		}
	}
	return *c, rest
}

// backfiller is one Backfill under way.
type backfiller struct {
	Backfill
	*memory
	notices
	asked []Window
	held  hashes // rows without room
}

// before reports whether an earlier slice of this backfill has listed the row.
func (d *backfiller) before(t Task) bool {
	hash := t.Hash()
	return slices.ContainsFunc(d.asked, func(w Window) bool { return w.Listed[hash] })
}

// meant reports whether t is not just of the second that windows begin early, or of the
// one after their end.
func meant(ws []Window, t Task) bool {
	near := false
	for _, w := range ws {
		if w.Span().has(t.Created) {
			return true
		}
		near = near || !t.Created.Before(w.From) && !t.Created.After(w.To)
	}
	return !near
}

func (d *backfiller) row(t Task) {
	if i, ok := d.flightAt[t.Key]; ok {
		d.landed(i, t)
		return
	}
	if i, ok := d.recordAt[t.Hash()]; ok {
		d.known(i, t)
		return
	}
	if d.Partial && !past(d.state, d.policy, d.state.Began.IsZero(), t) {
		return
	}
	e := Event{Kind: Finished, Task: t, Observed: d.now}
	if code, sinks, ok := d.settle(e, d.wanted(e)); ok {
		d.add(t, code, sinks)
	}
}

// landed is a row that polls know in flight.
func (d *backfiller) landed(i int, t Task) {
	if d.Partial {
		return
	}
	e := finishedEvent(d.state.InFlight[i], t, d.now)
	if code, sinks, ok := d.settle(e, d.wanted(e)); ok {
		d.land(i, t, code, sinks)
	}
}

// known is a row that is remembered as finished.
func (d *backfiller) known(i int, t Task) {
	r := d.state.Finished[i]
	e := Event{Kind: Finished, Task: t, Observed: d.now}
	want := d.wanted(e)
	if from := r.Code.Status(); from != t.Status {
		if d.Partial {
			return
		}
		e.From, r.Sinks = from, 0
	} else if !d.Renotify {
		if want &^= r.Sinks; want == 0 && r.Sinks != 0 {
			return
		}
	}
	code, sinks, ok := d.settle(e, want)
	if !ok {
		return
	}
	if sinks |= r.Sinks; sinks != 0 {
		code &^= codeSilent
	}
	d.set(i, code|r.Code&(codeUndated|codeOwed|codeChanges), sinks)
}

// settle is record for a row that stays listed: sinks without room get it when it is
// read again.
func (d *backfiller) settle(e Event, want Sinks) (Code, Sinks, bool) {
	code, sinks, ok := d.record(e, want)
	if !ok || code&codeOwed != 0 {
		d.change.Held++
		d.held[e.Task.Hash()] = true
	}
	return code &^ codeOwed, sinks, ok
}

// rest is what is left to read. Rows without room are read again, the others count as
// listed.
func (d *backfiller) rest(b Batch) []Window {
	var out []Window
	for _, w := range b.Windows {
		switch {
		case d.change.Held > 0:
			w.Next, w.Passes, w.Total, w.Before, w.OrderBefore = 1, 0, 0, 0, 0
			w.clear()
			w.Listed = maps.Clone(w.Listed)
			maps.DeleteFunc(w.Listed, func(hash uint64, _ bool) bool { return d.held[hash] })
			out = append(out, w)
		case w.end == unread:
			out = append(out, w)
		}
	}
	return out
}
