package poller

import "errors"

// Batch is what the API answered.
type Batch struct {
	Tasks    []Task  // distinct rows, each in its latest reading, in order of arrival
	Whole    []Query // proven to be answered in full
	Rest     []Query // not answered, or not proven whole
	Unproven int     // how many of Rest were read to the end without adding up
	Calls    int     // pages answered
	Err      error   // the first *Error, or the context's error
}

// Merge joins a later batch to b.
func (b Batch) Merge(other Batch) Batch {
	rows := newCollection(b.Tasks)
	rows.add(other.Tasks)
	return Batch{
		Tasks:    rows.tasks,
		Whole:    append(b.Whole[:len(b.Whole):len(b.Whole)], other.Whole...),
		Rest:     append(b.Rest[:len(b.Rest):len(b.Rest)], other.Rest...),
		Unproven: b.Unproven + other.Unproven,
		Calls:    b.Calls + other.Calls,
		Err:      firstError(b.Err, other.Err),
	}
}

// firstError prefers an API error, which names a cause, to the end of time.
func firstError(a, b error) error {
	var e *Error
	if a == nil || !errors.As(a, &e) && errors.As(b, &e) {
		return b
	}
	return a
}

// collection is distinct rows in order of arrival.
type collection struct {
	tasks []Task
	at    map[Key]int
}

func newCollection(tasks []Task) *collection {
	c := &collection{at: map[Key]int{}}
	c.add(tasks)
	return c
}

// add takes later readings. A finished row stays finished: a lagging replica may
// list it as it was.
func (c *collection) add(tasks []Task) {
	for _, t := range tasks {
		i, ok := c.at[t.Key]
		if !ok {
			c.at[t.Key] = len(c.tasks)
			c.tasks = append(c.tasks, t)
			continue
		}
		if t.Status.Terminal() || !c.tasks[i].Status.Terminal() {
			c.tasks[i] = t
		}
	}
}
