package poller

import (
	"cmp"
	"strings"
	"time"
)

// Diff compares the answers of a poll with what is remembered. s is not modified.
func (s State) Diff(p Plan, b Batch, now time.Time, pol Policy) Change {
	now = now.UTC()
	d := &differ{plan: p, batch: b, first: s.Began.IsZero()}
	d.notices = notices{policy: pol}
	d.memory = newMemory(s.until(p.At), now, b.Clock(pol.Clock, now), b.Tasks)
	d.begin()
	Sort(b.Tasks, compareTasks)
	for _, t := range b.Tasks {
		d.row(t)
	}
	d.asked()
	if d.answered() {
		d.age()
	}
	d.cover()
	return d.finish()
}

// differ is one Diff under way.
type differ struct {
	*memory
	notices
	plan  Plan
	batch Batch
	first bool // no poll was ever answered

	missed []time.Time // creation times of rows that are to be read again
	paid   bool        // a sink was notified that had no room before

	crowded bool // rows in flight had no room
	gap     *Span
}

// answered reports whether the API answered all that it was asked.
func (d *differ) answered() bool { return d.batch.Err == nil && d.batch.Calls > 0 }

// confirmed reports whether the clock is more than this machine's word.
func (d *differ) confirmed() bool { return !d.batch.Now.IsZero() || !d.policy.Clock.IsZero() }

// begin notes the first answered poll.
func (d *differ) begin() {
	if d.batch.Calls == 0 || !d.first {
		return
	}
	s := &d.state
	s.Began, s.Origin = d.plan.At, d.plan.Limits.floor(d.plan.At)
	if s.Settled = s.Origin; !d.policy.NotifyFirst {
		s.Baseline, s.Settled = d.plan.At, d.plan.At
	}
	d.changed = true
}

func compareTasks(a, b Task) int {
	return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.TaskID, b.TaskID),
		strings.Compare(a.ObjectType, b.ObjectType), strings.Compare(a.ObjectPath, b.ObjectPath))
}

// row compares one listed row with what is remembered of it.
func (d *differ) row(t Task) {
	if i, ok := d.flightAt[t.Key]; ok {
		d.flying(i, t)
		return
	}
	if i, ok := d.recordAt[t.Hash()]; ok {
		if d.known(i, t); d.state.Finished[i].Code&codeOwed != 0 {
			d.miss(t)
		}
		return
	}
	inFlight := !t.Status.Finished()
	if crowded := inFlight && d.inFlight >= mostInFlight; d.policy.Full || crowded {
		d.crowded = d.crowded || crowded
		d.change.Held++
		d.miss(t)
		return
	}
	if inFlight {
		d.fly(t)
		return
	}
	e := Event{Kind: Finished, Task: t, Observed: d.now}
	want := d.wanted(e)
	if past(d.state, d.policy, d.first, t) {
		want = 0
	}
	code, sinks, ok := d.record(e, want)
	if !ok { // nobody has room
		code = codeFor(t.Status) | codeOwed
		d.count(t, false)
	}
	d.add(t, code, sinks)
	if code&codeOwed != 0 {
		d.miss(t)
	}
}

// miss notes a row that is to be read again although it was listed. One in flight is
// asked about in any case.
func (d *differ) miss(t Task) {
	if !t.Created.IsZero() {
		d.missed = append(d.missed, t.Created)
	}
}

// past reports whether a row first listed finished was finished before anybody watched.
func past(s State, pol Policy, first bool, t Task) bool {
	return first && !pol.NotifyFirst || t.Created.Before(s.Baseline)
}

// flying is a listed row that was in flight so far.
func (d *differ) flying(i int, t Task) {
	o := &d.state.InFlight[i]
	if !t.Status.Finished() {
		if o.Status != t.Status || d.now.Sub(o.Seen) > d.now.Sub(o.FirstSeen)/10 {
			d.changed = true
		}
		o.Task, o.Seen = t, d.now
		return
	}
	e := finishedEvent(*o, t, d.now)
	if code, sinks, ok := d.record(e, d.wanted(e)); ok {
		d.land(i, t, code, sinks)
		if code&codeOwed != 0 {
			d.miss(t)
		}
		return
	}
	d.change.Held++
}

// finishedEvent is that a row in flight is listed as finished.
func finishedEvent(o InFlight, t Task, now time.Time) Event {
	e := Event{Kind: Finished, Task: t, From: o.Status, Observed: now}
	if !o.Seen.IsZero() {
		e.EndedAfter, e.EndedBefore = o.Seen, now
	}
	return e
}

// known is a listed row that is remembered as finished. It never goes back into
// flight: such a reading is a replica that lags.
func (d *differ) known(i int, t Task) {
	r := d.state.Finished[i]
	from := r.Code.Status()
	defer d.relist(i, t)
	switch {
	case !t.Status.Finished():
		return
	case from == t.Status && r.Code&codeOwed != 0:
		d.pay(i, t)
		return
	case from == t.Status:
		return
	}
	changes := r.Code & codeChanges
	if changes == codeChanges { // the last message has said so
		d.set(i, codeFor(t.Status)|r.Code&^codeStatus, r.Sinks)
		return
	}
	e := Event{Kind: Finished, Task: t, From: from, Observed: d.now, LastChange: changes+codeChange == codeChanges}
	code, sinks, ok := d.record(e, d.wanted(e))
	if sinks != 0 {
		changes += codeChange
	}
	if ok {
		d.set(i, code|r.Code&codeUndated|changes, sinks)
	} else {
		d.change.Held++
		d.miss(t)
	}
}

// pay notifies the sinks that had no room when the row finished.
func (d *differ) pay(i int, t Task) {
	r := d.state.Finished[i]
	e := Event{Kind: Finished, Task: t, Observed: d.now}
	got, all := d.offer(e, d.wanted(e)&^r.Sinks)
	if all {
		r.Code &^= codeOwed
	}
	d.paid = d.paid || got != 0
	d.set(i, r.Code, r.Sinks|got)
}

// asked notes which rows in flight were listed, or looked up in vain. That is worth
// remembering for those that are not asked about in every run.
func (d *differ) asked() {
	listed := make(map[Key]bool, len(d.batch.Tasks))
	for i := range d.batch.Tasks {
		listed[d.batch.Tasks[i].Key] = true
	}
	lookedUp := map[string]result{}
	for _, w := range d.batch.Windows {
		if w.lookUp && (w.ObjectPath == "" || w.end == refused) {
			lookedUp[w.TaskID] = w.end
		}
	}
	for i := range d.state.InFlight {
		o := &d.state.InFlight[i]
		end, looked := lookedUp[o.TaskID]
		if looked && end == refused && !o.Refused {
			o.Refused, d.changed = true, true
		}
		if d.closed[i] || !listed[o.Key] && !(looked && end != unread) {
			continue
		}
		if age := d.now.Sub(o.born()); age > askShare*time.Minute && d.now.Sub(o.Asked) >= age/askShare {
			d.changed = true
		}
		o.Asked = d.now
	}
}

// age notifies about rows in flight that take too long, and those of which nobody will
// ever know how they finished.
func (d *differ) age() {
	listed := make(map[Key]bool, len(d.batch.Tasks))
	for i := range d.batch.Tasks {
		listed[d.batch.Tasks[i].Key] = true
	}
	for i := range d.state.InFlight {
		o := &d.state.InFlight[i]
		age := d.clock.Sub(o.born())
		switch {
		case d.closed[i]:
		case age > d.plan.Limits.Window && !listed[o.Key] && d.confirmed():
			d.expire(i, o)
		case d.policy.StalledAfter > 0 && age > d.policy.StalledAfter && !o.Stalled && d.watched(o.Task):
			d.stall(o)
		}
	}
}

// stall notifies that a row takes long.
func (d *differ) stall(o *InFlight) {
	e := Event{Kind: Stalled, Task: o.Task, From: o.Status, Observed: d.now}
	got, all := d.offer(e, d.wanted(e)&^o.StalledSinks)
	if got != 0 && o.StalledSinks == 0 {
		d.change.Stalled++
	}
	if o.Stalled = all; all || got != 0 {
		o.StalledSinks, d.changed = o.StalledSinks|got, true
	}
	if !all {
		d.change.Held++
	}
}

// expire remembers a row that left the API's memory in flight.
func (d *differ) expire(i int, o *InFlight) {
	e := Event{Kind: Expired, Task: o.Task, From: o.Status, Observed: d.now}
	want := d.wanted(e)
	got, all := d.offer(e, want&^o.ExpiredSinks)
	if got != 0 && o.ExpiredSinks == 0 {
		d.change.Expired++
	}
	if o.ExpiredSinks |= got; !all {
		d.change.Held++
		d.changed = d.changed || got != 0
		return // some sink had no room, and the row waits for it
	}
	code := codeExpired
	if want == 0 {
		code |= codeSilent
	}
	d.land(i, o.Task, code, o.ExpiredSinks)
}

func (d *differ) finish() Change {
	c := &d.change
	// A lone local clock may have jumped.
	c.State = d.result(d.batch.Calls > 0 && d.confirmed())
	c.Changed = d.changed
	c.Gap = d.gap
	for i := range c.State.InFlight {
		if d.watched(c.State.InFlight[i].Task) {
			c.InFlight++
		}
	}
	return *c
}
