package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"refreshwatch/poller"
)

// Panicked turns what a panic was raised with into an error, and leaves the place
// in the log. Only the runtime's own words are repeated: others may quote what was
// being worked on, and that may be a secret. Frames carry no values.
func Panicked(p any, log *slog.Logger) error {
	what := fmt.Sprintf("a %T", p)
	var known runtime.Error
	if err, ok := p.(error); ok && errors.As(err, &known) {
		what = known.Error()
	}
	log.Error("panic", "what", what, "stack", frames(5))
	return &RunError{CodeInternal, fmt.Errorf("internal error: %s. This is a bug: report it with the log line \"panic\"; what the run had saved is kept", what)}
}

// frames are the functions under way, the innermost first.
func frames(skip int) []string {
	var pcs [32]uintptr
	var list []string
	callers := runtime.CallersFrames(pcs[:runtime.Callers(skip, pcs[:])])
	for {
		f, more := callers.Next()
		list = append(list, fmt.Sprintf("%s:%d", f.Function, f.Line))
		if !more {
			return list
		}
	}
}

// Guarded is the API as a run asks it: it shows the answers to the progress line, and
// a panic on the way is an answer that cannot be used, not the end of the process.
type Guarded struct {
	poller.Lister
	Log      *slog.Logger
	Answered func(poller.Query, poller.Page) // called after each answer, from several goroutines; may be nil
}

func (w *Guarded) List(ctx context.Context, q poller.Query, page int) (answer poller.Page, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &poller.Error{Class: poller.Transient, Code: "Panic", Err: Panicked(p, w.Log)}
		}
	}()
	answer, err = w.Lister.List(ctx, q, page)
	if w.Answered != nil && err == nil {
		w.Answered(q, answer)
	}
	return answer, err
}
