package poller

// asked notes which unfinished rows were listed, or looked up in vain. That is
// worth remembering only for those that are not asked about every time.
func (d *differ) asked(b Batch) {
	if d.change.Held > 0 {
		return // a row held back is listed, yet must be read again
	}
	listed, lookedUp := map[Key]bool{}, map[string]bool{}
	for _, t := range b.Tasks {
		listed[t.Key] = true
	}
	for _, q := range b.Whole {
		lookedUp[q.TaskID] = q.TaskID != "" && q.ObjectPath == ""
	}
	for i := range d.state.Open {
		o := &d.state.Open[i]
		if d.closed[i] || !listed[o.Key] && !lookedUp[o.TaskID] {
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
