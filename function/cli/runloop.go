package cli

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
)

const (
	defaultRunEvery = time.Minute

	// What a poll may still do after a signal. Containers are killed after 10 seconds
	// (docker stop) or 30 (Kubernetes, terminationGracePeriodSeconds; read 2026-11).
	// Answers are waited for the shorter time: what was not read, the next poll reads.
	// What is being sent gets the longer one. Then the poll records what it has sent.
	answerWithin = 3 * time.Second
	settleWithin = 8 * time.Second
)

// runLoop polls again and again in one process: for a machine or a container, where no
// timer calls. A failed poll is logged, and the next one tries again.
func runLoop(ctx context.Context, o *options, sh Shell) int {
	_, log := sh.begin(o)
	w, err := setup.Configure(sh.Getenv, setup.CommandLine, log, sh.Out)
	if err != nil {
		return sh.fail(err)
	}
	if err := refuseLoss(o, watch.ActionPoll, w); err != nil {
		return sh.fail(err)
	}
	sh.zone = sh.timeZone(w.Config.TimeZone)
	var unusable error // found by the first poll: no later one can do better
	w.Log.Info("polling starts", "every", o.every.String(), "timeout", o.timeout.String())
	polls := loop{every: o.every, jitter: func() time.Duration { return rand.N(o.every/10 + 1) }}
	asking, release := outlasting(ctx, answerWithin)
	defer release()
	sending, release := outlasting(ctx, settleWithin)
	defer release()
	w.StopAsking = asking.Done()
	polls.until(ctx, func() (goOn bool) {
		tick, stop := context.WithTimeout(sending, o.timeout)
		defer stop()
		report, err := w.Run(tick, watch.Request{Action: watch.ActionPoll, DryRun: o.req.DryRun}, w.Log)
		if code := watch.Code(err); code == watch.CodeConfig || code == watch.CodeUsage {
			unusable = err
			return false
		}
		sh.logPoll(w.Log, report, err)
		return true
	})
	if unusable != nil {
		return sh.fail(unusable)
	}
	w.Log.Info("polling stopped")
	return 0
}

// logPoll writes the line of a poll: its fields for machines, a sentence for a person.
func (sh Shell) logPoll(log *slog.Logger, r watch.Report, err error) {
	switch {
	case !sh.ErrTTY:
		watch.LogSummary(log, r, err)
	case err != nil:
		if watch.HasCode(err, watch.CodeDead) {
			r = withoutDead(r) // the error says it
		}
		why := sh.say("Needs attention (%s): %s", watch.Code(err), sh.err(err))
		log.Error(sh.sentences([]string{sh.summary(r), why}))
	default:
		log.Info(sh.summary(r))
	}
}

// outlasting is a context that ends so long after ctx.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, stop := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(by):
			stop()
		case <-longer.Done():
		}
	})
	return longer, func() { release(); stop() }
}

// loop does something at regular times. They are multiples of every since the start, so
// that nothing adds up; each is a little late, so that programs started together do not
// ask together. What takes longer than every leaves a time out.
type loop struct {
	every  time.Duration
	jitter func() time.Duration // less than every
}

// until does it at once and then at each time, until ctx ends or it wants no more.
func (l loop) until(ctx context.Context, do func() (goOn bool)) {
	start := time.Now()
	for do() && ctx.Err() == nil {
		periods := time.Since(start)/l.every + 1
		next := start.Add(periods*l.every + l.jitter())
		timer := time.NewTimer(time.Until(next))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
