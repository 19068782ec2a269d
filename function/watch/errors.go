package watch

import (
	"errors"
	"fmt"
	"slices"

	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
)

// Codes of failed runs, for machines: Function Compute's errorType, the log's
// "code".
const (
	CodeUsage             = "usage"              // the event or the flags
	CodeConfig            = "config"             // the environment or CONFIG_FILE
	CodeAPIUnavailable    = "api_unavailable"    // recovers by itself: throttling, 5xx, transport
	CodeAPICredentials    = "api_credentials"    // expired; the next invocation brings new ones
	CodeAPIDenied         = "api_denied"         // manual action is needed
	CodeAPIRejected       = "api_rejected"       // the API refused the query, or answered in a shape nobody knows
	CodeCheckpoint        = "checkpoint"         // the store cannot be read or written now
	CodeCheckpointCorrupt = "checkpoint_corrupt" // manual action is needed; nothing was written
	CodeCheckpointNewer   = "checkpoint_newer"   // a newer release wrote it
	CodeCheckpointForeign = "checkpoint_foreign" // of another product, region or account; nothing was written
	CodeOutboxFull        = "outbox_full"        // a sink has been down for too long
	CodeDead              = "dead_deliveries"    // rejected permanently; fix the sink, then redrive
	CodeStuck             = "stuck"              // polls make no progress although there is work
	CodeCheck             = "check"              // an item of check failed
	CodeInterrupted       = "interrupted"        // by a signal; what had begun was recorded
	CodeInternal          = "internal"           // a bug
)

// RunError is why a run failed, or what needs manual action although the run did its
// work. Err holds a [poller.Mistake] for everything an operator has to correct.
type RunError struct {
	Code string
	Err  error
}

func (e *RunError) Error() string { return e.Err.Error() }
func (e *RunError) Unwrap() error { return e.Err }

// Usage is the error of an event or a command line that has to be corrected.
func Usage(mistakes ...*poller.Mistake) error {
	var all []error
	for _, m := range mistakes {
		all = append(all, m)
	}
	return &RunError{CodeUsage, errors.Join(all...)}
}

func storeError(doing string, err error) error {
	code := CodeCheckpoint
	switch {
	case errors.Is(err, ErrNewer):
		code = CodeCheckpointNewer
	case errors.Is(err, checkpoint.ErrCorrupt):
		code = CodeCheckpointCorrupt
	}
	return &RunError{code, fmt.Errorf("%s: %w", doing, err)}
}

func apiError(err error) error {
	var api *poller.Error
	if !errors.As(err, &api) {
		return &RunError{CodeAPIUnavailable, err}
	}
	code := map[poller.Class]string{
		poller.Transient:   CodeAPIUnavailable,
		poller.Credentials: CodeAPICredentials,
		poller.Denied:      CodeAPIDenied,
		poller.Rejected:    CodeAPIRejected,
		poller.Unreadable:  CodeAPIRejected,
	}[api.Class]
	return &RunError{code, err}
}

// Code is the machine-readable reason of an error; "" for none.
func Code(err error) string {
	var run *RunError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &run):
		return run.Code
	}
	return CodeInternal
}

// HasCode reports whether any of the joined errors has the code.
func HasCode(err error, code string) bool {
	switch e := err.(type) {
	case nil:
		return false
	case *RunError:
		return e.Code == code
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(err error) bool { return HasCode(err, code) })
	default:
		return HasCode(errors.Unwrap(err), code)
	}
}
