package poller

import (
	"cmp"
	"slices"
	"time"
)

// point is a second in which due rows of one object type were created, or where
// there are very many, a few neighbouring ones.
type point struct {
	first, last uint32
	class       typeClass
	ids         []string // of the due rows
	rows        int      // how many those are
	refreshing  bool     // all of them, by the last reading: a question by status finds them
	stuck       bool     // all of them backed off
	lo, hi      counts   // rows created before and up to the end of what a question for it may list
}

// pages is what asking for the point alone costs, by the cheapest means.
func (p point) pages() int {
	if p.class != otherType && p.refreshing {
		return min(p.window(), pagesFor(p.rows)+changes(p.rows))
	}
	return p.window()
}

// window is what listing all rows of the point costs. A type the API cannot filter
// by is asked for id by id.
func (p point) window() int {
	if p.class == otherType {
		return len(p.ids)
	}
	return pagesFor(p.hi[p.class] - p.lo[p.class])
}

// mostPoints bounds the work of one plan; with more, neighbours share a point.
const mostPoints = 400

// points groups due rows by object type and second, oldest first.
func (t *tally) points(due []*Open, now time.Time) (byClass [typeClasses][]point) {
	slices.SortFunc(due, func(a, b *Open) int {
		return cmp.Or(cmp.Compare(classOf(a.ObjectType), classOf(b.ObjectType)), a.Created.Compare(b.Created))
	})
	size := (seconds(due) + mostPoints - 1) / mostPoints
	ids := make([]string, 0, len(due)) // one array for the ids of all points
	all := make([]point, 0, min(len(due), mostPoints+typeClasses))
	var p *point
	grown := 0 // seconds in p
	for i, o := range due {
		class, at := classOf(o.ObjectType), unixSeconds(o.Created)
		switch {
		case i > 0 && p.class == class && p.last == at:
		case i > 0 && p.class == class && grown < size:
			p.last, grown = at, grown+1
		default:
			all = append(all, point{first: at, last: at, class: class, refreshing: true, stuck: true, ids: ids[len(ids):]})
			p, grown = &all[len(all)-1], 1
		}
		ids = append(ids, o.TaskID)
		p.ids = p.ids[:len(p.ids)+1]
		p.rows++
		p.refreshing = p.refreshing && o.Status == Refreshing
		p.stuck = p.stuck && o.backedOff(now)
	}
	start := 0
	for i := range all {
		p := &all[i]
		slices.Sort(p.ids)
		p.ids = slices.Compact(p.ids)
		p.lo, p.hi = t.before(p.first-1), t.before(p.last+2)
		if i+1 == len(all) || all[i+1].class != p.class {
			byClass[p.class], start = all[start:i+1], i+1
		}
	}
	return byClass
}

// seconds counts the distinct ones, type by type, in sorted rows.
func seconds(due []*Open) int {
	n := 0
	for i, o := range due {
		if i == 0 || classOf(due[i-1].ObjectType) != classOf(o.ObjectType) || !due[i-1].Created.Equal(o.Created) {
			n++
		}
	}
	return n
}

// piece is one question for neighbouring points.
type piece struct {
	first, last uint32
	class       typeClass
	mixed       bool // points of several types: asked without one
	points      []point
	lo, hi      counts
	pages       int // by the cheapest means
	window      int // by listing all its rows
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
		w.pages, w.window = last.pages(), last.window()
		if len(in) > 1 {
			w.window = pagesFor(w.hi[w.class] - w.lo[w.class])
			w.pages = w.window
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
	w.window = pagesFor(w.hi.minus(w.lo).all())
	w.pages = w.window
	return w
}
