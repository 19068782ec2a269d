package poller

import "time"

// reconcile reads old rows once more, each when it is an hour old and then once a
// cycle, so that nothing the overlap missed stays unseen. The larger the account,
// the longer the cycle.
func (p *planner) reconcile() {
	last := p.state.Reconciled
	if last.IsZero() || p.At.Sub(last) < p.Limits.Calm || len(p.holes()) > 0 {
		return
	}
	last = later(last, p.At.Add(-2*p.Limits.Calm)).Truncate(time.Second)
	pages := pagesFor(p.tally.within(p.window).all())
	cycle := min(max(time.Duration(pages)*cyclePerPage, shortestCycle), longestCycle)
	var queries []Query
	cost := 0
	for age := p.Limits.Calm; age < p.Limits.Window; age += cycle {
		slice := Span{last.Add(-age), p.At.Add(-age).Truncate(time.Second)}.intersect(p.window)
		if !slice.empty() && !p.fresh.contains(slice) {
			queries = append(queries, p.Limits.Scope.questions(slice)...)
			cost += pagesFor(p.tally.asked(slice).all())
		}
	}
	if p.Limits.Pages > 0 && p.cost+cost > p.Limits.Pages {
		return
	}
	p.Reconcile = true
	p.Queries, p.cost = append(p.Queries, queries...), p.cost+cost
}

// A cycle's requests are spread over so long that they hardly count.
const (
	cyclePerPage  = 30 * time.Minute
	shortestCycle = 12 * time.Hour
	longestCycle  = 72 * time.Hour
)
