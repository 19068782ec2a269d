package sink

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"refreshwatch/poller"
)

// Pace spaces requests to a receiver's published rate: all of its limits hold. The
// zero Pace does not wait.
type Pace []*rate.Limiter

// Every allows one request each interval, and burst of them at once.
func Every(interval time.Duration, burst int) *rate.Limiter {
	return rate.NewLimiter(rate.Every(interval), burst)
}

// Wait returns when the next request may go out. When that is after ctx's deadline
// it returns at once with an [*Error] of class [Later] that says how long the wait
// would be: nothing was sent.
func (p Pace) Wait(ctx context.Context) error {
	for _, limiter := range p {
		now := time.Now()
		turn := limiter.ReserveN(now, 1)
		delay := turn.DelayFrom(now)
		if deadline, ok := ctx.Deadline(); ok && now.Add(delay).After(deadline) {
			turn.CancelAt(now)
			return &Error{Class: Later, Code: "paced", After: delay, Err: errors.New("the receiver's rate leaves no room before the deadline")}
		}
		if err := poller.Sleep(ctx, delay); err != nil {
			turn.Cancel()
			return &Error{Class: Later, Code: "canceled", Err: err}
		}
	}
	return nil
}
