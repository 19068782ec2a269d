package poller

// RoleError is that a role could not be assumed, so that the API itself was not asked.
type RoleError struct {
	Role string // its ARN
	Err  error  // may be nil
}

func (e *RoleError) Error() string {
	s := "assume the role " + e.Role
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *RoleError) Unwrap() error { return e.Err }
