package poller

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Diff compares the answers with what is remembered. s is not modified.
func (s State) Diff(p Plan, b Batch, now time.Time, pol Policy) Change {
	d := newDiffer(s, p, now.UTC(), pol)
	d.begin(b)
	for _, t := range d.relevant(b) {
		d.row(t)
	}
	if pol.Backfill == nil {
		d.asked(b)
		if b.Err == nil && b.Calls > 0 {
			d.age()
		}
		d.sweep(b)
	}
	return d.finish()
}

// differ is one Diff under way.
type differ struct {
	plan     Plan
	now      time.Time
	policy   Policy
	first    bool // no poll was ever answered
	answered bool // nothing went wrong this time
	state    State
	openAt   map[Key]int    // in state.Open
	doneAt   map[uint64]int // of the rows at hand, in state.Done
	closed   map[int]bool   // in state.Open: finished or expired now
	added    []Mark
	ownsDone bool // state.Done is no longer shared with the state that came in
	change   Change
}

func newDiffer(s State, p Plan, now time.Time, pol Policy) *differ {
	d := &differ{plan: p, now: now, policy: pol, first: s.Began.IsZero(), closed: map[int]bool{}, openAt: map[Key]int{}}
	d.state = s
	if pol.Backfill == nil {
		d.state = s.watching(p.Limits.Scope)
	}
	d.state.Open = slices.Clone(d.state.Open)
	for i, o := range d.state.Open {
		d.openAt[o.Key] = i
	}
	return d
}

// begin notes the first answered poll, and a change of scope, which begins anew.
func (d *differ) begin(b Batch) {
	scope := d.plan.Limits.Scope.fingerprint()
	if d.policy.Backfill != nil || b.Calls == 0 || !d.first && d.state.Scope == scope {
		return
	}
	if d.first {
		d.state.Began = d.plan.At
	}
	if !d.policy.NotifyFirst {
		d.state.Baseline = d.plan.At
	}
	d.state.Scope, d.state.Origin = scope, d.plan.Limits.floor(d.plan.At)
	d.change.Changed = true
}

// relevant are the rows that concern this run, oldest first, and where they are
// remembered as finished.
func (d *differ) relevant(b Batch) []Task {
	var out []Task
	wanted, quick := map[uint64]bool{}, new([1 << 16]bool)
	for _, t := range b.Tasks {
		if !d.plan.Limits.Scope.Has(t) {
			continue
		}
		if f := d.policy.Backfill; f != nil && (f.Match != nil && !f.Match(t) || !b.meant(t, f.Renotify)) {
			continue
		}
		hash := t.Hash()
		wanted[hash], quick[uint16(hash)] = true, true
		out = append(out, t)
	}
	slices.SortFunc(out, compareTasks)
	d.doneAt = make(map[uint64]int, len(wanted))
	for i := range d.state.Done {
		// Nearly all of 100,000 rows are not wanted: a look at 16 bits spares the map.
		if hash := d.state.Done[i].Hash; quick[uint16(hash)] && wanted[hash] {
			d.doneAt[hash] = i
		}
	}
	return out
}

func compareTasks(a, b Task) int {
	return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.TaskID, b.TaskID),
		strings.Compare(a.ObjectType, b.ObjectType), strings.Compare(a.ObjectPath, b.ObjectPath))
}

// row compares one listed row with what is remembered of it.
func (d *differ) row(t Task) {
	if i, ok := d.openAt[t.Key]; ok {
		d.watched(i, t)
		return
	}
	if i, ok := d.doneAt[t.Hash()]; ok {
		d.finished(i, t)
		return
	}
	if !t.Status.Terminal() {
		d.openAt[t.Key] = len(d.state.Open)
		d.state.Open = append(d.state.Open, Open{Task: t, FirstSeen: d.now})
		d.change.Changed = true
		return
	}
	if d.leaves() && !d.past(t) {
		return
	}
	if told, ok := d.end(t, "", d.history(t)); ok {
		d.remember(t, told)
	}
}

// leaves reports whether what polls have not seen yet is left to them: a backfill
// that tells some of the sinks must not hide it from the others.
func (d *differ) leaves() bool { return d.policy.Backfill != nil && d.policy.Backfill.LeaveOpen }

// watched is a listed row that was unfinished so far.
func (d *differ) watched(i int, t Task) {
	o := &d.state.Open[i]
	if !t.Status.Terminal() {
		if o.Status != t.Status {
			d.change.Changed = true
		}
		o.Task = t
		return
	}
	if d.leaves() {
		return
	}
	if told, ok := d.end(t, o.Status, false); ok {
		d.close(i, t, told)
	}
}

// finished is a listed row that is remembered as over. It never comes back to
// life: an unfinished reading is a replica that lags.
func (d *differ) finished(i int, t Task) {
	mark := d.state.Done[i]
	if !t.Status.Terminal() {
		return
	}
	from := mark.Code.Status()
	if from == t.Status {
		from = ""
		f := d.policy.Backfill
		if f == nil || mark.Code.Told() && !f.Renotify {
			return
		}
	}
	if from != "" && d.leaves() {
		return
	}
	told, ok := d.end(t, from, false)
	if !ok {
		return
	}
	if code := codeFor(t, told || mark.Code.Told() && from == ""); code != mark.Code {
		if !d.ownsDone {
			d.state.Done, d.ownsDone = slices.Clone(d.state.Done), true
		}
		d.state.Done[i].Code = code
		d.change.Changed = true
	}
}

// history reports whether a row first seen finished is not told because it is past.
func (d *differ) history(t Task) bool { return d.policy.Backfill == nil && d.past(t) }

// past reports whether a row first seen finished was over before anybody watched.
func (d *differ) past(t Task) bool {
	return !d.policy.NotifyFirst && (d.first || t.Created.Before(d.state.Baseline))
}

// end counts a finished row and tells it, unless it is silent; ok is false when
// there is no room left to tell it.
func (d *differ) end(t Task, from Status, silent bool) (told, ok bool) {
	e := Event{Kind: Finished, Task: t, From: from, Observed: d.now}
	if !silent && (d.policy.Tell == nil || d.policy.Tell(e)) {
		if !d.tell(e) {
			return false, false
		}
		told = true
	} else {
		d.change.Silent++
	}
	d.change.New++
	if t.Status == Complete {
		d.change.Complete++
	} else {
		d.change.Failed++
	}
	return told, true
}

// tell adds an event while there is room.
func (d *differ) tell(e Event) bool {
	if len(d.change.Events) >= d.policy.Room {
		d.change.Held++
		return false
	}
	d.change.Events = append(d.change.Events, e)
	d.change.Changed = true
	return true
}

// close moves a row from the unfinished to the finished ones.
func (d *differ) close(i int, t Task, told bool) {
	if t.Created.IsZero() {
		t.Created = d.state.Open[i].born()
	}
	d.closed[i] = true
	d.remember(t, told)
}

func (d *differ) remember(t Task, told bool) {
	created := t.Created
	if created.IsZero() {
		created = d.now
	}
	d.added = append(d.added, Mark{t.Hash(), unixSeconds(created), codeFor(t, told)})
	d.change.Changed = true
}

// longRemembered is how long a finished row is remembered beyond the API's own
// memory, so that a row that the API lists late is not taken for a new one.
const longRemembered = 24 * time.Hour

func (d *differ) finish() Change {
	s := &d.state
	var open []Open
	for i, o := range s.Open {
		if !d.closed[i] {
			open = append(open, o)
		}
	}
	s.Open = open
	if len(d.added) > 0 {
		s.Done = s.Done.with(d.added)
	}
	s.Done = s.Done.since(d.now.Add(-d.plan.Limits.Window - longRemembered))
	d.change.State, d.change.InFlight = *s, len(s.Open)
	return d.change
}
