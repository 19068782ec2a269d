package watch

import (
	"math"
	"time"

	"refreshwatch/notifier"
)

// budget is how one run spends the time it has.
type budget struct {
	deadline time.Time // the platform's, or -timeout
	work     time.Time // sends end here; the rest is for settling and answering
	fetch    time.Time // questions end here; the rest is for committing and sending
	settle   time.Duration
}

func newBudget(now, deadline time.Time) budget {
	total := deadline.Sub(now)
	margin := min(notifier.CommitBound+time.Second, total/4)
	work := deadline.Add(-margin)
	return budget{
		deadline: deadline,
		work:     work,
		fetch:    work.Add(-min(15*time.Second, total/4)),
		settle:   min(notifier.CommitBound, margin),
	}
}

// pages is about how many questions fit before the fetching must end.
func (b budget) pages(now time.Time, qps float64) int {
	return max(1, int(math.Floor(b.fetch.Sub(now).Seconds()*qps)))
}
