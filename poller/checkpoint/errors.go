package checkpoint

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
	s := e.Op + ": " + e.Err.Error()
	if e.RequestID != "" {
		s += " (request id " + e.RequestID + ")"
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }
