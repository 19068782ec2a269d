package notifier

import (
	"time"

	"refreshwatch/notifier/sink"
)

// Lease is the life of a run's claims. No clock of another machine enters it: the
// claims end at the store's time in the answer to the load plus TTL, and this side
// counts what has passed since it asked, which is longer.
type Lease struct {
	Asked time.Time     // this machine's clock before the load, with its monotonic reading
	TTL   time.Duration // from the answer to the load to the end of the claims
	Work  time.Time     // when this run's sends are cut off
}

// What must still fit between a send's start and the end of the claim.
const (
	CommitBound = 5 * time.Second // the longest the settling write may take
	ClockSkew   = 1 * time.Second // clocks that run at different speeds
	StoreTick   = 1 * time.Second // the grain of the store's clock (Date headers)
)

// grace is how long claims outlive the run's own deadline.
const grace = CommitBound + ClockSkew + StoreTick + 3*time.Second

// longestTTL is as long as any claim lives, however late a run's deadline is: Function
// Compute lets no run take longer than a day (limits, read 2026-11), and no receiver
// may ask for a longer pause.
const longestTTL = 24*time.Hour + grace

// NewLease is the lease of a run that asked for the head, was answered, and must
// end by deadline; its sends end at work.
func NewLease(asked, answered, work, deadline time.Time) Lease {
	return Lease{Asked: asked, TTL: min(deadline.Sub(answered)+grace, longestTTL), Work: work}
}

// MayStart reports whether a send that starts now can end and be recorded before
// another run may take the delivery over. An instance that was frozen comes back
// with an old monotonic clock, so the later of both clocks counts.
func (l Lease) MayStart(now time.Time) bool {
	elapsed := max(now.Sub(l.Asked), now.Round(0).Sub(l.Asked.Round(0)))
	send := min(sink.PostTimeout, max(0, l.Work.Sub(now)))
	return elapsed+send+CommitBound+ClockSkew+StoreTick <= l.TTL
}
