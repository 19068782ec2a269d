package notifier

import (
	"fmt"
	"time"

	"refreshwatch/notifier/sink"
)

// Result is what one run's attempts at a delivery came to.
type Result struct {
	ID, Sink   string
	Rows       int         // events in it
	Attempts   int         // sends that were started
	Unreadable int         // of them, answered 2xx in a form nobody can read
	Dropped    bool        // its outcome is unknown, and its target prefers a loss to a duplicate
	Alone      bool        // it failed in every attempt, while its target accepted others
	Unknown    time.Time   // start of the last attempt whose outcome is unknown
	Err        *sink.Error // of the last attempt; nil when it was accepted

	exhausted bool // every attempt of a run was made and failed
}

// Done reports whether the delivery needs no further attempt.
func (r Result) Done() bool { return r.Attempts > 0 && (r.Err == nil || r.Dropped) }

// retryable reports whether the target may be down: the delivery failed, and not by
// its own fault.
func (r Result) retryable() bool {
	return r.Err != nil && r.Err.Class != sink.Refused && !r.Dropped
}

// When a delivery is dead before a person or the receiver says so.
const (
	// giveUpAfter is how long a delivery is retried: longer than a weekend.
	giveUpAfter = 72 * time.Hour
	// maxAlone is in how many runs it may fail while its target accepts others: it is
	// the message that the receiver cannot take, and not the receiver that is down.
	maxAlone = 5
	// maxUnreadable is how many 2xx answers may say nothing readable: whoever answers
	// them accepts the message every time, in words of its own.
	maxUnreadable = 3
)

// cause is why d, which failed with r, is dead; "" when it is not.
func (r Result) cause(d Delivery, sure time.Time) string {
	switch {
	case r.Err == nil:
		return ""
	case r.Err.Class == sink.Refused:
		return r.Err.Error()
	case d.Alone >= maxAlone:
		return fmt.Sprintf("failed in %d runs that delivered other messages to this sink; the last time: %s", d.Alone, r.Err)
	case sure.Sub(d.Created) > giveUpAfter:
		return fmt.Sprintf("not delivered for three days; the last time: %s", r.Err)
	default:
		return ""
	}
}

// unreadable is the last of too many unreadable answers: the message is dead.
func unreadable(last *sink.Error) *sink.Error {
	e := *last
	e.Class = sink.Refused
	e.Err = fmt.Errorf("%d answers of success did not say whether the message was accepted: %w", maxUnreadable, e.Err)
	return &e
}
