package notifier

import (
	"time"

	"refreshwatch/poller"
)

// firsts are, of each row that waits for a sink, the time of the first delivery about
// it.
type firsts map[sinkRow]time.Time

type sinkRow struct {
	sink string
	row  poller.Key
}

// earliest reads the pending deliveries. Dead ones hold nothing back: only a person
// revives them.
func (o Outbox) earliest() firsts {
	first := firsts{}
	for _, d := range o.Pending {
		at := d.newest()
		for _, e := range d.Events {
			k := sinkRow{d.Sink, e.Task.Key}
			if before, ok := first[k]; !ok || at.Before(before) {
				first[k] = at
			}
		}
	}
	return first
}

// isBehind reports whether an earlier delivery about one of d's rows still waits for
// the same sink. Deliveries are compared as wholes, so that no two wait for each other.
func (f firsts) isBehind(d Delivery) bool {
	at := d.newest()
	for _, e := range d.Events {
		if f[sinkRow{d.Sink, e.Task.Key}].Before(at) {
			return true
		}
	}
	return false
}

// newest is when the last of the delivery's events was observed.
func (d Delivery) newest() time.Time {
	var at time.Time
	for _, e := range d.Events {
		if e.Observed.After(at) {
			at = e.Observed
		}
	}
	return at
}
