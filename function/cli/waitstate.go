package cli

import (
	"slices"
	"strings"
	"time"

	"refreshwatch/poller"
)

// A submission's rows may appear one after another, and later than its answer (nothing
// is documented; seen in no account yet). Whoever believed the first reading would go on
// before the purge is done.
const (
	// listedWithin is how long an id may be missing from the API's list, and a row may
	// be missing from its submission.
	listedWithin = 2 * time.Minute
)

// waiting is what is known of the submissions that a wait is about. It is fed with
// readings and knows no clock of its own.
type waiting struct {
	ids []string
	of  map[string]*submission
}

// submission is all rows of one task id, as far as they were listed.
type submission struct {
	rows    map[poller.Key]poller.Task
	missing time.Time // since when complete answers list no row of it
	before  int       // rows known after the reading before the last one, if all had finished; else 0
	settled bool      // every row is known and finished
	given   bool      // never listed for listedWithin
}

func newWaiting(ids []string) *waiting {
	w := &waiting{ids: ids, of: map[string]*submission{}}
	for _, id := range ids {
		w.of[id] = &submission{rows: map[poller.Key]poller.Task{}}
	}
	return w
}

// pending are the ids worth asking about: an unlisted one may still appear.
func (w *waiting) pending() []string {
	return slices.DeleteFunc(slices.Clone(w.ids), func(id string) bool { return w.of[id].settled })
}

// read takes the rows of a complete answer about an id. A row that a lagging replica
// leaves out, or shows as it was, stays as it is known.
func (w *waiting) read(id string, tasks []poller.Task, at time.Time) {
	s := w.of[id]
	for _, t := range tasks {
		if known, ok := s.rows[t.Key]; !ok || !finished(known.Status) || finished(t.Status) {
			s.rows[t.Key] = t
		}
	}
	if len(s.rows) == 0 {
		if s.missing.IsZero() {
			s.missing = at
		}
		s.given = at.Sub(s.missing) >= listedWithin
		return
	}
	s.given = false
	if s.inFlight() > 0 {
		s.before = 0
		return
	}
	s.settled = s.before == len(s.rows) || s.allOlderThan(at.Add(-listedWithin))
	s.before = len(s.rows)
}

func (s *submission) inFlight() (n int) {
	for _, t := range s.rows {
		if !finished(t.Status) {
			n++
		}
	}
	return n
}

// allOlderThan reports whether the submission is so old that no row of it can be missing.
func (s *submission) allOlderThan(at time.Time) bool {
	for _, t := range s.rows {
		if t.Created.IsZero() || t.Created.After(at) {
			return false
		}
	}
	return true
}

// over reports whether there is nothing left to wait for.
func (w *waiting) over() bool {
	for _, s := range w.of {
		if !s.settled && !s.given {
			return false
		}
	}
	return true
}

// waited is a wait's answer: rows by what became of them, and ids without any.
type waited struct {
	Complete int `json:"complete"`
	Failed   int `json:"failed"`
	Canceled int `json:"canceled"`
	Open     int `json:"open"`
	Unlisted int `json:"unlisted"`
}

func (w *waiting) answer() (a waited) {
	a.Unlisted = len(w.unlisted())
	for _, s := range w.of {
		for _, t := range s.rows {
			switch stateOf(t.Status) {
			case "complete":
				a.Complete++
			case "failed":
				a.Failed++
			case "canceled":
				a.Canceled++
			default:
				a.Open++
			}
		}
	}
	return a
}

// unlisted are the ids of which no row was ever listed.
func (w *waiting) unlisted() []string {
	return slices.DeleteFunc(slices.Clone(w.ids), func(id string) bool { return len(w.of[id].rows) > 0 })
}

func (a waited) rows() int { return a.Complete + a.Failed + a.Canceled + a.Open }

// allComplete reports whether everything that was submitted has done its work.
func (a waited) allComplete() bool { return a.Complete == a.rows() && a.Unlisted == 0 }

// undone are the finished rows that have not done their work, with inFlight also those
// that have not finished, in the order of the ids.
func (w *waiting) undone(inFlight bool) (tasks []poller.Task) {
	for _, id := range w.ids {
		first := len(tasks)
		for _, t := range w.of[id].rows {
			if t.Status != poller.Complete && (inFlight || finished(t.Status)) {
				tasks = append(tasks, t)
			}
		}
		poller.Sort(tasks[first:], func(a, b poller.Task) int { return strings.Compare(a.ObjectPath, b.ObjectPath) })
	}
	return tasks
}

func finished(s poller.Status) bool { return s.Finished() }
