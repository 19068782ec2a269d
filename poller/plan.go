package poller

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"
)

// Plan is what a run asks, in order of importance.
type Plan struct {
	At     time.Time // nothing created later is asked for
	Limits Limits
	Fresh  Window   // what is new, and as much before it as pays
	Status []Window // rows in flight: by id, or by the second they were created in
	Later  []Window // what was never read, then what is read again, as far as time allows

	waiting []Window // not proven, and not asked in this run
	rescan  bool     // old rows are read once more
	owing   bool     // rows that some sinks had no room for are read again
}

// Plan chooses what to ask: what is new, every row in flight that is due, what was
// never read, and now and then rows that are old.
func (s State) Plan(now time.Time, l Limits) Plan {
	now = now.UTC()
	p := planner{Plan: Plan{At: now, Limits: l}, state: s.until(now), window: l.window(now)}
	p.window.From = later(p.window.From, p.state.Origin)
	p.tally = newTally(p.state)
	p.underWay()
	p.begin()
	p.inFlight()
	p.unread()
	p.owed()
	quiet := len(p.Later)+len(p.waiting) == 0 && !p.state.Mark().IsZero()
	p.rescanOld()
	if quiet && p.cost > p.freshPages(p.window.From) {
		// Everything in one window costs no more.
		p.Fresh.From, p.Status, p.Later = p.window.From.Add(-time.Second), nil, nil
	}
	Sort(p.Later, func(a, b Window) int {
		return cmp.Or(cmp.Compare(p.again(a), p.again(b)), a.From.Compare(b.From))
	})
	return p.Plan
}

// planner is one Plan under way.
type planner struct {
	Plan
	state  State
	tally  tally
	window Span
	read   []Span // what was read, or is being read
	known  time.Time
	new    int // rows expected in the fresh window that nobody has seen yet
	cost   int // pages expected so far
}

// again is 1 for a window whose rows were all read before: it can wait.
func (p *planner) again(w Window) int {
	if covered(p.state.Scanned, w.Span()) {
		return 1
	}
	return 0
}

// underWay goes on with what earlier runs have begun, as far as the API still answers.
func (p *planner) underWay() {
	p.read = p.state.Scanned
	for _, w := range p.state.Windows {
		w = w.cut(p.window.From)
		switch {
		case w.Span().empty():
			continue
		case w.Again.After(p.At) && w.Again.Sub(p.At) <= longestPause:
			p.waiting = append(p.waiting, w)
		case p.again(w) == 1 && p.showsInFlight(w):
			p.Status = append(p.Status, w)
		default:
			p.Later = append(p.Later, w)
		}
		p.read = union(p.read, w.Span())
	}
}

func (p *planner) showsInFlight(w Window) bool {
	return slices.ContainsFunc(p.state.InFlight, func(o InFlight) bool { return w.Span().has(o.Created) })
}

// nearEdge is how much of what the API forgets next must not wait for the rest.
const nearEdge = time.Hour

// begin sets what must be read in any case: everything after the mark, less an overlap
// for rows that became visible late. What is under way has an overlap of its own.
func (p *planner) begin() {
	mark := p.state.Mark()
	from := later(p.window.From, mark.Add(-p.Limits.Overlap))
	if n := len(p.state.Scanned); n == 0 || mark.After(p.state.Scanned[n-1].To) {
		from = later(p.window.From, mark)
	}
	if edge := p.window.From.Add(nearEdge); !mark.IsZero() && from.Before(edge) && p.At.Sub(edge) > nearEdge {
		from = edge // the rest is read first of what was never read
	}
	p.Fresh = windowFor(Span{from, later(p.window.To, from.Add(time.Second))})
	if p.Limits.Pages > 0 && !mark.IsZero() { // an overlap that costs a run is none
		from = p.oldest(p.Limits.Pages/4*PageSize, from, later(from, mark))
		p.Fresh.From = from.Add(-time.Second)
	}
	p.known = later(p.readSince(from), p.window.From)
	if !mark.IsZero() {
		p.new = p.expect(mark)
	}
}

// readSince is since when everything created up to at was read, as far as one can tell:
// from there on it is known what a window costs.
func (p *planner) readSince(at time.Time) time.Time {
	for {
		since := at
		for _, s := range p.state.Scanned {
			if !s.To.Before(at) {
				since = earlier(since, s.From)
			}
		}
		for _, w := range slices.Concat(p.Status, p.Later, p.waiting) {
			if span := w.Span(); !span.To.Before(at) && span.From.Before(since) {
				since = earlier(since, p.readOf(w))
			}
		}
		if !since.Before(at) {
			return at
		}
		at = since
	}
}

// readOf is since when the rows of a window under way are known, if the newest come
// first: its pages so far held the newest rows.
func (p *planner) readOf(w Window) time.Time {
	span := w.Span()
	if w.Passes > 0 || w.Unproven > 0 {
		return span.From
	}
	seconds := int(span.To.Sub(span.From) / time.Second)
	return span.To.Add(-time.Duration(sort.Search(seconds, func(n int) bool {
		return p.tally.within(Span{span.To.Add(-time.Duration(n+1) * time.Second), span.To}) > (w.Next-1)*PageSize
	})) * time.Second)
}

// ratePeriod is how much of the past tells what to expect of a minute.
const ratePeriod = 30 * time.Minute

// expect is how many rows were created since the mark, if it goes on as before.
func (p *planner) expect(mark time.Time) int {
	rows := p.tally.within(Span{mark.Add(-ratePeriod), mark})
	return int(math.Ceil(float64(rows) * float64(p.At.Sub(mark)) / float64(ratePeriod)))
}

// freshPages is what everything created since from is expected to cost.
func (p *planner) freshPages(from time.Time) int {
	return pagesFor(p.tally.listed(windowFor(Span{from, p.Fresh.To})) + p.new)
}

// inFlight moves the fresh window's start back as far as that is cheaper than asking
// for the rows in flight apart. A window that a run can hardly afford is one of its own, so
// that what is new does not wait for it.
func (p *planner) inFlight() {
	groups := p.groups()
	rest := 0
	for _, g := range groups {
		rest += g.cost
	}
	fresh := p.freshPages(p.Fresh.Span().From)
	best, keep := fresh+rest, 0
	for i, g := range groups {
		rest -= g.cost
		if g.at.Before(p.known) {
			break
		}
		if cost := p.freshPages(g.at) + rest; cost <= best {
			best, keep = cost, i+1
		}
	}
	if keep > 0 {
		p.reach(groups[keep-1].at)
	}
	groups = groups[keep:] // the run may not come to all of them
	Sort(groups, func(a, b group) int { return a.asked.Compare(b.asked) })
	for _, g := range groups {
		p.Status = append(p.Status, g.windows(p.window)...)
		p.cost += g.cost
	}
	p.fill()
	pages := p.freshPages(p.Fresh.Span().From)
	if p.cost += pages; pages > 1 && p.Fresh.To.Sub(p.Fresh.From) > 10*time.Second {
		p.Fresh.To = p.Fresh.To.Add(-time.Second) // the last second is still filling, and would shift the pages
	}
}

// reach asks for everything from at on.
func (p *planner) reach(at time.Time) {
	back := windowFor(Span{at, p.Fresh.Span().From})
	pages := p.freshPages(at)
	if p.Limits.affords(pages) || back.Span().empty() {
		p.Fresh.From = back.From
		return
	}
	p.Status = append(p.Status, back)
	p.cost += pagesFor(p.tally.listed(back))
}

// spare is how many rows of the last page stay free for the unexpected.
const spare = 15

// fill moves the fresh window's start back as far as its last page has room: that
// costs nothing and shows rows that became visible late. An idle account is read in
// full by every run.
func (p *planner) fill() {
	if from := p.Fresh.Span().From; !p.state.Mark().IsZero() {
		p.Fresh.From = p.oldest(p.freshPages(from)*PageSize-spare, p.known, from).Add(-time.Second)
	}
}

// oldest is the first second between two times from which on the fresh window lists no
// more than so many rows; the later time if there is none.
func (p *planner) oldest(rows int, from, to time.Time) time.Time {
	seconds := max(0, int(to.Sub(from)/time.Second))
	return to.Add(-time.Duration(seconds-sort.Search(seconds, func(n int) bool {
		return p.freshRows(to.Add(-time.Duration(seconds-n)*time.Second)) <= rows
	})) * time.Second)
}

func (p *planner) freshRows(from time.Time) int {
	return p.tally.listed(windowFor(Span{from, p.Fresh.To})) + p.new
}

// unread asks for what no run ever read, what the API forgets next first.
func (p *planner) unread() {
	for _, hole := range holes(p.read, Span{p.window.From, p.Fresh.Span().From}) {
		p.Later = append(p.Later, windowFor(hole))
	}
}
