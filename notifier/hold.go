package notifier

import (
	"slices"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// Hold makes the finished rows of one submission wait for its other rows, so that one
// message covers it. The zero value lets nothing wait.
type Hold struct {
	Wait     time.Duration           // the longest, from when the first row was seen finished
	InFlight func(taskID string) int // how many other rows of the submission may still finish; nil: none
}

func (h Hold) inFlight(taskID string) int {
	if h.InFlight == nil {
		return 0
	}
	return h.InFlight(taskID)
}

// incomplete notes in messages about one submission what they do not cover: "all 39
// complete" is no news about 100 rows.
func (h Hold) incomplete(deliveries []Delivery) []Delivery {
	for i, d := range deliveries {
		if d.Kind == poller.Finished && !d.Digest {
			deliveries[i].InFlight = h.inFlight(d.Events[0].Task.TaskID)
		}
	}
	return deliveries
}

// Regroup puts new events for one sink that gets a message a submission into the
// outbox, together with those that are held for it. What need not wait any longer may
// be claimed at once; the rest is held.
//
// A delivery that is held was never claimed, so no run can have sent it: it is replaced,
// under another id when it has more rows. One that was ever claimed is never changed,
// nor is what was sent for anything but a poll.
func (o Outbox) Regroup(to string, events []Routed, h Hold, now time.Time) Outbox {
	o, held := o.takeHeld(to)
	events = latest(append(held, events...))
	first := map[string]time.Time{} // when the first row of a submission was seen finished
	for _, r := range events {
		if seen, ok := first[r.Event.Task.TaskID]; !ok || r.Event.Observed.Before(seen) {
			first[r.Event.Task.TaskID] = r.Event.Observed
		}
	}
	var due, waiting []Routed
	for _, r := range events {
		if h.holds(r.Event, first[r.Event.Task.TaskID], now) {
			waiting = append(waiting, r)
			continue
		}
		due = append(due, r)
	}
	o = o.Add(h.incomplete(Batch(to, sink.PerTask, due, now)))
	for _, g := range chunk(sink.PerTask, group(sink.PerTask, waiting)) {
		d := g.delivery(to, false, now)
		d.HeldUntil = first[g.taskID].Add(h.Wait)
		o = o.Add(h.incomplete([]Delivery{d}))
	}
	return o
}

// latest leaves out what a later event about the same row replaces: nobody was notified
// of it yet.
func latest(events []Routed) []Routed {
	type row struct {
		key  poller.Key
		kind poller.Kind
	}
	last := map[row]int{}
	for i, r := range events {
		last[row{r.Event.Task.Key, r.Event.Kind}] = i
	}
	var kept []Routed
	for i, r := range events {
		if last[row{r.Event.Task.Key, r.Event.Kind}] == i {
			kept = append(kept, r)
		}
	}
	return kept
}

// holds reports whether the event waits. A clock that went back ends the wait: nothing
// waits for a time that may never come.
func (h Hold) holds(e poller.Event, first, now time.Time) bool {
	waited := now.Sub(first)
	return e.Kind == poller.Finished && 0 <= waited && waited < h.Wait && h.inFlight(e.Task.TaskID) > 0
}

// takeHeld takes what is held for the sink out of the outbox.
func (o Outbox) takeHeld(to string) (rest Outbox, events []Routed) {
	o.Pending = slices.DeleteFunc(slices.Clone(o.Pending), func(d Delivery) bool {
		if d.Sink != to || !d.held() || d.Action != "" {
			return false
		}
		for _, e := range d.Events {
			events = append(events, Routed{Event: e})
		}
		return true
	})
	return o, events
}

// Held counts the deliveries that wait for other rows of their submission.
func (o Outbox) Held() int {
	n := 0
	for _, d := range o.Pending {
		if d.held() {
			n++
		}
	}
	return n
}

// held reports whether the delivery waits for other rows, and was never claimed.
func (d Delivery) held() bool { return !d.HeldUntil.IsZero() }
