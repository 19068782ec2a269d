package sink

import (
	"context"
	"errors"
	"time"

	"refreshwatch/poller"
	"refreshwatch/template"
)

// Message is one notification for one sink. It stays the same on every attempt, but
// for Unknown and Mention.
type Message struct {
	ID       string           `json:"id"`
	Sink     string           `json:"sink"`                // the sink's name
	Kind     poller.Kind      `json:"kind"`                // one kind a message; see also template.Gap and its neighbours
	Events   []poller.Event   `json:"events,omitempty"`    // none for a notice
	Notice   *template.Notice `json:"notice,omitempty"`    // what refreshwatch reports about itself
	Digest   bool             `json:"digest,omitempty"`    // counts and a few rows instead of every row
	Action   string           `json:"action,omitempty"`    // what it was sent for: see [template.Message]
	InFlight int              `json:"in_flight,omitempty"` // rows of its submission that were in flight when it was made; 0 in a digest
	Mention  string           `json:"-"`                   // whom today's routes mention, in the sink's own markup; never stored

	Created time.Time `json:"created_at"`
	Unknown time.Time `json:"unknown,omitzero"` // last attempt whose outcome is unknown: it may have arrived
}

// MessageOf is m as it would be made at the given time: for previews and tests.
func MessageOf(m template.Message, created time.Time) Message {
	return Message{
		ID: m.ID, Kind: m.Kind, Events: m.Events, Notice: m.Notice, Digest: m.Digest, Action: m.Action, InFlight: m.InFlight,
		Mention: m.Mention, Created: created,
	}
}

// Sink sends messages to one receiver.
//
// Send makes one attempt and reports one of four outcomes: nil (the receiver
// accepted the message), or an [*Error] of one of the three classes. It returns
// when ctx is done, never panics, and may be called again with the same message at
// any time. It keeps to the receiver's published rate.
type Sink interface {
	Send(ctx context.Context, m Message) error
}

// Class is what a failed attempt means for the next one.
type Class string

// The outcomes of an attempt besides success.
const (
	Refused Class = "refused" // permanently: the configuration or this message must change
	Later   Class = "later"   // not now: nothing was delivered, another attempt may succeed
	Unknown Class = "unknown" // it may have arrived: timeout, reset, 5xx, unreadable answer
)

// Error is an attempt that was not accepted. Its text never holds a URL, a token
// or a secret.
type Error struct {
	Class Class
	After time.Duration // how long the receiver asks to wait; 0 when it did not ask
	Code  string        // the receiver's own word, such as "channel_not_found"; or ours, such as "timeout"
	Hint  string        // what a person can do about it, a sentence without its full stop; may be ""
	Err   error
}

func (e *Error) Error() string {
	s := e.Code
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += ". " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Outcome is err as an attempt's [*Error]. An error of no known class counts as
// [Unknown], the class that assumes least.
func Outcome(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Unknown, Code: "error", Err: err}
}

// CodeOf is the code of a failed attempt; "" when err is nil or no [*Error].
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
