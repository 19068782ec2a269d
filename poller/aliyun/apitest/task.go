package apitest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"refreshwatch/poller"
)

// Task is one row and what becomes of it.
type Task struct {
	poller.Key
	Product string        // whose task it is; "" for the server's own product
	Created time.Time     // the row exists from then on; the future is fine
	Late    time.Duration // how much later the API lists it
	Steps   []Step        // in order of time; before the first it is Pending
}

// Step is a status the row has from some age on, until the next step.
type Step struct {
	After       time.Duration // since creation
	Status      poller.Status
	Process     string // "" for what suits the status
	Description string
}

// Finish completes a task at the age of after; it is Refreshing from a quarter of it.
func Finish(after time.Duration) []Step {
	return []Step{{After: after / 4, Status: poller.Refreshing}, {After: after, Status: poller.Complete}}
}

// Fail fails a task at the age of after, with a description such as "Origin Timeout".
func Fail(after time.Duration, description string) []Step {
	return []Step{
		{After: after / 4, Status: poller.Refreshing},
		{After: after, Status: poller.Failed, Description: description},
	}
}

// Stuck starts a task at the age of after and never ends it.
func Stuck(after time.Duration) []Step {
	return []Step{{After: after, Status: poller.Refreshing}}
}

// row is a task in the server's table.
type row struct {
	Task
	seq   int       // order of arrival, which breaks ties
	since time.Time // listed from then on
	set   *Step     // by hand, instead of the script
	shown *Step     // what the last answer showed, if the server is lazy
}

// at is the status the row truly has.
func (r *row) at(now time.Time) Step {
	step := Step{Status: poller.Pending}
	if r.set != nil {
		step = *r.set
	} else {
		for _, s := range r.Steps {
			if now.Before(r.Created.Add(s.After)) {
				break
			}
			step = s
		}
	}
	if step.Process == "" {
		step.Process = process(step.Status)
	}
	return step
}

func process(s poller.Status) string {
	switch s {
	case poller.Complete:
		return "100%"
	case poller.Refreshing:
		return "50%"
	}
	return "0%"
}

// over reports whether the row is terminal and stays as it is.
func (r *row) over(now time.Time) bool {
	if !r.at(now).Status.Finished() || r.shown != nil && !r.shown.Status.Finished() {
		return false
	}
	return r.set != nil || !now.Before(r.Created.Add(r.Steps[len(r.Steps)-1].After))
}

func oldestFirst(a, b *row) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.seq, b.seq))
}

// table holds the rows. It is built for days of simulated polling over 100,000
// of them: a plain window is a slice of the index, a question for unfinished rows
// looks at unfinished rows only.
type table struct {
	seq    int
	hidden []*row // not listed yet, the next one last
	sorted bool   // hidden is
	index  []*row // listed, oldest first
	open   []*row // those of the index that may still change
	byKey  map[poller.Key]*row
	byTask map[string][]*row // listed ones, by task id
}

func newTable() *table {
	return &table{byKey: map[poller.Key]*row{}, byTask: map[string][]*row{}}
}

func (t *table) add(task Task, late time.Duration) error {
	if t.byKey[task.Key] != nil {
		return fmt.Errorf("apitest: task %v was added before", task.Key)
	}
	task.Created = task.Created.UTC().Truncate(time.Second)
	t.seq++
	r := &row{Task: task, seq: t.seq, since: task.Created.Add(task.Late + late)}
	t.byKey[task.Key] = r
	t.hidden, t.sorted = append(t.hidden, r), false
	return nil
}

// reveal lists what is due by now.
func (t *table) reveal(now time.Time) {
	if !t.sorted {
		slices.SortStableFunc(t.hidden, func(a, b *row) int { return cmp.Or(b.since.Compare(a.since), oldestFirst(b, a)) })
		t.sorted = true
	}
	left := len(t.hidden)
	for left > 0 && !t.hidden[left-1].since.After(now) {
		left--
	}
	few := len(t.hidden)-left < 64
	for _, r := range slices.Backward(t.hidden[left:]) {
		t.list(r, few)
	}
	t.hidden = t.hidden[:left]
	if !few {
		slices.SortFunc(t.index, oldestFirst)
	}
}

func (t *table) list(r *row, inPlace bool) {
	i := len(t.index)
	if inPlace && i > 0 && oldestFirst(t.index[i-1], r) > 0 {
		i, _ = slices.BinarySearchFunc(t.index, r, oldestFirst)
	}
	t.index = slices.Insert(t.index, i, r)
	t.open = append(t.open, r)
	t.byTask[r.TaskID] = append(t.byTask[r.TaskID], r)
}

// remove takes a row out of the API's memory.
func (t *table) remove(key poller.Key) {
	r := t.byKey[key]
	if r == nil {
		return
	}
	delete(t.byKey, key)
	is := func(other *row) bool { return other == r }
	t.hidden = slices.DeleteFunc(t.hidden, is)
	t.index = slices.DeleteFunc(t.index, is)
	t.open = slices.DeleteFunc(t.open, is)
	t.byTask[r.TaskID] = slices.DeleteFunc(t.byTask[r.TaskID], is)
}

// set fixes a row's status by hand.
func (t *table) set(key poller.Key, step Step, now time.Time) error {
	r := t.byKey[key]
	if r == nil {
		return fmt.Errorf("apitest: no task %v", key)
	}
	r.set = &step
	t.reveal(now)
	if !r.since.After(now) && !slices.Contains(t.open, r) {
		t.open = append(t.open, r)
	}
	return nil
}
