package notifier

import (
	"slices"
	"time"

	"refreshwatch/poller"
)

// Outbox holds the deliveries that are not accepted yet, and the dead letters. Its
// methods return a new Outbox and leave the old one as it was.
type Outbox struct {
	Pending []Delivery `json:"pending,omitempty"`
	Dead    []Delivery `json:"dead,omitempty"` // permanently failed; kept, with the reason, until a redrive
}

// Add puts deliveries in. Adding one again, by id, changes nothing.
func (o Outbox) Add(deliveries []Delivery) Outbox {
	have := map[string]bool{}
	for _, d := range slices.Concat(o.Pending, o.Dead) {
		have[d.ID] = true
	}
	o.Pending = slices.Clone(o.Pending)
	for _, d := range deliveries {
		if !have[d.ID] {
			have[d.ID] = true
			o.Pending = append(o.Pending, d)
		}
	}
	return o
}

// Claim gives the run everything that is due for the sinks it can reach, until the
// given time on the store's clock; now is on that clock, too. What another run has
// claimed is left to it until that claim has expired. A delivery waits while its sink
// has not accepted an earlier one about the same row, so that what people read last of
// a row is its last status.
func (o Outbox) Claim(run string, reachable func(sink string) bool, now, until time.Time) (Outbox, []Delivery) {
	var mine []Delivery
	o.Pending = slices.Clone(o.Pending)
	first := o.earliest()
	for i, d := range o.Pending {
		if d.waits(now) || !reachable(d.Sink) || first.isBehind(d) {
			continue
		}
		d.Owner, d.Until, d.HeldUntil, d.ClaimedAt = run, until, time.Time{}, now
		o.Pending[i] = d
		mine = append(mine, d)
	}
	return o, mine
}

// waits reports whether the delivery is another run's, or paused, or held. What a clock
// wrote that was wrong holds nothing back: one that was claimed in the future, or waits
// for longer than any lease, pause or wait can reach.
func (d Delivery) waits(now time.Time) bool {
	isAhead := func(t time.Time) bool { return t.After(now) && t.Sub(now) <= longestTTL }
	if d.ClaimedAt.Sub(now) > clockTolerance {
		return isAhead(d.HeldUntil)
	}
	return d.Owner != "" && isAhead(d.Until) || isAhead(d.NotBefore) || isAhead(d.HeldUntil)
}

// clockTolerance is how far the clock of a machine may be off that can use the API at
// all: signatures count for a quarter of an hour (Alibaba Cloud, read 2026-11).
const clockTolerance = 15 * time.Minute

// Claimed lists what the run holds.
func (o Outbox) Claimed(run string) []Delivery {
	var mine []Delivery
	for _, d := range o.Pending {
		if d.Owner == run {
			mine = append(mine, d)
		}
	}
	return mine
}

// Settle records results of the run's deliveries, and reports whether that changed
// anything. It may be applied while others of them are still under way, to any later
// outbox, and again: an accepted delivery is removed whoever has claimed it by now,
// while a failure counts only against this run's own claim.
//
// now is on the store's clock. sure is a time that the API confirms, too: without one, when
// it is zero, nothing is dead for its age.
func (o Outbox) Settle(run string, results []Result, now, sure time.Time) (settled Outbox, changed bool) {
	byID := map[string]Result{}
	for _, r := range results {
		byID[r.ID] = r
	}
	for _, d := range o.Dead {
		if byID[d.ID].Done() { // refused by a run that took it over, but accepted in this one
			changed = true
			continue
		}
		settled.Dead = append(settled.Dead, d)
	}
	for _, d := range o.Pending {
		switch r, tried := byID[d.ID]; {
		case r.Done():
			changed = true
			continue
		case tried && d.Owner == run:
			changed = true
			if d = d.failed(r, now); r.cause(d, sure) != "" {
				d.LastError = r.cause(d, sure)
				settled.Dead = append(settled.Dead, d)
				continue
			}
		}
		settled.Pending = append(settled.Pending, d)
	}
	return settled, changed
}

// Release gives back what the run has claimed and not settled: it sends no more. It
// reports whether there was anything.
func (o Outbox) Release(run string) (released Outbox, changed bool) {
	released = Outbox{Pending: slices.Clone(o.Pending), Dead: o.Dead}
	for i, d := range released.Pending {
		if d.Owner == run {
			released.Pending[i], changed = d.released(), true
		}
	}
	return released, changed
}

// released is the delivery without its claim.
func (d Delivery) released() Delivery {
	d.Owner, d.Until = "", time.Time{}
	return d
}

// failed is the delivery after attempts that were not accepted. The pause grows
// with the wait: none before the next run, an hour after a working day.
func (d Delivery) failed(r Result, now time.Time) Delivery {
	d = d.released()
	d.Attempts += r.Attempts
	d.Unreadable += r.Unreadable
	if r.Alone {
		d.Alone++
	}
	d.LastError = r.Err.Error()
	d.Unknown = r.Unknown
	d.NotBefore = now.Add(max(r.Err.After, min(now.Sub(d.Created)/8, time.Hour)))
	return d
}

// Redrive puts dead deliveries of the sinks back among the pending, as new. One whose
// rows all have another status by now is dropped: sent this late, it would be the last
// that people read of them. It reports how many were.
func (o Outbox) Redrive(of func(sink string) bool, stale func(poller.Event) bool, now time.Time) (revived Outbox, superseded int) {
	revived = Outbox{Pending: slices.Clone(o.Pending)}
	for _, d := range o.Dead {
		if !of(d.Sink) {
			revived.Dead = append(revived.Dead, d)
			continue
		}
		if fresh := func(e poller.Event) bool { return !stale(e) }; len(d.Events) > 0 && !slices.ContainsFunc(d.Events, fresh) {
			superseded++
			continue
		}
		d.Created, d.NotBefore, d.Attempts, d.Unreadable, d.Alone = now, time.Time{}, 0, 0, 0
		revived.Pending = append(revived.Pending, d)
	}
	return revived, superseded
}

// Oldest is when the oldest undelivered event was observed; zero when nothing waits.
func (o Outbox) Oldest() time.Time {
	var oldest time.Time
	for _, d := range o.Pending {
		seen := d.Created
		for _, e := range d.Events {
			if e.Observed.Before(seen) {
				seen = e.Observed
			}
		}
		if oldest.IsZero() || seen.Before(oldest) {
			oldest = seen
		}
	}
	return oldest
}
