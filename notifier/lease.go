package notifier

import "time"

// Lease is the life of a run's claims, measured from the moment the run loaded the
// checkpoint. No clock of another machine enters it: the claim's end is the
// store's time at the load plus TTL, and this side only measures what has passed
// since.
type Lease struct {
	Loaded time.Time     // this machine's clock just before the load, with its monotonic reading
	TTL    time.Duration // from the load to the end of the claims
	Work   time.Time     // when this run's sends are cut off
}

// What must still fit between a send's start and the end of the claim.
const (
	CommitBound = 5 * time.Second // the longest the settling write may take
	ClockSkew   = 1 * time.Second // clocks that run at different speeds
	StoreTick   = 1 * time.Second // the grain of the store's clock (Date headers)
)

// Grace is how long claims outlive the run's own deadline.
const Grace = CommitBound + ClockSkew + StoreTick + 3*time.Second

// NewLease is the lease of a run that loads now and must end by deadline; its
// sends end at work.
func NewLease(now, work, deadline time.Time) Lease {
	return Lease{Loaded: now, TTL: deadline.Sub(now) + Grace, Work: work}
}

// MayStart reports whether a send that starts now can end and be recorded before
// another run may take the delivery over. An instance that was frozen comes back
// with an old monotonic clock, so the later of both clocks counts.
func (l Lease) MayStart(now time.Time) bool {
	elapsed := max(now.Sub(l.Loaded), now.Round(0).Sub(l.Loaded.Round(0)))
	send := min(PostTimeout, max(0, l.Work.Sub(now)))
	return elapsed+send+CommitBound+ClockSkew+StoreTick <= l.TTL
}
