package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"refreshwatch/notifier"
)

// interruption words the end of a run that was cut short, by a signal or by its
// deadline. Errors that have another cause stay as they are.
func (r *run) interruption(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled): // the latter: only the questions were
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return join(err, &RunError{CodeInterrupted, errors.New(r.left())})
	case errors.Is(err, context.DeadlineExceeded):
		return &RunError{Code(err), fmt.Errorf("%w. The run had %s: give it more time (-timeout; on Function Compute the function's timeout)",
			err, r.budget.deadline.Sub(r.began).Round(time.Millisecond))}
	}
	return err
}

// left is what an interrupted run leaves behind. Answers that were not committed yet are
// lost: half of them are no result.
func (r *run) left() string {
	next := "the next run"
	if r.req.Action == ActionBackfill {
		next = "the same backfill"
	}
	if r.kept == 0 {
		return fmt.Sprintf("interrupted before anything was recorded; %s begins again", next)
	}
	return fmt.Sprintf("interrupted: %s recorded, %s sent; %s continues from there", Count(r.facts.finished, "finished task"), Count(r.facts.sent, "message"), next)
}

// finish returns the report, and an error when the run failed or manual action is
// needed. Only status leaves dead letters to its report: on Function Compute an error
// would hide it.
func (r *run) finish(err error) (Report, error) {
	if Code(err) == CodeUsage { // nothing was done, and the request is what has to change
		return r.report(r.doc), err
	}
	if err == nil && r.apiErr != nil {
		err = apiError(r.apiErr)
	}
	if names := r.unreached(); len(names) > 0 && r.facts.finished > r.facts.silent {
		r.Log.Warn("messages are printed and count as notified: the sinks of this checkpoint do not get them", "sinks", names,
			"hint", "Set up the sinks before the next poll; then backfill -sink "+strings.Join(names, ",")+" sends what they missed")
	}
	if dead := r.dead(); len(dead) > 0 && r.req.Action != ActionStatus {
		last, count := dead[len(dead)-1], Count(len(dead), "dead letter")
		if all := len(r.doc.Outbox.Dead); all > len(dead) {
			count = fmt.Sprintf("%d of %s are for configured sinks", len(dead), Count(all, "dead letter"))
		}
		err = join(err, &RunError{CodeDead, fmt.Errorf("%s, the last for sink %s: %s. Fix the sink, then run redrive", count, last.Sink, last.LastError)})
	}
	if r.full {
		err = join(err, &RunError{CodeOutboxFull, fmt.Errorf("the checkpoint has reached its bound of %d MiB, and new tasks are held back. Fix or remove the sinks that are down, then run redrive", MaxDocument>>20)})
	}
	if lost := ErrLost(r.facts.lost); lost != nil {
		err = join(err, lost)
	}
	if n := r.facts.stuck; n >= stuckRuns {
		err = join(err, &RunError{CodeStuck, fmt.Errorf("%d polls in a row made no progress although there was work. Give a run more time, or raise the ceiling on requests; if both are ample, the API contradicts itself: see the log line \"unproven\"", n)})
	}
	return r.report(r.doc), err
}

// stuckRuns is how many polls without progress need no manual action.
const stuckRuns = 3

// dead is what a redrive can revive: an operator who took a sink away is not asked
// to fix it.
func (r *run) dead() []notifier.Delivery {
	return slices.DeleteFunc(slices.Clone(r.doc.Outbox.Dead), func(d notifier.Delivery) bool { return !r.isConfigured(d.Sink) })
}

// join keeps the first error's code and shows both.
func join(first, second error) error {
	if first == nil {
		return second
	}
	return errors.Join(first, second)
}
