package poller

// asked notes which unfinished rows a full answer covered. That is worth
// remembering only for those that are not asked about every time.
func (d *differ) asked(b Batch) {
	for i := range d.state.Open {
		o := &d.state.Open[i]
		if d.closed[i] || !o.coveredBy(b.Whole) {
			continue
		}
		if o.backedOff(d.now) && o.due(d.now, d.plan.Limits) {
			d.change.Changed = true
		}
		o.Asked = d.now
	}
}

// age tells unfinished rows that take too long, and those whose end nobody will
// ever see. It runs only when the API answered.
func (d *differ) age() {
	for i := range d.state.Open {
		o := &d.state.Open[i]
		if d.closed[i] {
			continue
		}
		age := d.now.Sub(o.born())
		if age > d.plan.Limits.Window {
			if told, ok := d.notice(Expired, o.Task); ok {
				d.change.Expired++
				d.close(i, o.Task, told)
			}
			continue
		}
		if after := d.policy.StalledAfter; after > 0 && age > after && !o.Stalled {
			if _, ok := d.notice(Stalled, o.Task); ok {
				d.change.Stalled++
				o.Stalled, d.change.Changed = true, true
			}
		}
	}
}

// notice tells an event that is no end; ok is false when there is no room left.
func (d *differ) notice(kind Kind, t Task) (told, ok bool) {
	e := Event{Kind: kind, Task: t, From: t.Status, Observed: d.now}
	if d.policy.Tell != nil && !d.policy.Tell(e) {
		return false, true
	}
	ok = d.tell(e)
	return ok, ok
}
