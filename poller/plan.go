package poller

import (
	"math"
	"slices"
	"time"
)

// Plan is what a run asks, in order of importance.
type Plan struct {
	At        time.Time // every question ends here
	Limits    Limits
	Queries   []Query
	Gap       *Span // creation times the API no longer answers for and nobody ever read
	Reconcile bool  // old rows are read once more
}

// Plan chooses the fewest questions that can show every change since the last
// run: what is new, every unfinished row that is due, what was never read, and
// now and then rows that are old.
func (s State) Plan(now time.Time, l Limits) Plan {
	now = now.UTC()
	p := planner{Plan: Plan{At: now, Limits: l}, state: s.watching(l.Scope), window: l.window(now)}
	p.window.From = later(p.window.From, p.state.Origin)
	p.tally = newTally(p.state)
	p.begin()
	p.open()
	p.unread()
	p.reconcile()
	return p.Plan
}

// planner is one Plan under way.
type planner struct {
	Plan
	state  State
	tally  *tally
	window Span
	known  time.Time // from here to the mark nothing is unread
	new    int       // rows expected in it that nobody has seen yet
	fresh  Span      // what is new, and as much before it as pays

	cost int // pages expected so far
}

// begin sets what must be read in any case: everything after the mark, less an
// overlap for rows that became visible late.
func (p *planner) begin() {
	mark := p.state.mark()
	p.fresh = Span{later(p.window.From, mark.Add(-p.Limits.Overlap)), p.window.To}
	p.known = p.fresh.From
	if mark.IsZero() {
		return
	}
	last := p.state.Swept[len(p.state.Swept)-1]
	p.known = earlier(p.known, later(last.From, p.window.From))
	if p.state.Baseline.IsZero() && mark.Before(p.window.From) {
		p.Gap = &Span{mark, p.window.From}
	}
	p.new = p.tally.expect(mark, p.At)
}

// ratePeriod is how much of the past tells what to expect of a minute.
const ratePeriod = 30 * time.Minute

// expect is how many rows were created since the mark, if it goes on as before.
func (t *tally) expect(mark, now time.Time) int {
	rows := t.within(Span{mark.Add(-ratePeriod), mark}).all()
	return int(math.Ceil(float64(rows) * float64(now.Sub(mark)) / float64(ratePeriod)))
}

// open asks for what is new and for the unfinished rows that are due, by the
// cheapest mix.
func (p *planner) open() {
	due, lost := p.due()
	mix := p.cheapest(p.tally.points(due, p.At))
	if mix.cost > pagesFor(len(p.state.Open)+p.new) {
		due = slices.DeleteFunc(due, func(o *Open) bool { return o.canWait(p.At) })
		if less := p.cheapest(p.tally.points(due, p.At)); less.cost < mix.cost {
			mix = less
		}
	}
	p.fresh.From = mix.from
	p.fill()
	p.Queries = p.Limits.Scope.questions(p.fresh)
	p.cost = p.freshPages(p.fresh.From)
	var rest []piece
	for class, ws := range mix.pieces {
		rest = append(rest, p.sparse(typeClass(class), ws)...)
	}
	for _, w := range merge(rest) {
		p.askPiece(w)
	}
	p.lookUp(lost...)
}

// due are the rows that a window older than the fresh one can show, and the ids of
// those that no window can be trusted to show.
func (p *planner) due() (due []*Open, lost []string) {
	for i := range p.state.Open {
		o := &p.state.Open[i]
		switch {
		case !o.due(p.At, p.Limits) || p.fresh.has(o.Created):
		case o.Created.IsZero() || !o.Created.Before(p.fresh.To):
			lost = append(lost, o.TaskID)
		case !o.Created.Before(p.window.From):
			due = append(due, o)
		}
	}
	return due, lost
}

// mix is one way to ask for the new rows and the points.
type mix struct {
	from   time.Time // start of the fresh window
	pieces [typeClasses][]piece
	cost   int
}

// cheapest moves the fresh window's start back over points, newest first, as far
// as that is cheaper than asking for them apart.
func (p *planner) cheapest(points [typeClasses][]point) mix {
	var n [typeClasses]int // points older than the window's start
	var best, from [typeClasses][]int
	tail := 0
	for class := range points {
		n[class] = len(points[class])
		best[class], from[class] = cover(points[class])
		tail += best[class][n[class]]
	}
	m := mix{from: p.fresh.From, cost: p.freshPages(p.fresh.From) + tail}
	keep := n
	for {
		c := newest(points, n)
		if n[c] == 0 {
			break
		}
		at := fromUnix(points[c][n[c]-1].first)
		if at.Before(p.known) {
			break
		}
		tail -= best[c][n[c]] - best[c][n[c]-1]
		n[c]--
		if cost := p.freshPages(at) + tail; cost < m.cost {
			m.from, m.cost, keep = at, cost, n
		}
	}
	for class := range points {
		m.pieces[class] = pieces(points[class], from[class], keep[class])
	}
	return m
}

// newest is the type whose last of n points begins last.
func newest(points [typeClasses][]point, n [typeClasses]int) int {
	c := 0
	for class := range points {
		if n[class] > 0 && (n[c] == 0 || points[class][n[class]-1].first > points[c][n[c]-1].first) {
			c = class
		}
	}
	return c
}

// freshPages is what everything created since from is expected to cost.
func (p *planner) freshPages(from time.Time) int {
	return pagesFor(p.tally.asked(Span{from, p.fresh.To}).all() + p.new)
}

// spare is how many rows of the last page stay free for the unexpected.
const spare = 15

// fill moves the fresh window's start back as far as its last page has room: that
// costs nothing and heals rows that became visible late. An idle account is read
// in full by every run.
func (p *planner) fill() {
	if p.state.mark().IsZero() {
		return
	}
	rows := p.freshPages(p.fresh.From)*PageSize - p.new - spare
	p.fresh.From = earlier(p.fresh.From, p.tally.reach(p.fresh.To, rows, p.known))
}

// askPiece asks for one piece.
func (p *planner) askPiece(w piece) {
	p.cost += w.window
	if len(w.points) == 1 && len(w.points[0].ids) == 1 || w.class == otherType && !w.mixed {
		for _, pt := range w.points {
			p.lookUp(pt.ids...)
		}
		return
	}
	span := Span{fromUnix(w.first), fromUnix(w.last + 1)}
	if w.mixed {
		p.Queries = append(p.Queries, p.Limits.Scope.questions(span)...)
		return
	}
	q := ask(span)
	q.ObjectType = classNames[w.class]
	p.Queries = append(p.Queries, q)
}

// lookUp asks for all rows of each id.
func (p *planner) lookUp(ids ...string) {
	for _, id := range ids {
		p.Queries = append(p.Queries, lookUp(p.window, id))
	}
}

// unread asks for what no run ever read, newest first.
func (p *planner) unread() {
	unread := p.holes()
	if len(unread) == 0 {
		return
	}
	oldest := &unread[0]
	if edge := (Span{p.window.From, p.window.From.Add(nearEdge)}); oldest.contains(edge) && oldest.To.After(edge.To) && len(p.state.Swept) > 0 {
		p.Queries = append(p.Queries, p.Limits.Scope.questions(edge)...) // first, or it is gone
		oldest.From = edge.To
	}
	for _, hole := range slices.Backward(unread) {
		p.Queries = append(p.Queries, p.Limits.Scope.questions(hole)...)
	}
}

// nearEdge is how much of a hole at the old edge of the window must not wait.
const nearEdge = 15 * time.Minute

// holes are what no run has read, besides the fresh window.
func (p *planner) holes() []Span {
	return holes(p.state.Swept, Span{p.window.From, p.fresh.From})
}

func fromUnix(seconds uint32) time.Time { return time.Unix(int64(seconds), 0).UTC() }
