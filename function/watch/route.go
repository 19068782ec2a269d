package watch

import (
	"slices"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// draft makes the document that would follow of what changed: the new state, and a
// delivery in the outbox for every sink that an event is routed to. Both are written
// together or not at all.
func (r *run) draft(c poller.Change) draft {
	d := draft{doc: r.doc, changed: c.Changed, found: counted(c)}
	d.doc.Poller = c.State
	if full := r.withoutRoom(c.State.Owed.Sinks); c.Held > 0 && len(full) > 0 {
		r.Log.Warn("outbox share full, tasks held back", "sinks", full, "tasks", c.Held)
	}
	if c.State.Owed.InFlight {
		r.Log.Warn("too many tasks in flight, the others are read again later", "remembered", len(c.State.InFlight))
	}
	d.doc.Outbox = r.outbox(c, r.now())
	return d
}

// outbox is the outbox with the notifications, batched for each channel they are
// routed to. Only a poll holds rows back, and merges what is held: it knows what is in
// flight. A backfill was asked for by somebody who waits.
func (r *run) outbox(c poller.Change, now time.Time) notifier.Outbox {
	routed := map[string][]notifier.Routed{}
	for _, n := range c.Notify {
		for _, t := range r.recipients(n.Event) {
			if n.Sinks&r.doc.bits(t.Sink) != 0 {
				routed[t.Sink] = append(routed[t.Sink], notifier.Routed{Event: n.Event, Mention: t.Mention})
			}
		}
	}
	inFlight := r.inFlight(c.State)
	outbox := r.doc.Outbox
	for _, t := range r.Targets {
		if r.req.Action == ActionPoll && t.Grouping == sink.PerTask {
			outbox = outbox.Regroup(t.Name, routed[t.Name], notifier.Hold{Wait: t.GroupWait, InFlight: inFlight}, now)
			continue
		}
		deliveries := notifier.Batch(t.Name, t.Grouping, routed[t.Name], now)
		for i := range deliveries {
			deliveries[i].Action = r.action()
		}
		outbox = outbox.Add(deliveries)
	}
	return outbox
}

// action is what the run's messages say they were sent for. A poll's say nothing.
func (r *run) action() string {
	switch {
	case r.req.Renotify:
		return "renotify"
	case r.req.Action == ActionBackfill:
		return ActionBackfill
	}
	return ""
}

// inFlight counts the rows of a submission that are in flight.
func (r *run) inFlight(s poller.State) func(taskID string) int {
	rows := map[string]int{}
	for _, o := range r.watched(s.InFlight) {
		rows[o.TaskID]++
	}
	return func(taskID string) int { return rows[taskID] }
}

func (r *run) recipients(e poller.Event) []notifier.Recipient {
	return slices.DeleteFunc(r.Routes.Recipients(e), func(t notifier.Recipient) bool { return !r.isSelected(t.Sink) })
}

// addressed are the deliveries with whom today's routes mention. What the document
// holds decides nothing: whoever may write it could otherwise mention everybody.
func (r *run) addressed(deliveries []notifier.Delivery) []notifier.Delivery {
	for i, d := range deliveries {
		deliveries[i].Mention = r.Routes.Mention(d)
	}
	return deliveries
}

// isSelected reports whether the request is about the sink.
func (r *run) isSelected(sink string) bool {
	return len(r.req.Sinks) == 0 || slices.Contains(r.req.Sinks, sink)
}

// addNotices adds what refreshwatch reports about itself: a gap, an outage that
// lasts, and its end. How the API answers an attended run says nothing of the runs that
// nobody reads, which may use another key or network: it neither alarms nor gives the
// all-clear, and the health stays as those runs left it. A gap is about tasks, whoever
// comes upon it.
func (r *run) addNotices(d *draft, apiErr error, gap *poller.Span, now time.Time) {
	if gap != nil {
		d.doc.Outbox = d.doc.Outbox.Add(notifier.Notices(r.Targets, template.Gap, gapNotice(*gap), r.now()))
		d.changed = true
	}
	if r.Attended {
		return
	}
	health, kind, notice := d.doc.Health.After(apiErr, now)
	if notice != nil {
		d.doc.Outbox = d.doc.Outbox.Add(notifier.Notices(r.Targets, kind, notice, r.now()))
	}
	d.changed = d.changed || health != d.doc.Health
	d.doc.Health = health
}

// gapNotice is sent when tasks may have finished unseen.
func gapNotice(gap poller.Span) *template.Notice {
	return &template.Notice{From: gap.From, To: gap.To, Code: "gap",
		Hint: "Tasks created in that time may have finished unseen: the API keeps three days. Look them up in the console."}
}

// withoutRoom names the sinks that had no room in this tick, and those that are owed
// rows from earlier ones.
func (r *run) withoutRoom(owed poller.Sinks) []string {
	names := slices.DeleteFunc(r.sinkNames(), func(name string) bool { return !r.fullSinks[name] && r.doc.bits(name)&owed == 0 })
	return slices.Sorted(slices.Values(names))
}
