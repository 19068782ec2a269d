package notifier

import (
	"time"

	"refreshwatch/poller"
	"refreshwatch/template"
)

// Delivery is one message for one sink: what has to be told, and how far that is.
// Its id and its events never change once it is in the outbox.
type Delivery struct {
	ID      string           `json:"id"`
	Sink    string           `json:"sink"`
	Kind    poller.Kind      `json:"kind"`              // one kind a delivery; see also template.Gap and its neighbours
	Events  []poller.Event   `json:"events,omitempty"`  // none for a notice
	Notice  *template.Notice `json:"notice,omitempty"`  // what refreshwatch says about itself
	Digest  bool             `json:"digest,omitempty"`  // told as counts and a few rows
	Mention string           `json:"mention,omitempty"` // who a route wants called, in the sink's own markup

	Created   time.Time `json:"created_at"`
	Attempts  int       `json:"attempts,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"` // paused until then
	Owner     string    `json:"owner,omitempty"`     // the run that may send it now
	Until     time.Time `json:"until,omitzero"`      // and until when, on the store's clock
	Unknown   time.Time `json:"unknown,omitzero"`    // first attempt whose outcome is unknown: it may have arrived
	LastError string    `json:"last_error,omitempty"`
}

// Message is what the templates see of the delivery.
func (d Delivery) Message(region string, now time.Time) template.Message {
	return template.Message{
		ID: d.ID, Kind: d.Kind, Events: d.Events, Notice: d.Notice, Digest: d.Digest,
		Mention: d.Mention, Region: region, Now: now,
	}
}
