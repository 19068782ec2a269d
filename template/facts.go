package template

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"refreshwatch/poller"
)

// facts are what a message comes down to, before any dialect: counts and groups
// over all of its rows.
type facts struct {
	events                     []poller.Event // failed ones first
	complete, failed, canceled int
	types, domains             []tally[string]
	reasons                    []tally[cause] // of the failed rows
	task                       string         // the one task id, "" when there are several
	took                       duration       // how long the rows took; unknown when it is for one of them
	age                        time.Duration  // the longest any row had been in flight when it was seen
	created                    time.Time      // of all rows; zero when they differ
	seen                       time.Time      // when the last row was: finished, in flight or missing
}

// tally counts rows that have something in common.
type tally[K comparable] struct {
	key       K
	n, failed int
}

func collect(m Message) facts {
	f := facts{events: slices.Clone(m.Events)}
	poller.Sort(f.events, func(a, b poller.Event) int { return cmp.Compare(rank(a), rank(b)) })
	types, domains, reasons := tallies[string]{}, tallies[string]{}, tallies[cause]{}
	for i, e := range f.events {
		failed := 0
		switch {
		case e.Task.Status == poller.Complete:
			f.complete++
		case e.Task.Status == poller.Canceled:
			f.canceled++
		case e.Task.Status.Failure():
			failed = 1
			reasons.add(causeOf(e.Task), 1)
		}
		f.failed += failed
		types.add(typeOf(e.Task), failed)
		domains.add(e.Task.Domain(), failed)
		f.times(i == 0, e)
	}
	f.types, f.domains = types.sorted(strings.Compare), domains.sorted(strings.Compare)
	f.reasons = reasons.sorted(func(a, b cause) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.detail, b.detail))
	})
	return f
}

// typeOf is the row's object type. The API's own are compared without case, as routes
// and filters do; others stay as they are.
func typeOf(t poller.Task) string {
	for _, known := range []string{"file", "directory", "regex", "preload"} {
		if strings.EqualFold(t.ObjectType, known) {
			return known
		}
	}
	return t.ObjectType
}

// times takes in when a row was submitted and finished.
func (f *facts) times(first bool, e poller.Event) {
	if first {
		f.task, f.created, f.took = e.Task.TaskID, e.Task.Created, durationOf(e)
	}
	if e.Task.TaskID != f.task {
		f.task = ""
	}
	if !e.Task.Created.Equal(f.created) {
		f.created = time.Time{}
	}
	f.took = f.took.with(durationOf(e))
	f.age = max(f.age, age(e))
	if seen := cmp.Or(e.EndedBefore, e.Observed); seen.After(f.seen) {
		f.seen = seen
	}
}

// rank puts what someone must act on first, and what needs an eye second.
func rank(e poller.Event) int {
	switch {
	case e.Task.Status.Failure():
		return 0
	case e.Task.Status != poller.Complete:
		return 1
	}
	return 2
}

// age is how long a row had been in flight when it was seen; 0 when the API's times
// do not say.
func age(e poller.Event) time.Duration {
	if e.Task.Created.IsZero() || e.Observed.IsZero() {
		return 0
	}
	return max(0, e.Observed.Sub(e.Task.Created))
}

// duration is how long rows took, as closely as polls can know; the zero value is
// unknown.
type duration struct{ low, high time.Duration }

// durationOf is known for a row that was seen in flight not long before it was seen
// finished. "20 minutes to 3 hours" is true and of no use.
func durationOf(e poller.Event) duration {
	created := e.Task.Created
	if created.IsZero() || e.EndedAfter.IsZero() || e.EndedBefore.IsZero() {
		return duration{}
	}
	d := duration{max(0, e.EndedAfter.Sub(created)), e.EndedBefore.Sub(created)}
	const near = 10 * time.Minute
	if d.high <= 0 || d.high < d.low || d.high-d.low > max(near, d.high/2) {
		return duration{}
	}
	return d
}

// with is the range that holds both durations, unknown when one of them is.
func (d duration) with(other duration) duration {
	if d == (duration{}) || other == (duration{}) {
		return duration{}
	}
	return duration{min(d.low, other.low), max(d.high, other.high)}
}

type tallies[K comparable] map[K]*tally[K]

func (ts tallies[K]) add(key K, failed int) {
	t := ts[key]
	if t == nil {
		t = &tally[K]{key: key}
		ts[key] = t
	}
	t.n++
	t.failed += failed
}

// sorted is the tallies, most failures first, then most rows.
func (ts tallies[K]) sorted(compare func(a, b K) int) []tally[K] {
	all := make([]tally[K], 0, len(ts))
	for _, t := range ts {
		all = append(all, *t)
	}
	poller.Sort(all, func(a, b tally[K]) int {
		return cmp.Or(cmp.Compare(b.failed, a.failed), cmp.Compare(b.n, a.n), compare(a.key, b.key))
	})
	return all
}
