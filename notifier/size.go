package notifier

import (
	"strings"

	"refreshwatch/poller"
)

// MaxBytes is how much of a document the deliveries of all sinks may take together,
// dead ones included. Each sink has an equal share, so that one that is down holds back
// its own events only. A run decodes them and encodes them anew, and needs ten times as
// much memory for that: 10 MiB fit the 128 MB of the smallest function. It is about ten
// days of a sink that is down, at the default quotas of VOD.
const MaxBytes = 10 << 20

// What a delivery and an event take in a document beside their own texts, measured.
const (
	DeliveryBytes = 400
	eventBytes    = 340
)

// EventBytes is about what an event takes in a document; a little more rather than less.
func EventBytes(e poller.Event) int {
	return eventBytes + textBytes(e.Task.TaskID) + textBytes(e.Task.ObjectPath) + textBytes(e.Task.Process) + textBytes(e.Task.Description)
}

// textBytes is what a text takes in JSON.
func textBytes(s string) int {
	n := len(s)
	for _, escaped := range []string{"&", "<", ">"} {
		n += 5 * strings.Count(s, escaped)
	}
	return n + strings.Count(s, `"`) + strings.Count(s, `\`)
}

func (d Delivery) bytes() int {
	n := DeliveryBytes + textBytes(d.LastError)
	for _, e := range d.Events {
		n += EventBytes(e)
	}
	return n
}

// BytesFor is about what one sink's deliveries take in a document.
func (o Outbox) BytesFor(sink string) int {
	n := 0
	for _, list := range [][]Delivery{o.Pending, o.Dead} {
		for _, d := range list {
			if d.Sink == sink {
				n += d.bytes()
			}
		}
	}
	return n
}
