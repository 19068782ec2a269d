package apitest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"refreshwatch/poller"
)

// memory is how long a row is listed (VOD, DescribeVodRefreshTasks, read 2026-11).
const memory = 72 * time.Hour

// view says as of when, and in which order, rows are shown.
type view struct {
	now          time.Time
	asOf         time.Time // of statuses and of what is listed; before now on a stale replica
	lazy         bool      // a status moves only after it was asked for
	oldestFirst  bool
	endExclusive bool
	shuffle      bool // within a second no order holds
}

// listing is one page, still changeable by a fault.
type listing struct {
	number, size, total int
	rows                []poller.Task
}

// find answers a question that keeps the rules.
func (t *table) find(q Request, v view) listing {
	t.reveal(v.now)
	matches := t.matches(q, v)
	answer := listing{number: q.Page, size: q.Size, total: len(matches)}
	first := min((q.Page-1)*q.Size, len(matches))
	for i := first; i < min(first+q.Size, len(matches)); i++ {
		r := matches[i]
		if !v.oldestFirst {
			r = matches[len(matches)-1-i]
		}
		answer.rows = append(answer.rows, t.show(r, v))
	}
	return answer
}

// matches are the rows of the whole answer, oldest second first. The
// result may be a part of the index: it is not to be changed.
func (t *table) matches(q Request, v view) []*row {
	source := t.source(q, v)
	plain := q.Status == "" && q.ObjectType == "" && q.Domain == "" && q.TaskID == "" && q.ObjectPath == ""
	if plain && v.asOf.Equal(v.now) && !v.shuffle {
		return source
	}
	var found []*row
	for _, r := range source {
		if t.match(r, q, v) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, oldestFirst)
	if v.shuffle {
		shuffleSeconds(found)
	}
	return found
}

// source is the smallest set known to hold all matches.
func (t *table) source(q Request, v view) []*row {
	if q.TaskID != "" {
		return t.byTask[q.TaskID]
	}
	if q.Status != "" && !q.Status.Finished() && v.asOf.Equal(v.now) {
		t.open = slices.DeleteFunc(t.open, func(r *row) bool { return r.over(v.now) })
		return t.open
	}
	from, to := window(q, v)
	lo, _ := slices.BinarySearchFunc(t.index, from, func(r *row, t time.Time) int { return r.Created.Compare(t) })
	hi, _ := slices.BinarySearchFunc(t.index, to, func(r *row, t time.Time) int { return r.Created.Compare(t) })
	return t.index[lo:max(lo, hi)]
}

// window is the time a question covers, its end excluded.
func window(q Request, v view) (from, to time.Time) {
	from, to = v.now.Add(-memory), v.now.Add(time.Second)
	if q.From.After(from) {
		from = q.From
	}
	if !q.To.IsZero() {
		to = q.To
		if !v.endExclusive {
			to = to.Add(time.Second)
		}
	}
	return from, to
}

func (t *table) match(r *row, q Request, v view) bool {
	from, to := window(q, v)
	return !r.Created.Before(from) && r.Created.Before(to) && !r.since.After(v.asOf) &&
		(q.TaskID == "" || r.TaskID == q.TaskID) &&
		(q.ObjectType == "" || r.ObjectType == q.ObjectType) &&
		(q.ObjectPath == "" || r.ObjectPath == q.ObjectPath) &&
		(q.Domain == "" || poller.Task{Key: r.Key}.Domain() == strings.ToLower(q.Domain)) &&
		(q.Status == "" || t.status(r, v).Status == q.Status)
}

// status is what an answer says of the row.
func (t *table) status(r *row, v view) Step {
	if !v.lazy {
		return r.at(v.asOf)
	}
	if r.shown == nil {
		first := (&row{Task: r.Task}).at(r.Created)
		r.shown = &first
	}
	return *r.shown
}

// show puts the row on a page. On a lazy server this is what makes its status
// move: the next answer will know better (CDN, DescribeRefreshTasks, read 2026-11).
func (t *table) show(r *row, v view) poller.Task {
	step := t.status(r, v)
	if v.lazy {
		next := r.at(v.asOf)
		r.shown = &next
	}
	return poller.Task{
		Key: r.Key, Status: step.Status, Process: step.Process,
		Description: step.Description, Created: r.Created,
	}
}

// shuffleSeconds breaks the order among rows of one second.
func shuffleSeconds(rows []*row) {
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Created.Equal(rows[0].Created) {
			n++
		}
		second := rows[:n]
		rand.Shuffle(n, func(i, j int) { second[i], second[j] = second[j], second[i] })
		rows = rows[n:]
	}
}
