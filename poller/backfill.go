package poller

import (
	"slices"
	"time"
)

// Filter narrows a backfill; an empty field means everything.
type Filter struct {
	Statuses    []Status
	ObjectTypes []string
	Domains     []string // or patterns
	TaskID      string
	ObjectPath  string
}

// Match reports whether the row is meant.
func (f Filter) Match(t Task) bool {
	return (len(f.Statuses) == 0 || slices.Contains(f.Statuses, t.Status)) &&
		Scope{Domains: f.Domains, ObjectTypes: f.ObjectTypes}.Has(t) &&
		(f.TaskID == "" || f.TaskID == t.TaskID) &&
		(f.ObjectPath == "" || f.ObjectPath == t.ObjectPath)
}

// BackfillPlan asks for the rows of f created in w, as far back as the API
// answers, and lets it filter what it can.
func BackfillPlan(w Span, now time.Time, l Limits, f Filter) Plan {
	p := Plan{At: now.UTC(), Limits: l}
	w = Span{w.From.Truncate(time.Second), ceilSecond(w.To)}
	w = w.intersect(l.window(p.At))
	if w.empty() {
		return p
	}
	facets := Scope{Domains: f.Domains, ObjectTypes: f.ObjectTypes}.facets()
	if len(facets) > fewFacets {
		facets = []facet{{}}
	}
	for _, facet := range facets {
		q := ask(w)
		q.ObjectType, q.Domain = facet.objectType, facet.domain
		q.TaskID, q.ObjectPath = f.TaskID, f.ObjectPath
		if q.ObjectType != "" && len(f.Statuses) == 1 && f.Statuses[0].Terminal() {
			q.Status = f.Statuses[0]
		}
		p.Queries = append(p.Queries, q)
	}
	return p
}

// Resume asks, instead of p's own questions, those that an earlier run has left, as
// far back as the API still answers.
func (p Plan) Resume(rest []Query) Plan {
	floor := ask(p.Limits.window(p.At)).From
	p.Queries = nil
	for _, q := range rest {
		q.From = later(q.From, floor)
		if !q.span().empty() {
			p.Queries = append(p.Queries, q)
		}
	}
	return p
}

// meant reports whether t is a row that was asked for, and not one of the second
// that questions begin early. With once it must also not be read again by what is
// left to ask: windows that were cut have their joints there.
func (b Batch) meant(t Task, once bool) bool {
	in := func(q Query) bool { return q.asks(t) && q.span().has(t.Created) }
	if slices.ContainsFunc(b.Whole, in) || !once && slices.ContainsFunc(b.Rest, in) {
		return true
	}
	near := func(q Query) bool { return q.asks(t) && !t.Created.Before(q.From) && !t.Created.After(q.To) }
	return !slices.ContainsFunc(b.Whole, near) && !slices.ContainsFunc(b.Rest, near)
}

// asks reports whether q is about the row, whenever it was created.
func (q Query) asks(t Task) bool {
	return (q.TaskID == "" || q.TaskID == t.TaskID) &&
		(q.ObjectPath == "" || q.ObjectPath == t.ObjectPath) &&
		(q.ObjectType == "" || q.ObjectType == t.ObjectType) &&
		(q.Domain == "" || q.Domain == t.Domain()) &&
		(q.Status == "" || q.Status == t.Status)
}
