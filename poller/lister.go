package poller

import (
	"context"
	"errors"
	"time"
)

// PageSize is the most rows the API gives in one answer (VOD,
// DescribeVodRefreshTasks, read 2026-11).
const PageSize = 50

// Query is one question to the API. Both times are always set: services of the
// same family refuse a single one, and a fixed end keeps new rows out of it.
type Query struct {
	From       time.Time `json:"from"` // creation time, whole seconds, UTC; whether the ends count is not documented
	To         time.Time `json:"to"`
	Status     Status    `json:"status,omitempty"`      // "" for any; needs ObjectType
	ObjectType string    `json:"object_type,omitempty"` // "" for any
	Domain     string    `json:"domain,omitempty"`      // "" for any; needs ObjectType
	TaskID     string    `json:"task_id,omitempty"`     // "" for any; one id
	ObjectPath string    `json:"object_path,omitempty"` // "" for any
}

// Page is one answer.
type Page struct {
	Tasks  []Task    // at most PageSize
	Number int       // from 1
	Total  int       // rows of the whole answer, as the API claims
	Now    time.Time // the API's clock when it answered, UTC, whole seconds; zero when it sent none
}

// Lister asks the API for one page. It may be called from several goroutines. A
// nil error means the answer was complete and well-formed; a positive "no rows" is
// a page without tasks. Any other outcome is an [*Error], or the context's own
// error when time ran out. Repeating a call is always safe.
type Lister interface {
	List(ctx context.Context, q Query, page int) (Page, error)
}

// ErrNoSuchTask is wrapped by a Lister's error when the API refuses the task id
// that was asked for. It says nothing about any other row.
var ErrNoSuchTask = errors.New("the API does not know this task id")

// Class says what it takes until the same query succeeds.
type Class string

// The classes of API errors.
const (
	Transient   Class = "transient"   // throttling, 5xx, transport, an incomplete answer: a later run succeeds
	Credentials Class = "credentials" // expired: the next invocation brings new ones
	Denied      Class = "denied"      // a person must act: key, permission, service closed, overdue, clock
	Rejected    Class = "rejected"    // the API refused this query: bad filter, or our bug; other queries may succeed
	Unreadable  Class = "unreadable"  // a complete answer of a shape nobody knows: a person must look at it
)

// Error is a query that got no usable answer. Its text never holds a URL, a key, a
// token or a signature.
type Error struct {
	Class     Class
	Code      string // the API's code, such as "Throttling.User"; or ours, such as "BadAnswer"
	RequestID string // the API's, "" when there was none
	Hint      string // what a person can do about it, a full sentence; may be ""
	Err       error
}

func (e *Error) Error() string {
	s := "API error " + e.Code
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.RequestID != "" {
		s += " (request " + e.RequestID + ")"
	}
	if e.Hint != "" {
		s += ". " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
