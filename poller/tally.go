package poller

import (
	"slices"
	"sort"
	"time"
)

// tally counts remembered rows by creation time and object type: what a question
// will cost, as far as anybody can know beforehand.
type tally struct {
	done  Seen
	steps []counts // rows before each tallyStep-th row of done
	open  [typeClasses][]uint32
}

// counts is a number of rows for each object type.
type counts [typeClasses]int

// tallyStep trades memory for the rows that are counted one by one.
const tallyStep = 64

func newTally(s State) *tally {
	t := &tally{done: s.Done, steps: make([]counts, 0, len(s.Done)/tallyStep+1)}
	var n counts
	for i, m := range s.Done {
		if i%tallyStep == 0 {
			t.steps = append(t.steps, n)
		}
		n[m.Code.class()]++
	}
	for _, o := range s.Open {
		class := classOf(o.ObjectType)
		t.open[class] = append(t.open[class], unixSeconds(o.born()))
	}
	for _, times := range t.open {
		slices.Sort(times)
	}
	return t
}

// before counts the rows created before at.
func (t *tally) before(at uint32) counts {
	var n counts
	if len(t.done) > 0 {
		i := sort.Search(len(t.done), func(i int) bool { return t.done[i].Created >= at })
		step := min(i/tallyStep, len(t.steps)-1)
		n = t.steps[step]
		for _, m := range t.done[step*tallyStep : i] {
			n[m.Code.class()]++
		}
	}
	for class, times := range t.open {
		i, _ := slices.BinarySearch(times, at)
		n[class] += i
	}
	return n
}

func (n counts) all() int { return n[fileType] + n[directoryType] + n[preloadType] + n[otherType] }

func (n counts) minus(m counts) counts {
	for class := range n {
		n[class] -= m[class]
	}
	return n
}

// within counts the rows created in s.
func (t *tally) within(s Span) counts {
	return t.before(unixSeconds(s.To)).minus(t.before(unixSeconds(s.From)))
}

// asked counts the rows that a question for s may list: the API may count both
// ends of its times.
func (t *tally) asked(s Span) counts {
	return t.before(unixSeconds(s.To) + 1).minus(t.before(unixSeconds(s.From) - 1))
}

// reach is the oldest time, not before floor, from which to ask up to end without
// getting more than so many rows.
func (t *tally) reach(end time.Time, rows int, floor time.Time) time.Time {
	n := sort.Search(int(end.Sub(floor)/time.Second), func(i int) bool {
		return t.asked(Span{floor.Add(time.Duration(i) * time.Second), end}).all() <= rows
	})
	return floor.Add(time.Duration(n) * time.Second)
}

// pagesFor is what a question for so many rows costs.
func pagesFor(rows int) int { return max(1, (rows+PageSize-1)/PageSize) }
