package notifier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"refreshwatch/notifier/sink"
)

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

// Target is a sink with what the operator wants of it.
type Target struct {
	Name        string
	Sink        sink.Sink
	Grouping    sink.Grouping
	Concurrency int  // deliveries under way at once; 0 means one
	Drop        bool // after an unknown outcome: rather lose the message than send a duplicate
}

// maxUnreadable is how many unreadable 2xx answers make a delivery dead: whoever
// answers them accepts it every time, in words of its own.
const maxUnreadable = 3

// Result is what one run's attempts at a delivery came to.
type Result struct {
	ID         string
	Rows       int         // events in it
	Attempts   int         // sends that were started
	Unreadable int         // of them, answered 2xx in a form nobody can read
	Dropped    bool        // its outcome is unknown, and its target prefers a loss to a duplicate
	Unknown    time.Time   // start of the first attempt whose outcome is unknown
	Err        *sink.Error // of the last attempt; nil when it was accepted
}

// Done reports whether the delivery needs no further attempt.
func (r Result) Done() bool { return r.Attempts > 0 && (r.Err == nil || r.Dropped) }

// dead reports whether d, which failed, gets no further attempt.
func (r Result) dead(d Delivery, now time.Time) bool {
	return r.Err != nil && (r.Err.Class == sink.Refused || now.Sub(d.Created) > giveUpAfter)
}

// retryable reports whether the target may be down: the delivery failed, and not by
// its own fault.
func (r Result) retryable() bool {
	return r.Err != nil && r.Err.Class != sink.Refused && !r.Dropped
}

// Deliver sends what the run has claimed, each target on its own: one that is down
// neither blocks nor repeats another. A delivery without a result was never tried.
// mayStart is the deadline rule, asked before each send.
func Deliver(ctx context.Context, targets []Target, claimed []Delivery, mayStart func(time.Time) bool) []Result {
	var all results
	var wg sync.WaitGroup
	for _, t := range targets {
		q := t.queue(claimed)
		for range max(1, t.Concurrency) {
			wg.Go(func() { q.drain(ctx, mayStart, all.add) })
		}
	}
	wg.Wait()
	return all.list
}

// results collects from several workers.
type results struct {
	mu   sync.Mutex
	list []Result
}

func (rs *results) add(r Result) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.list = append(rs.list, r)
}

// queue is what one target is to be sent in this run.
type queue struct {
	target     Target
	deliveries chan Delivery
	down       atomic.Bool // the target has failed: it is left to the next run
}

func (t Target) queue(claimed []Delivery) *queue {
	q := &queue{target: t, deliveries: make(chan Delivery, len(claimed))}
	for _, d := range claimed {
		if d.Sink == t.Name {
			q.deliveries <- d
		}
	}
	close(q.deliveries)
	return q
}

// drain is one worker: it delivers until the queue is empty, the target is down or
// no send may start any more.
func (q *queue) drain(ctx context.Context, mayStart func(time.Time) bool, add func(Result)) {
	for d := range q.deliveries {
		if q.down.Load() {
			return
		}
		r := q.target.deliver(ctx, d, mayStart)
		if r.Attempts == 0 {
			return
		}
		add(r)
		if r.retryable() {
			q.down.Store(true)
		}
	}
}

// deliver tries one delivery until it is accepted or refused, or time or attempts
// run out.
func (t Target) deliver(ctx context.Context, d Delivery, mayStart func(time.Time) bool) Result {
	r := Result{ID: d.ID, Rows: len(d.Events), Unknown: d.Unknown}
	for r.Attempts < attempts {
		now := time.Now()
		if ctx.Err() != nil || !mayStart(now) {
			return r
		}
		r.Attempts++
		err := t.send(ctx, d.Message)
		if err == nil {
			r.Err = nil
			return r
		}
		r.Err = sink.Outcome(err)
		if r.Err.Class == sink.Refused {
			return r
		}
		if r.Err.Class == sink.Unknown {
			if r.Unknown.IsZero() {
				r.Unknown = now
			}
			if t.Drop {
				r.Dropped = true
				return r
			}
			d.Unknown = r.Unknown // the sink can look it up
		}
		if r.Err.Code == sink.CodeUnreadable {
			r.Unreadable++
		}
		if d.Unreadable+r.Unreadable >= maxUnreadable {
			r.Err = unreadable(r.Err)
			return r
		}
		if !pause(ctx, r.Attempts, r.Err) {
			return r
		}
	}
	return r
}

// unreadable is the last of too many unreadable answers: the message is dead.
func unreadable(last *sink.Error) *sink.Error {
	e := *last
	e.Class = sink.Refused
	e.Err = fmt.Errorf("%d answers of success did not say whether the message was accepted: %w", maxUnreadable, e.Err)
	return &e
}

// send is one attempt. A sink that panics would do so at this message again, and
// keep the others from being sent: the message is dead until a redrive.
func (t Target) send(ctx context.Context, m sink.Message) (err error) {
	defer func() {
		if p := recover(); p != nil { // its text may quote what was sent, and to where
			err = &sink.Error{Class: sink.Refused, Code: "panic", Err: fmt.Errorf("the sink panicked with a %T", p), Hint: "This is a bug, report it"}
		}
	}()
	return t.Sink.Send(ctx, m)
}

// pause waits before the next attempt: as long as the receiver asked, else with
// full jitter. It reports false at once when the wait does not fit the time left.
func pause(ctx context.Context, attempt int, last *sink.Error) bool {
	wait := last.After
	if wait <= 0 {
		wait = time.Duration(rand.Int64N(int64(min(firstPause<<(attempt-1), lastPause))) + 1)
	}
	if last.Class == sink.Unknown {
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
