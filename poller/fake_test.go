package poller

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"
)

// fakeAPI lists scripted rows as DescribeVodRefreshTasks does, at a time the test
// sets: newest first, as far back as it remembers.
type fakeAPI struct {
	now      time.Time
	rows     []fakeRow // in order of creation
	byID     map[string][]int
	calls    int
	refused  error // the first rule of the API that a question broke
	exacting bool  // the ends of the asked times do not count
}

type fakeRow struct {
	Task
	refreshing, done time.Time
	end              Status
}

func newFakeAPI(rows []fakeRow) *fakeAPI {
	slices.SortStableFunc(rows, func(a, b fakeRow) int { return a.Created.Compare(b.Created) })
	a := &fakeAPI{rows: rows, byID: map[string][]int{}}
	for i, r := range rows {
		a.byID[r.TaskID] = append(a.byID[r.TaskID], i)
	}
	return a
}

func (r fakeRow) at(now time.Time) Task {
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

func (a *fakeAPI) List(_ context.Context, q Query, page int) (Page, error) {
	a.calls++
	if err := brokenRule(q, a.now); err != nil && a.refused == nil {
		a.refused = err
	}
	out := Page{Number: page}
	visit := func(i int) {
		r := a.rows[i]
		if r.Created.Before(a.now.Add(-72*time.Hour)) || r.Created.After(a.now) ||
			a.exacting && (!r.Created.After(q.From) || !r.Created.Before(q.To)) ||
			q.ObjectType != "" && q.ObjectType != r.ObjectType || q.Domain != "" && q.Domain != r.Domain() ||
			q.ObjectPath != "" && q.ObjectPath != r.ObjectPath || q.Status != "" && q.Status != r.at(a.now).Status {
			return
		}
		if out.Total/PageSize == page-1 {
			out.Tasks = append(out.Tasks, r.at(a.now))
		}
		out.Total++
	}
	lo := sort.Search(len(a.rows), func(i int) bool { return !a.rows[i].Created.Before(q.From) })
	hi := sort.Search(len(a.rows), func(i int) bool { return a.rows[i].Created.After(q.To) })
	if q == (Query{From: q.From, To: q.To}) && !a.exacting && !q.From.Before(a.now.Add(-72*time.Hour)) {
		hi = min(hi, sort.Search(len(a.rows), func(i int) bool { return a.rows[i].Created.After(a.now) }))
		out.Total = hi - lo
		for i := hi - 1 - (page-1)*PageSize; i >= max(lo, hi-page*PageSize); i-- {
			out.Tasks = append(out.Tasks, a.rows[i].at(a.now))
		}
		return out, nil
	}
	if q.TaskID != "" {
		for _, i := range slices.Backward(a.byID[q.TaskID]) {
			if lo <= i && i < hi {
				visit(i)
			}
		}
		return out, nil
	}
	for i := hi - 1; i >= lo; i-- {
		visit(i)
	}
	return out, nil
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
	case (q.Status != "" || q.Domain != "") && q.ObjectType == "":
		return fmt.Errorf("status or domain without an object type: %+v", q)
	case q.ObjectType != "" && !slices.Contains([]string{"file", "directory", "preload"}, q.ObjectType):
		return fmt.Errorf("an object type the API does not filter by: %+v", q)
	case q.Status != "" && !slices.Contains([]Status{Complete, Refreshing, Failed}, q.Status):
		return fmt.Errorf("a status the API does not filter by: %+v", q)
	}
	return nil
}
