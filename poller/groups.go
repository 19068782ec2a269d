package poller

import (
	"slices"
	"time"
)

// group is the rows in flight that were created in one second and are due, and the
// cheapest way to ask for them: by task id, by path where one row of a large submission is
// left, or by listing the second.
type group struct {
	at    time.Time // zero: the API gave no time, or one that no window can ask for
	rows  []*InFlight
	ids   []string // each listed with one page
	paths []*InFlight
	list  bool // the second is listed instead
	cost  int
	asked time.Time // when the row that has waited longest was
}

// groups are the rows that the fresh window will not show, newest first.
func (p *planner) groups() []group {
	var due []*InFlight
	fresh := p.Fresh.Span()
	for i := range p.state.InFlight {
		if o := &p.state.InFlight[i]; o.due(p.At, p.Limits) && !fresh.has(o.Created) && !p.beingRead(o) {
			due = append(due, o)
		}
	}
	slices.SortFunc(due, func(a, b *InFlight) int { return b.Created.Compare(a.Created) })
	var out []group
	for len(due) > 0 {
		n := 1
		for n < len(due) && due[n].Created.Equal(due[0].Created) {
			n++
		}
		g := group{at: due[0].Created, rows: due[:n]}
		if !p.window.has(g.at) {
			g.at = time.Time{}
		}
		if p.price(&g); g.cost > 0 {
			out = append(out, g)
		}
		due = due[n:]
	}
	return out
}

// beingRead reports whether a window that is under way will show the row soon.
func (p *planner) beingRead(o *InFlight) bool {
	for _, w := range slices.Concat(p.Status, p.Later) {
		if w.Span().has(o.Created) && p.Limits.affords(w.pagesLeft()) {
			return true
		}
	}
	return false
}

// price chooses how to ask for the group.
func (p *planner) price(g *group) {
	size, pages := 0, 0
	if !g.at.IsZero() {
		size = p.tally.within(Span{g.at, g.at.Add(time.Second)})
		pages = pagesFor(p.tally.listed(g.window()))
	}
	byID := map[string][]*InFlight{}
	g.asked = g.rows[0].Asked
	for _, o := range g.rows {
		g.asked = earlier(g.asked, o.Asked)
		if o.askable() {
			byID[o.TaskID] = append(byID[o.TaskID], o)
		} else {
			g.list = !g.at.IsZero() // no other way shows it
		}
	}
	for id, rows := range byID {
		if size <= PageSize {
			g.ids = append(g.ids, id)
		} else {
			g.paths = append(g.paths, rows...)
		}
	}
	slices.Sort(g.ids)
	g.cost = len(g.ids) + len(g.paths)
	if g.list = g.list || pages > 0 && pages < g.cost; g.list {
		g.cost = pages
	}
}

// window lists the second.
func (g group) window() Window { return windowFor(Span{g.at, g.at.Add(time.Second)}) }

// windows are the questions, where all is what the API answers for.
func (g group) windows(all Span) []Window {
	if g.list {
		return []Window{g.window()}
	}
	var out []Window
	for _, id := range g.ids {
		out = append(out, lookUp(all, id, ""))
	}
	for _, o := range g.paths {
		out = append(out, lookUp(all, o.TaskID, o.ObjectPath))
	}
	return out
}

// mostLookUps bounds the second round of a run.
const mostLookUps = 20

// LookUps is the second round: a row that is due and that a full answer should have
// listed but did not is asked for by its task id. Its creation time may differ from
// the one the API filters by.
func (s State) LookUps(p Plan, b Batch) []Window {
	listed, asked := map[Key]bool{}, map[string]bool{}
	for _, t := range b.Tasks {
		listed[t.Key] = true
	}
	for _, w := range b.Windows {
		asked[w.TaskID] = true
	}
	var out []Window
	for i := range s.InFlight {
		o := &s.InFlight[i]
		if len(out) == mostLookUps || listed[o.Key] || asked[o.TaskID] || !o.askable() || !o.due(p.At, p.Limits) {
			continue
		}
		if slices.ContainsFunc(b.Windows, func(w Window) bool { return w.end == whole && !w.filtered() && w.Span().has(o.Created) }) {
			asked[o.TaskID] = true
			out = append(out, lookUp(p.Limits.window(p.At), o.TaskID, ""))
		}
	}
	return out
}
