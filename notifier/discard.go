package notifier

import (
	"slices"
	"time"

	"refreshwatch/poller"
)

// orphanedAfter is how long a delivery waits for a sink that is not configured any
// more: it may come back.
const orphanedAfter = 30 * 24 * time.Hour

// DropOrphans drops what has waited too long for sinks that are not configured, pending
// and dead, and the oldest of it that [MaxBytes] have no room for beside the others'. It
// reports how many deliveries that were. sure is as in [Outbox.Settle].
func (o Outbox) DropOrphans(configured func(sink string) bool, sure time.Time) (kept Outbox, dropped int) {
	var orphans []Delivery
	over := -MaxBytes
	for _, d := range slices.Concat(o.Pending, o.Dead) {
		over += d.bytes()
		if !configured(d.Sink) {
			orphans = append(orphans, d)
		}
	}
	poller.Sort(orphans, func(a, b Delivery) int { return a.Created.Compare(b.Created) })
	gone := map[string]bool{}
	for _, d := range orphans {
		if over > 0 || sure.Sub(d.Created) > orphanedAfter {
			gone[d.ID] = true
			over -= d.bytes()
		}
	}
	isGone := func(d Delivery) bool { return gone[d.ID] }
	return Outbox{
		Pending: slices.DeleteFunc(slices.Clone(o.Pending), isGone),
		Dead:    slices.DeleteFunc(slices.Clone(o.Dead), isGone),
	}, len(gone)
}

// Discard drops the dead deliveries of the sinks, and also what is pending for those
// of them that are not configured any more: nobody would ever send it. It reports how
// many deliveries it dropped.
func (o Outbox) Discard(of, configured func(sink string) bool) (kept Outbox, discarded int) {
	dead := func(d Delivery) bool { return of(d.Sink) }
	orphaned := func(d Delivery) bool { return of(d.Sink) && !configured(d.Sink) }
	kept = Outbox{
		Pending: slices.DeleteFunc(slices.Clone(o.Pending), orphaned),
		Dead:    slices.DeleteFunc(slices.Clone(o.Dead), dead),
	}
	return kept, len(o.Pending) + len(o.Dead) - len(kept.Pending) - len(kept.Dead)
}

// Orphans counts the deliveries of each sink that is not configured any more.
func (o Outbox) Orphans(configured func(sink string) bool) map[string]int {
	orphans := map[string]int{}
	for _, d := range slices.Concat(o.Pending, o.Dead) {
		if !configured(d.Sink) {
			orphans[d.Sink]++
		}
	}
	return orphans
}

// Sinks are the names of the sinks that something waits for, dead deliveries included.
func (o Outbox) Sinks() []string {
	var names []string
	for _, d := range slices.Concat(o.Pending, o.Dead) {
		names = append(names, d.Sink)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
