package poller

import (
	"slices"
	"time"
)

// rescanOld reads old rows once more, each when it is an hour old and then once a
// cycle, so that nothing the overlap missed stays unseen. The larger the account, the
// longer the cycle.
func (p *planner) rescanOld() {
	last := p.state.Rescanned
	if last.IsZero() || p.At.Sub(last) < p.Limits.Calm || len(p.Later) > 0 {
		return
	}
	last = later(last, p.At.Add(-2*p.Limits.Calm)).Truncate(time.Second)
	pages := pagesFor(p.tally.within(p.window))
	cycle := min(max(time.Duration(pages)*cyclePerPage, shortestCycle), longestCycle)
	for age := p.Limits.Calm; age < p.Limits.Window; age += cycle {
		slice := Span{last.Add(-age), p.At.Add(-age).Truncate(time.Second)}.intersect(p.window)
		if !slice.empty() && !p.Fresh.Span().contains(slice) && !p.waits(slice) {
			w := windowFor(slice)
			w.Rescan = true
			p.Later = append(p.Later, w)
			p.cost += pagesFor(p.tally.listed(w))
		}
	}
	p.rescan = true
}

// waits reports whether a window that is not proven holds some of the slice.
func (p *planner) waits(slice Span) bool {
	return slices.ContainsFunc(p.waiting, func(w Window) bool { return !w.Span().intersect(slice).empty() })
}

// A cycle's requests are spread over so long that they hardly count.
const (
	cyclePerPage  = 30 * time.Minute
	shortestCycle = 12 * time.Hour
	longestCycle  = 72 * time.Hour
)
