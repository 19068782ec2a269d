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
