package poller

import (
	"slices"
	"time"
)

// tally counts the rows that are known by creation time: what a window will cost, and
// what is known of one that was read.
type tally struct {
	finished Records
	inFlight []uint32 // creation times, sorted
	undated  []uint32 // of the finished rows that do not count, sorted
}

func newTally(s State) tally {
	t := tally{finished: s.Finished, inFlight: make([]uint32, 0, len(s.InFlight))}
	for i := range s.Finished {
		if s.Finished[i].Code&codeUndated != 0 {
			t.undated = append(t.undated, s.Finished[i].Created)
		}
	}
	for i := range s.InFlight {
		if at := s.InFlight[i].Created; !at.IsZero() {
			t.inFlight = append(t.inFlight, unixSeconds(at))
		}
	}
	slices.Sort(t.inFlight)
	return t
}

// within counts the rows created in s.
func (t tally) within(s Span) int {
	if s.empty() {
		return 0
	}
	from, to := unixSeconds(s.From), unixSeconds(s.To)
	return len(t.finished.within(s)) + between(t.inFlight, from, to) - between(t.undated, from, to)
}

// between counts the sorted times from from to before to.
func between(times []uint32, from, to uint32) int {
	lo, _ := slices.BinarySearch(times, from)
	hi, _ := slices.BinarySearch(times, to)
	return hi - lo
}

// listed counts the rows that a window may list: the API may count both ends.
func (t tally) listed(w Window) int { return t.within(Span{w.From, w.To.Add(time.Second)}) }

// pagesFor is what a question for so many rows costs.
func pagesFor(rows int) int { return max(1, (rows+PageSize-1)/PageSize) }
