package aliyun

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"refreshwatch/poller"
)

// slack makes the gap between two requests one hundredth wider than the ceiling
// asks for: no sliding second of the server's clock holds one too many, though the
// network shifts arrivals a little.
const slack = 1.01

// errNoTime: the caller's deadline comes before the request may leave.
var errNoTime = errors.New("no time is left for the request")

// limiter keeps all requests of a client, retries included, below a rate. There are
// no bursts: an idle hour earns nothing.
type limiter struct {
	rate *rate.Limiter

	mu     sync.Mutex
	resume time.Time // nothing leaves before
}

func newLimiter(maxQPS float64) *limiter {
	return &limiter{rate: rate.NewLimiter(rate.Limit(maxQPS/slack), 1)}
}

// wait returns when a request may leave, or [errNoTime].
func (l *limiter) wait(ctx context.Context) error {
	for {
		if poller.Sleep(ctx, l.paused()) != nil || l.rate.Wait(ctx) != nil {
			return errNoTime
		}
		if l.paused() <= 0 { // a pause may have begun meanwhile
			return nil
		}
	}
}

func (l *limiter) paused() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.resume)
}

// pause keeps every goroutine from sending for d: the API's limit is the account's.
func (l *limiter) pause(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.resume) {
		l.resume = until
	}
}
