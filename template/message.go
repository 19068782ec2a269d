package template

import (
	"time"

	"refreshwatch/poller"
)

// Kinds of notices, beside the kinds of events in package poller.
const (
	Gap       poller.Kind = "gap"       // rows may have come and gone unseen
	Trouble   poller.Kind = "trouble"   // polls keep failing
	Recovered poller.Kind = "recovered" // and work again
	LowQuota  poller.Kind = "quota"     // less than a tenth of a day's quota is left
	Test      poller.Kind = "test"      // sent by check -post
)

// Notice is something refreshwatch says about itself.
type Notice struct {
	From    time.Time `json:"from,omitzero"` // of a gap, when the trouble began, or when the quota was read
	To      time.Time `json:"to,omitzero"`   // of a gap, or when polls succeeded again
	Code    string    `json:"code,omitempty"`
	Message string    `json:"message,omitempty"` // what happened, without secrets
	Hint    string    `json:"hint,omitempty"`    // what to do next
	Count   int       `json:"count,omitempty"`   // failed polls in a row

	Role  string         `json:"role,omitempty"`  // that could not be assumed: the trouble is STS's
	Quota []poller.Quota `json:"quota,omitempty"` // those that are low
}

// Message is all that a template may use.
type Message struct {
	ID       string // the delivery's id
	Kind     poller.Kind
	Events   []poller.Event // oldest first
	Notice   *Notice        // for the kinds above, else nil
	Digest   bool           // counts and a few rows instead of every row
	Action   string         // what it was sent for: "backfill", "renotify", or "" for a poll
	InFlight int            // rows of the same submission that have not finished
	Mention  string         // trusted markup from the operator's route
	Region   string
	Now      time.Time // when it is rendered, UTC
}
