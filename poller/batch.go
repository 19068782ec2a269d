package poller

import (
	"errors"
	"time"
)

// Batch is what the API answered in one run.
type Batch struct {
	Tasks    []Task    // distinct rows, each in its latest reading, in order of arrival
	Windows  []Window  // what was asked, as it stands now
	Calls    int       // pages answered
	Unproven int       // windows that were read to the end several times without adding up
	Refused  int       // task ids of rows in flight that the API rejects
	Now      time.Time // the API's clock, as it was last said; zero when it never was
	Err      error     // the first *Error, or the context's error
}

// Clock is the earliest of the clocks at hand: the API's, the checkpoint store's (zero for
// none) and this machine's. What is forgotten too early is notified again, and what
// expires too early is notified falsely, so that one clock that is ahead decides nothing.
func (b Batch) Clock(store, now time.Time) time.Time {
	for _, other := range []time.Time{b.Now, store} {
		if !other.IsZero() {
			now = earlier(now, other.UTC())
		}
	}
	return now
}

// Rest are the windows that have to be asked again.
func (b Batch) Rest() []Window {
	var rest []Window
	for _, w := range b.Windows {
		if w.end != whole {
			rest = append(rest, w)
		}
	}
	return rest
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

// add takes a reading and reports whether the row is new here. A finished row stays
// finished: a lagging replica may list it as it was.
func (c *collection) add(t Task) bool {
	i, ok := c.at[t.Key]
	if !ok {
		c.at[t.Key] = len(c.tasks)
		c.tasks = append(c.tasks, t)
		return true
	}
	if t.Status.Finished() || !c.tasks[i].Status.Finished() {
		c.tasks[i] = t
	}
	return false
}
