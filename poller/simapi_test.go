package poller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// simAPI lists scripted rows as DescribeVodRefreshTasks does, by the clock of the
// bubble it is asked in: newest first, as far back as it remembers.
type simAPI struct {
	mu      sync.Mutex // pages are asked for concurrently
	rows    []simRow   // in order of creation
	byID    map[string][]int
	calls   int
	refused error // the first rule of the API that a question broke

	rng      *rand.Rand
	latency  time.Duration
	interval time.Duration                // between requests
	free     time.Time                    // when the next request may go out
	throttle func(now time.Time) bool     // refuses everything
	unstable bool                         // no order within a second, anew for every request
	exacting bool                         // the ends of the asked times do not count
	hidden   func(simRow, time.Time) bool // not listed yet, or not any more
	total    func(int) int                // what the API claims
	lag      func() time.Duration         // how old the answer is
}

type simRow struct {
	Task
	refreshing, done time.Time
	end              Status
}

func newSimAPI(rows []simRow) *simAPI {
	slices.SortStableFunc(rows, func(a, b simRow) int { return a.Created.Compare(b.Created) })
	a := &simAPI{rows: rows, byID: map[string][]int{}, rng: rand.New(rand.NewPCG(1, 2)), interval: 250 * time.Millisecond}
	for i, r := range rows {
		a.byID[r.TaskID] = append(a.byID[r.TaskID], i)
	}
	return a
}

func (r simRow) at(now time.Time) Task {
	t := r.Task
	switch {
	case !now.Before(r.done):
		t.Status, t.Process = r.end, "100%"
	case !now.Before(r.refreshing):
		t.Status, t.Process = Refreshing, "40%"
	default:
		t.Status, t.Process = Pending, "0%"
	}
	return t
}

// pause takes the time that a request takes.
func (a *simAPI) pause(ctx context.Context) error {
	now := time.Now()
	a.mu.Lock()
	at := later(now, a.free)
	a.free = at.Add(a.interval)
	a.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(at.Sub(now) + a.latency):
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	if a.throttle != nil && a.throttle(time.Now()) {
		return &Error{Class: Transient, Code: "Throttling.User", Err: errors.New("busy")}
	}
	return nil
}

func (a *simAPI) List(ctx context.Context, q Query, page int) (Page, error) {
	if err := a.pause(ctx); err != nil {
		return Page{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now().UTC()
	if err := brokenRule(q, now); err != nil && a.refused == nil {
		a.refused = err
	}
	if strings.Contains(q.TaskID, ",") {
		return Page{}, &Error{Class: Rejected, Code: "InvalidTaskId.Malformed", Err: errors.New("the task id is invalid")}
	}
	if a.lag != nil {
		now = now.Add(-a.lag())
	}
	out := Page{Number: page, Now: now}
	for _, i := range a.matching(q, now, page, &out.Total) {
		out.Tasks = append(out.Tasks, a.rows[i].at(now))
	}
	if a.total != nil {
		out.Total = a.total(out.Total)
	}
	return out, nil
}

// matching are the rows of one page, and how many there are in all.
func (a *simAPI) matching(q Query, now time.Time, page int, total *int) []int {
	from, to := later(q.From, now.Add(-72*time.Hour)), earlier(q.To, now)
	lo := sort.Search(len(a.rows), func(i int) bool { return !a.rows[i].Created.Before(from) })
	hi := sort.Search(len(a.rows), func(i int) bool { return a.rows[i].Created.After(to) })
	cut := func(n int) (int, int) { return min(n, (page-1)*PageSize), min(n, page*PageSize) }
	if plain := q == (Query{From: q.From, To: q.To}); plain && a.hidden == nil && !a.unstable && !a.exacting {
		*total = hi - lo
		first, last := cut(*total)
		out := make([]int, 0, last-first)
		for i := first; i < last; i++ {
			out = append(out, hi-1-i)
		}
		return out
	}
	var all []int
	visit := func(i int) {
		r := a.rows[i]
		if q.ObjectPath != "" && q.ObjectPath != r.ObjectPath || a.hidden != nil && a.hidden(r, now) ||
			a.exacting && (!r.Created.After(q.From) || !r.Created.Before(q.To)) {
			return
		}
		all = append(all, i)
	}
	if q.TaskID != "" {
		for _, i := range slices.Backward(a.byID[q.TaskID]) {
			if lo <= i && i < hi {
				visit(i)
			}
		}
	} else {
		for i := hi - 1; i >= lo; i-- {
			visit(i)
		}
	}
	if a.unstable {
		at := make(map[int]uint64, len(all))
		for _, i := range all {
			at[i] = a.rng.Uint64()
		}
		slices.SortFunc(all, func(i, j int) int {
			return cmp.Or(a.rows[j].Created.Compare(a.rows[i].Created), cmp.Compare(at[i], at[j]))
		})
	}
	*total = len(all)
	first, last := cut(*total)
	return all[first:last]
}

// brokenRule is what the API, or the stricter ones of its family, would refuse
// about q.
func brokenRule(q Query, now time.Time) error {
	switch {
	case q.From.IsZero() || q.To.IsZero():
		return fmt.Errorf("a time is missing: %+v", q)
	case !q.From.Before(q.To):
		return fmt.Errorf("the end is not after the start: %+v", q)
	case q.From.Before(now.Add(-72 * time.Hour)):
		return fmt.Errorf("the start is older than three days: %+v", q)
	case q.From.Nanosecond() != 0 || q.To.Nanosecond() != 0 || q.From.Location() != time.UTC:
		return fmt.Errorf("not whole seconds of UTC: %+v", q)
	case q.Status != "" || q.Domain != "" || q.ObjectType != "":
		return fmt.Errorf("a poll filters by what it need not: %+v", q)
	}
	return nil
}
