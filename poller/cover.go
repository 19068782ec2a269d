package poller

import (
	"cmp"
	"slices"
	"time"
)

// point is a second in which due rows of one object type were created; coarsened,
// a few neighbouring ones.
type point struct {
	first, last uint32
	class       typeClass
	ids         []string // of the due rows
	rows        int      // how many those are
	refreshing  bool     // all of them, by the last reading: a question by status finds them
	stuck       bool     // all of them backed off
	lo, hi      counts   // rows created before and up to the end of what a question for it may list
}

// pages is what asking for the point alone costs. A type the API cannot filter by
// is asked for id by id.
func (p point) pages() int {
	if p.class == otherType {
		return len(p.ids)
	}
	return pagesFor(p.hi[p.class] - p.lo[p.class])
}

// mostPoints bounds the work of one plan; more are joined with their neighbours.
const mostPoints = 1000

// points groups due rows by second and object type, oldest first.
func (t *tally) points(due []Open, now time.Time) []point {
	type second struct {
		class typeClass
		at    uint32
	}
	at := map[second]int{}
	var out []point
	for _, o := range due {
		k := second{classOf(o.ObjectType), unixSeconds(o.Created)}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, point{first: k.at, last: k.at, class: k.class, refreshing: true, stuck: true})
		}
		p := &out[i]
		if n := len(p.ids); n == 0 || p.ids[n-1] != o.TaskID { // rows of one task mostly stand together
			p.ids = append(p.ids, o.TaskID)
		}
		p.rows++
		p.refreshing = p.refreshing && o.Status == Refreshing
		p.stuck = p.stuck && o.backedOff(now)
	}
	slices.SortFunc(out, func(a, b point) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.class, b.class)) })
	out = coarsen(out)
	for i := range out {
		p := &out[i]
		slices.Sort(p.ids)
		p.ids = slices.Compact(p.ids)
		p.lo, p.hi = t.before(p.first-1), t.before(p.last+2)
	}
	return out
}

// coarsen joins neighbours of one type until few enough are left.
func coarsen(points []point) []point {
	if len(points) <= mostPoints {
		return points
	}
	size := (len(points) + mostPoints - 1) / mostPoints
	var out []point
	var filling [typeClasses]struct{ at, size int }
	for _, p := range points {
		g := &filling[p.class]
		if p.class == otherType || g.size == 0 || g.size == size {
			out = append(out, p)
			g.at, g.size = len(out)-1, 1
			continue
		}
		o := &out[g.at]
		o.last, o.ids, o.rows = p.last, append(o.ids, p.ids...), o.rows+p.rows
		o.refreshing, o.stuck = o.refreshing && p.refreshing, o.stuck && p.stuck
		g.size++
	}
	return out
}

// piece is one question for neighbouring points.
type piece struct {
	first, last uint32
	class       typeClass
	mixed       bool // points of several types: asked without one
	points      []point
	lo, hi      counts
	pages       int
}

// cover finds the cheapest pieces for the points of one type, oldest first:
// best[k] is what the oldest k points cost, from[k] where the last of their pieces
// begins.
func cover(points []point) (best, from []int) {
	best, from = make([]int, len(points)+1), make([]int, len(points)+1)
	for k := 1; k <= len(points); k++ {
		last := points[k-1]
		best[k], from[k] = best[k-1]+last.pages(), k-1
		if last.class == otherType {
			continue
		}
		for j := k - 2; j >= 0; j-- {
			window := pagesFor(last.hi[last.class] - points[j].lo[last.class])
			if window >= best[k] {
				break // a longer one costs no less
			}
			if cost := best[j] + window; cost < best[k] {
				best[k], from[k] = cost, j
			}
		}
	}
	return best, from
}

// pieces are what cover found for the oldest k points.
func pieces(points []point, from []int, k int) []piece {
	var out []piece
	for ; k > 0; k = from[k] {
		in := points[from[k]:k]
		last := in[len(in)-1]
		w := piece{first: in[0].first, last: last.last, class: last.class, points: in, lo: in[0].lo, hi: last.hi}
		w.pages = last.pages()
		if len(in) > 1 {
			w.pages = pagesFor(w.hi[w.class] - w.lo[w.class])
		}
		out = append(out, w)
	}
	return out
}

// merge joins neighbouring pieces into one of any type where that saves a page.
func merge(ws []piece) []piece {
	slices.SortFunc(ws, func(a, b piece) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.class, b.class)) })
	var out []piece
	for _, w := range ws {
		for len(out) > 0 {
			joint := out[len(out)-1].join(w)
			if joint.pages >= out[len(out)-1].pages+w.pages {
				break
			}
			out, w = out[:len(out)-1], joint
		}
		out = append(out, w)
	}
	return out
}

// join is one piece instead of two, w being the one that begins first.
func (w piece) join(v piece) piece {
	w.mixed = true
	if v.last > w.last {
		w.last, w.hi = v.last, v.hi
	}
	w.points = append(w.points[:len(w.points):len(w.points)], v.points...)
	w.pages = pagesFor(w.hi.minus(w.lo).all())
	return w
}
