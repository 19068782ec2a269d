package checkpoint

import (
	"errors"
	"strings"
)

// Errors a caller branches on. Any other error of a [Store] means that the outcome is
// unknown: load again to learn it.
var (
	// ErrConflict: another generation was created first. It may be one of ours
	// whose answer was lost, so read the head before concluding anything.
	ErrConflict = errors.New("another run changed the checkpoint first")
	// ErrCorrupt: there is history, but its head is missing or unreadable. It is
	// never overwritten; a person must decide.
	ErrCorrupt = errors.New("the checkpoint is damaged")
)

const nextDamaged = "Restore it from a backup; or remove everything under CHECKPOINT to start over as FIRST_RUN says, " +
	"and accept that notifications are lost or repeated"

// Damaged is a document that cannot be read; why wraps [ErrCorrupt].
func Damaged(why error) error { return &Error{Problem: why.Error(), Next: nextDamaged, Err: why} }

// Error is a failure in plain words, with the next step for a person. It holds no
// secret and no text of a foreign server.
type Error struct {
	Op        string // what was attempted, and on which file or object
	Problem   string // what went wrong, without a capital letter or a full stop
	Next      string // what to do, a sentence without its full stop; may be empty
	Code      string // the vendor's word for the problem, if it has one
	RequestID string // for the vendor's support
	Passing   bool   // a later run may succeed without anybody doing anything
	Err       error  // the cause, for errors.Is and errors.As; may be nil
}

// Error is "op: problem (request id X). Next."; what is empty is left out.
func (e *Error) Error() string {
	s := e.Problem
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.RequestID != "" {
		s += " (request id " + e.RequestID + ")"
	}
	switch {
	case strings.HasSuffix(e.Next, "?"):
		s += ". " + e.Next
	case e.Next != "":
		s += ". " + e.Next + "."
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
