package checkpoint

import "strings"

// Error is a failure that a person can do something about. It holds no secret and
// no text of a foreign server.
type Error struct {
	Op        string // what was attempted
	Code      string // the vendor's word for it, if it has one
	RequestID string // for the vendor's support
	Hint      string // what to do
	Err       error  // the cause, never nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": ")
	b.WriteString(e.Err.Error())
	var ids []string
	if e.Code != "" {
		ids = append(ids, e.Code)
	}
	if e.RequestID != "" {
		ids = append(ids, "request "+e.RequestID)
	}
	if len(ids) > 0 {
		b.WriteString(" (" + strings.Join(ids, ", ") + ")")
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }
