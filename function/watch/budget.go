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
	fetch    time.Time // no answer is waited for any longer
	sending  time.Duration
	settle   time.Duration
}

func newBudget(now, deadline time.Time) budget {
	total := deadline.Sub(now)
	margin := min(notifier.CommitBound+time.Second, total/4)
	work := deadline.Add(-margin)
	return budget{
		deadline: deadline,
		work:     work,
		fetch:    work.Add(-min(commitTime, total/6)),
		sending:  min(15*time.Second, total/4),
		settle:   min(notifier.CommitBound, margin),
	}
}

// What a run keeps for the end of its questions: the commit, and a moment for every
// message that waits to be sent. Some twenty finished rows share a message.
const (
	commitTime  = 2 * time.Second
	messageTime = 500 * time.Millisecond
	sharedBy    = 20
)

// fetchUntil is when the last question may go out, with so many messages waiting and so
// many finished rows to make messages of.
func (b budget) fetchUntil(waiting, finished int) time.Time {
	messages := waiting + (finished+sharedBy-1)/sharedBy
	return b.fetch.Add(-min(b.sending/8+time.Duration(messages)*messageTime, b.sending))
}

// pages is about how many questions fit before the fetching must end.
func (b budget) pages(now time.Time, qps float64) int {
	return max(1, int(math.Floor(b.fetchUntil(0, 0).Sub(now).Seconds()*qps)))
}
