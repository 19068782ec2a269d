package poller

// notices decides who is notified, counts, and collects the events of one run.
type notices struct {
	policy Policy
	change Change
	short  Sinks // that had no room for something
}

// watched reports whether the row concerns anybody.
func (n *notices) watched(t Task) bool { return n.policy.Scope.Has(t) }

// wanted are the sinks that an event goes to.
func (n *notices) wanted(e Event) Sinks {
	switch {
	case !n.watched(e.Task):
		return 0
	case n.policy.Sinks == nil:
		return AllSinks
	}
	return n.policy.Sinks(e)
}

// offer notifies those sinks that have room. It returns them, and whether all had;
// none is no room for the event at all, and the row must stay as it was.
func (n *notices) offer(e Event, want Sinks) (got Sinks, all bool) {
	if want == 0 {
		return 0, true
	}
	got = want
	switch {
	case n.policy.Full:
		got = 0
	case n.policy.Room != nil:
		got = n.policy.Room(e, want) & want
		n.short |= want &^ got
	}
	if got != 0 {
		n.change.Notify = append(n.change.Notify, Notification{e, got})
	}
	return got, got == want
}

// record notifies about a finished row as far as there is room, and returns how it is
// to be remembered; ok is false when it has to stay as it was.
func (n *notices) record(e Event, want Sinks) (code Code, sinks Sinks, ok bool) {
	got, all := n.offer(e, want)
	if got == 0 && want != 0 {
		return 0, 0, false
	}
	code = codeFor(e.Task.Status)
	switch {
	case want == 0:
		code |= codeSilent
	case !all:
		code |= codeOwed
	}
	n.count(e.Task, want == 0)
	return code, got, true
}

// count counts a finished row that is watched.
func (n *notices) count(t Task, silent bool) {
	if !n.watched(t) {
		return
	}
	n.change.New++
	switch {
	case t.Status == Complete:
		n.change.Complete++
	case t.Status == Canceled:
		n.change.Canceled++
	default:
		n.change.Failed++
	}
	if silent {
		n.change.Silent++
	}
}
