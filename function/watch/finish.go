package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
)

// found is what one try of a tick has seen. It counts once it is committed: what a
// lost race saw, the winner tells.
type found struct {
	change    poller.Change
	truncated bool
	unproven  int
	gap       *poller.Span
}

func (f found) addTo(r *Report) {
	r.New += f.change.New
	r.Complete += f.change.Complete
	r.Failed += f.change.Failed
	r.Stalled += f.change.Stalled
	r.Expired += f.change.Expired
	r.Silent += f.change.Silent
	r.Truncated = r.Truncated || f.truncated
	r.Unproven += f.unproven
	if f.gap != nil {
		r.Gap = f.gap
	}
}

// countSent adds up what the sinks accepted, and logs what they did not.
func (r *run) countSent(results []notifier.Result) {
	sinks := map[string]string{}
	for _, d := range r.doc.Outbox.Pending {
		sinks[d.ID] = d.Sink
	}
	for _, res := range results {
		log := r.Log.With("sink", sinks[res.ID], "delivery", res.ID)
		switch {
		case res.Err == nil:
			r.report.Sent++
			r.report.Covered += res.Rows
		case res.Dropped:
			log.Warn("a message may be lost", "reason", res.Err.Error(), "policy", "on_unknown: drop")
		case res.Err.Class == notifier.Refused:
			log.Error("a sink refused a message for good", "reason", res.Err.Error())
		default:
			log.Warn("a message was not delivered yet", "class", string(res.Err.Class), "reason", res.Err.Error())
		}
	}
}

// state fills in what the report says about the document.
func (r *Report) state(d Document, now time.Time) {
	r.InFlight = len(d.Poller.Open)
	r.Retrying = len(d.Outbox.Pending)
	r.Dead = len(d.Outbox.Dead)
	if oldest := d.Outbox.Oldest(); !oldest.IsZero() {
		r.LagSeconds = int64(now.Sub(oldest).Seconds())
	}
}

// ended words how a run ended that was not let finish: by a signal, or by its
// deadline. Errors that have another cause stay as they are.
func (r *run) ended(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return join(err, &RunError{CodeInterrupted, errors.New("interrupted; the next run goes on from what was recorded")})
	case errors.Is(err, context.DeadlineExceeded):
		return &RunError{Code(err), fmt.Errorf("%w. The run had %s in all: give it more time (-timeout; on Function Compute the function's timeout)",
			err, r.budget.deadline.Sub(r.began).Round(time.Millisecond))}
	}
	return err
}

// finish completes the report and says whether a person is needed. Only status
// leaves that to its report: on Function Compute an error would hide it.
func (r *run) finish(err error) (Report, error) {
	now := time.Now()
	r.report.state(r.doc, now)
	r.report.TookMS = now.Sub(r.began).Milliseconds()
	if err == nil && r.apiErr != nil {
		err = apiError(r.apiErr)
	}
	if dead := r.dead(); len(dead) > 0 && r.req.Action != ActionStatus {
		last := dead[len(dead)-1]
		err = join(err, &RunError{CodeDead, fmt.Errorf("%s given up, the last for sink %s: %s. Mend the sink, then run redrive",
			Count(len(dead), "message"), last.Sink, last.LastError)})
	}
	return r.report, err
}

// dead is what a redrive can revive: an operator who took a sink away is not asked
// to mend it.
func (r *run) dead() []notifier.Delivery {
	return slices.DeleteFunc(slices.Clone(r.doc.Outbox.Dead), func(d notifier.Delivery) bool { return !r.configured(d.Sink) })
}

// join keeps the first error's code and shows both.
func join(first, second error) error {
	if first == nil {
		return second
	}
	return errors.Join(first, second)
}
