package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"refreshwatch/poller"
)

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 8 * time.Second

	// The API counts requests by the second: after a throttling answer a whole
	// one has to pass.
	throttlePause = time.Second
)

// retry repeats attempt while its failure may pass and ctx has room for the wait.
// It returns the last attempt's error, or errNoTime.
func (c *caller) retry(ctx context.Context, attempt func() error) error {
	for n := 1; ; n++ {
		err := attempt()
		if err == nil {
			return nil
		}
		wait, again := c.backoff(err, n)
		if ctx.Err() == nil && (!again || !fits(ctx, wait)) {
			return err
		}
		if poller.Sleep(ctx, wait) != nil {
			return errNoTime
		}
	}
}

// backoff decides whether err may pass, and how long to wait: full jitter under a
// doubling bound. A throttling answer holds back every goroutine of the client,
// since the limit is the account's.
func (c *caller) backoff(err error, attempt int) (time.Duration, bool) {
	var e *poller.Error
	if !errors.As(err, &e) || e.Class != poller.Transient && e.Class != poller.Unreadable {
		return 0, false
	}
	bound := min(firstBackoff<<(attempt-1), maxBackoff)
	wait := rand.N(bound)
	if throttled(e) {
		wait += throttlePause
		c.limit.pause(wait)
	}
	return wait, attempt < maxAttempts
}

func throttled(e *poller.Error) bool {
	return strings.HasPrefix(e.Code, "Throttling") || e.Code == "TooManyRequests" || e.Code == "HTTP429"
}

// fits reports whether ctx leaves time for the wait and for something after it.
func fits(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || wait < time.Until(deadline)
}

// outOfTime replaces errNoTime by what the caller can tell: its context's error.
func outOfTime(ctx context.Context, doing string, err error) error {
	if !errors.Is(err, errNoTime) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, cmp.Or(ctx.Err(), context.DeadlineExceeded))
}
