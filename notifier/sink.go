package notifier

import (
	"context"
	"errors"
	"time"
)

// Sink is one place that is told. Send tries once and reports one of four
// outcomes: nil (the receiver accepted it), or an [*Error] of one of the three
// classes. It keeps to ctx, never panics, and may be called again with the same
// delivery at any time. It paces itself to the receiver's published rate.
type Sink interface {
	Send(ctx context.Context, d Delivery) error
}

// Class is what a failed attempt means for the next one.
type Class string

// The outcomes of an attempt besides success.
const (
	Refused Class = "refused" // for good: the configuration or this message must change
	Later   Class = "later"   // not now: nothing was told, another attempt may succeed
	Unknown Class = "unknown" // it may have arrived: timeout, reset, 5xx, unreadable answer
)

// Error is an attempt that was not accepted. Its text never holds a URL, a token
// or a secret.
type Error struct {
	Class Class
	After time.Duration // the receiver asks to wait so long; 0 when it did not say
	Code  string        // the receiver's own word, such as "channel_not_found"; or ours, such as "timeout"
	Hint  string        // what a person can do about it, a full sentence; may be ""
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

// outcome reads err as an attempt's class; an error of no known class counts as
// unknown, the one that assumes least.
func outcome(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Unknown, Code: "error", Err: err}
}
