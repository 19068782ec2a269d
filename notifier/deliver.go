package notifier

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// Within one run an attempt that may succeed later is repeated a few times, with
// full jitter; what still fails is left to the next run.
const (
	attempts   = 3
	firstPause = 500 * time.Millisecond
	lastPause  = 8 * time.Second
	// A receiver that did not answer may still be at work: a look-up, or a second
	// copy, right behind it would come too early.
	quietTime = 2 * time.Second
	// closeAfter is how many different deliveries must fail in a row before a target
	// counts as down for the run: one of them alone may be what its receiver cannot
	// take.
	closeAfter = 3
	// settleEvery is how long a result waits to be settled while others are still under
	// way: a run that dies sends no more than that again.
	settleEvery = 3 * time.Second
)

// Target is a sink with what the operator wants of it.
type Target struct {
	Name        string
	Sink        sink.Sink
	Grouping    sink.Grouping
	Concurrency int  // deliveries under way at once; 0 means one
	Drop        bool // after an unknown outcome: rather lose the message than send a duplicate

	// GroupWait is how long the finished rows of one submission wait for its other rows;
	// 0: not at all. It needs the grouping per task.
	GroupWait time.Duration
}

// Deliver sends what the run has claimed, each target on its own: one that is down
// neither delays nor repeats another. Within a target, what has failed least goes
// first. It yields results as they become known, a few seconds' worth at a time, and
// goes on sending meanwhile: settle them at once. The last ones come when nothing is
// under way any more. A delivery without a result was never tried.
//
// mayStart is the deadline rule, asked before each send.
func Deliver(ctx context.Context, targets []Target, claimed []Delivery, mayStart func(time.Time) bool) iter.Seq[[]Result] {
	return func(yield func([]Result) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop() // for a caller that does not want the rest
		known := make(chan Result, len(claimed))
		var workers sync.WaitGroup
		for _, t := range targets {
			q := t.queue(claimed)
			workers.Go(func() { q.drain(ctx, mayStart, known) })
		}
		go func() {
			workers.Wait()
			close(known)
		}()
		inPieces(known, yield)
	}
}

// inPieces yields what comes within [settleEvery], and all that is left at the end.
func inPieces(known <-chan Result, yield func([]Result) bool) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	var piece []Result
	for {
		select {
		case r, more := <-known:
			if !more {
				if len(piece) > 0 {
					yield(piece)
				}
				return
			}
			piece = append(piece, r)
		case <-tick.C:
			if len(piece) > 0 && !yield(piece) {
				return
			}
			piece = nil
		}
	}
}

// queue is what one target is to be sent in this run.
type queue struct {
	target     Target
	deliveries chan Delivery

	mu       sync.Mutex
	accepted int      // so far
	streak   int      // deliveries that failed since the last one that did not
	closed   bool     // the target counts as down: the rest is left to the next run
	failed   []Result // kept until it is known whether others passed
}

// queue takes the target's deliveries, what has failed least first. A message that its
// receiver cannot take does not keep the others waiting.
func (t Target) queue(claimed []Delivery) *queue {
	own := slices.DeleteFunc(slices.Clone(claimed), func(d Delivery) bool { return d.Sink != t.Name })
	poller.Sort(own, func(a, b Delivery) int { return cmp.Compare(a.Attempts, b.Attempts) })
	q := &queue{target: t, deliveries: make(chan Delivery, len(own))}
	for _, d := range own {
		q.deliveries <- d
	}
	close(q.deliveries)
	return q
}

// drain delivers with all workers until the queue is empty, the target is down or no
// send may start any more. What was accepted or refused is known at once; a failure
// when it is clear whether others passed.
func (q *queue) drain(ctx context.Context, mayStart func(time.Time) bool, known chan<- Result) {
	var workers sync.WaitGroup
	for range max(1, q.target.Concurrency) {
		workers.Go(func() {
			for d := range q.deliveries {
				tries, open := q.tries()
				if !open {
					return
				}
				r := q.target.deliver(ctx, d, tries, mayStart)
				if r.Attempts == 0 {
					return
				}
				q.note(r, known)
			}
		})
	}
	workers.Wait()
	for _, r := range q.failed {
		r.Alone = q.accepted > 0 && r.exhausted
		known <- r
	}
}

// tries is how often the next delivery may be tried, and false when the target is
// down. While others fail one attempt is enough to see whether it still is.
func (q *queue) tries() (int, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.streak > 0 {
		return 1, !q.closed
	}
	return attempts, !q.closed
}

func (q *queue) note(r Result, known chan<- Result) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !r.retryable() {
		if r.Err == nil {
			q.accepted++
			q.streak = 0
		}
		known <- r
		return
	}
	q.failed = append(q.failed, r)
	q.streak++
	// A receiver that asks to wait means all of its messages.
	q.closed = q.closed || q.streak >= closeAfter || r.Err.After > 0
}

// deliver tries one delivery until it is accepted or refused, or time or tries run
// out.
func (t Target) deliver(ctx context.Context, d Delivery, tries int, mayStart func(time.Time) bool) Result {
	r := Result{ID: d.ID, Sink: d.Sink, Rows: len(d.Events), Unknown: d.Unknown}
	for r.Attempts < tries {
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
			r.Unknown = now
			if t.Drop {
				r.Dropped = true
				return r
			}
			d.Unknown = now // the sink can look it up
		}
		if r.Err.Code == sink.CodeUnreadable {
			r.Unreadable++
		}
		if d.Unreadable+r.Unreadable >= maxUnreadable {
			r.Err = unreadable(r.Err)
			return r
		}
		if r.Attempts < tries && !pause(ctx, r.Attempts, r.Err) {
			return r
		}
	}
	r.exhausted = tries == attempts && r.Err.After == 0
	return r
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
	return poller.Sleep(ctx, wait) == nil
}
