package notifier

import (
	"time"

	"refreshwatch/poller"
)

// firsts are, of each row that waits for a sink, the time of its earliest event.
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
		for _, e := range d.Events {
			k := sinkRow{d.Sink, e.Task.Key}
			if at, ok := first[k]; !ok || e.Observed.Before(at) {
				first[k] = e.Observed
			}
		}
	}
	return first
}

// isBehind reports whether an earlier event of one of d's rows still waits for the
// same sink.
func (f firsts) isBehind(d Delivery) bool {
	for _, e := range d.Events {
		if f[sinkRow{d.Sink, e.Task.Key}].Before(e.Observed) {
			return true
		}
	}
	return false
}
