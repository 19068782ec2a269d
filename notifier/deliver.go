package notifier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// PostTimeout bounds one attempt. A claim must outlast the attempts it covers, so
// the deadline rule of [Lease] counts with it.
const PostTimeout = 10 * time.Second

// Within one run an attempt that may succeed later is repeated a few times, with
// full jitter; a sink that still fails is left to the next run.
const (
	attempts   = 3
	firstPause = 500 * time.Millisecond
	lastPause  = 8 * time.Second
	// A receiver that did not answer may still be at work: a look-up, or a second
	// copy, right behind it would come too early.
	quietTime = 2 * time.Second
)

// Result is what one run's attempts at a delivery came to.
type Result struct {
	ID       string
	Rows     int       // events it told
	Attempts int       // sends that were started
	Dropped  bool      // its outcome is unknown, and its sink prefers a loss to a double
	Unknown  time.Time // start of the first attempt whose outcome is unknown
	Err      *Error    // of the last attempt; nil when it was accepted
}

// Done reports whether the delivery needs no further attempt.
func (r Result) Done() bool { return r.Attempts > 0 && (r.Err == nil || r.Dropped) }

// hopeless reports whether d, which failed, is given up.
func (r Result) hopeless(d Delivery, now time.Time) bool {
	return r.Err != nil && (r.Err.Class == Refused || now.Sub(d.Created) > GiveUp)
}

// Channel is a sink with what the operator wants of it.
type Channel struct {
	Name  string
	Sink  Sink
	Style Style
	Lanes int  // deliveries under way at once; 0 means one
	Drop  bool // after an unknown outcome: rather lose the message than tell it twice
}

// Deliver sends what the run has claimed, each channel on its own: a dead one
// neither blocks nor repeats another. A delivery without a result was never tried.
// mayStart is the deadline rule, asked before each send.
func Deliver(ctx context.Context, channels []Channel, claimed []Delivery, mayStart func(time.Time) bool) []Result {
	var mu sync.Mutex
	var results []Result
	var wg sync.WaitGroup
	for _, c := range channels {
		queue := make(chan Delivery, len(claimed))
		for _, d := range claimed {
			if d.Sink == c.Name {
				queue <- d
			}
		}
		close(queue)
		down := make(chan struct{}) // closed once the sink has failed for this run
		var once sync.Once
		for range max(1, c.Lanes) {
			wg.Go(func() {
				for d := range queue {
					select {
					case <-down:
						return
					default:
					}
					r := c.deliver(ctx, d, mayStart)
					if r.Attempts == 0 {
						return
					}
					mu.Lock()
					results = append(results, r)
					mu.Unlock()
					if r.Err != nil && r.Err.Class != Refused && !r.Dropped {
						once.Do(func() { close(down) })
					}
				}
			})
		}
	}
	wg.Wait()
	return results
}

// deliver tries one delivery until it is accepted, refused, or time or patience
// end.
func (c Channel) deliver(ctx context.Context, d Delivery, mayStart func(time.Time) bool) Result {
	r := Result{ID: d.ID, Rows: len(d.Events), Unknown: d.Unknown}
	for r.Attempts < attempts {
		now := time.Now()
		if ctx.Err() != nil || !mayStart(now) {
			return r
		}
		r.Attempts++
		err := c.send(ctx, d)
		if err == nil {
			r.Err = nil
			return r
		}
		r.Err = outcome(err)
		if r.Err.Class == Refused {
			return r
		}
		if r.Err.Class == Unknown {
			if r.Unknown.IsZero() {
				r.Unknown = now
			}
			if c.Drop {
				r.Dropped = true
				return r
			}
			d.Unknown = r.Unknown // the sink can look whether it arrived
		}
		if !pause(ctx, r.Attempts, r.Err) {
			return r
		}
	}
	return r
}

// send is one attempt. A sink that panics would do so at this message again, and
// keep the others from being sent: the message is given up, until a person looks.
func (c Channel) send(ctx context.Context, d Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil { // its words may quote what was sent, and to where
			err = &Error{Class: Refused, Code: "panic", Err: fmt.Errorf("the sink panicked with a %T", p), Hint: "This is a bug, report it"}
		}
	}()
	return c.Sink.Send(ctx, d)
}

// pause waits before the next attempt: as long as the receiver asked, else with
// full jitter. It reports false at once when the wait does not fit the time left.
func pause(ctx context.Context, attempt int, last *Error) bool {
	if attempt >= attempts {
		return false
	}
	wait := last.After
	if wait <= 0 {
		wait = time.Duration(rand.Int64N(int64(min(firstPause<<(attempt-1), lastPause))) + 1)
	}
	if last.Class == Unknown {
		wait = max(wait, quietTime)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
