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
	events           []poller.Event // failed ones first
	complete, failed int
	types, domains   []tally
	reasons          []tally       // of the failed rows, by what they come down to
	task             string        // the one task id, "" when there are several
	longest          time.Duration // any row was on its way
	latest           time.Time     // when the last of it was observed
}

// tally counts rows that have something in common.
type tally struct {
	name      string
	n, failed int
}

func digest(m Message) facts {
	f := facts{events: slices.Clone(m.Events), latest: m.Now}
	slices.SortStableFunc(f.events, func(a, b poller.Event) int { return cmp.Compare(urgency(a), urgency(b)) })
	types, domains, reasons := tallies{}, tallies{}, tallies{}
	for i, e := range f.events {
		failed := 0
		switch e.Task.Status {
		case poller.Complete:
			f.complete++
		case poller.Failed:
			failed = 1
			reasons.add(parseReason(e.Task.Description).String(), 1)
		}
		f.failed += failed
		types.add(e.Task.ObjectType, failed)
		domains.add(e.Task.Domain(), failed)
		if i == 0 {
			f.task, f.latest = e.Task.TaskID, e.Observed
		}
		if e.Task.TaskID != f.task {
			f.task = ""
		}
		if e.Observed.After(f.latest) {
			f.latest = e.Observed
		}
		f.longest = max(f.longest, took(e))
	}
	f.types, f.domains, f.reasons = types.sorted(), domains.sorted(), reasons.sorted()
	return f
}

// urgency puts what someone must act on first.
func urgency(e poller.Event) int {
	if e.Task.Status == poller.Failed {
		return 0
	}
	return 1
}

// took is how long the row was on its way when it was last seen; 0 when the API's
// times do not say.
func took(e poller.Event) time.Duration {
	if e.Task.Created.IsZero() || e.Observed.IsZero() {
		return 0
	}
	return max(0, e.Observed.Sub(e.Task.Created))
}

type tallies map[string]*tally

func (ts tallies) add(name string, failed int) {
	t := ts[name]
	if t == nil {
		t = &tally{name: name}
		ts[name] = t
	}
	t.n++
	t.failed += failed
}

// sorted is the tallies, most failures first, then most rows.
func (ts tallies) sorted() []tally {
	all := make([]tally, 0, len(ts))
	for _, t := range ts {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b tally) int {
		return cmp.Or(cmp.Compare(b.failed, a.failed), cmp.Compare(b.n, a.n), strings.Compare(a.name, b.name))
	})
	return all
}
