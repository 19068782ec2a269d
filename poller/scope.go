package poller

import (
	"slices"
	"strings"
	"time"
)

// Scope is what is watched; an empty list means everything. Domains may hold
// patterns such as *.example.com.
type Scope struct {
	Domains     []string
	ObjectTypes []string
}

// Has reports whether the scope watches the row.
func (s Scope) Has(t Task) bool {
	if len(s.ObjectTypes) > 0 && !slices.ContainsFunc(s.ObjectTypes, func(watched string) bool {
		return SameObjectType(watched, t.ObjectType)
	}) {
		return false
	}
	return len(s.Domains) == 0 || slices.ContainsFunc(s.Domains, func(pattern string) bool {
		return MatchDomain(pattern, t.Domain())
	})
}

// fingerprint tells scopes apart in a remembered state.
func (s Scope) fingerprint() string {
	if len(s.Domains) == 0 && len(s.ObjectTypes) == 0 {
		return ""
	}
	sorted := func(list []string) string {
		list = slices.Clone(list)
		slices.Sort(list)
		return strings.Join(slices.Compact(list), ",")
	}
	return sorted(s.ObjectTypes) + "|" + strings.ToLower(sorted(s.Domains))
}

// facet is one combination the API can filter by; "" does not filter.
type facet struct{ objectType, domain string }

// filterable are the object types the API filters by (VOD,
// DescribeVodRefreshTasks, read 2026-11); it may list others.
func filterable(objectType string) bool { return classOf(objectType) != otherType }

// facets splits the scope into what the API can filter by. Domains need an object
// type beside them, so without types they are left to Has.
func (s Scope) facets() []facet {
	everything := []facet{{}}
	if len(s.ObjectTypes) == 0 || !all(s.ObjectTypes, filterable) {
		return everything
	}
	domains := s.Domains
	if len(domains) == 0 || !all(domains, exactDomain) {
		domains = []string{""}
	}
	var out []facet
	for _, objectType := range s.ObjectTypes {
		for _, domain := range domains {
			out = append(out, facet{objectType, strings.ToLower(domain)})
		}
	}
	return out
}

// exactDomain reports whether the API can filter by d: no pattern, and in a spelling
// that the API and the rows certainly share.
func exactDomain(d string) bool {
	return d != "" && isASCII(d) && !strings.ContainsAny(d, "*?:") && !strings.HasSuffix(d, ".") && !hasPunycode(strings.ToLower(d))
}

func all(list []string, ok func(string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !ok(s) })
}

// Each question costs a page, however few rows it finds: a short window is asked
// in one, and only a long one by facets, as long as they are few.
const (
	longWindow = 6 * time.Hour
	fewFacets  = 6
)

// questions ask for every row of the scope created in s.
func (s Scope) questions(span Span) []Query {
	facets := s.facets()
	if len(facets) > 1 && (len(facets) > fewFacets || span.To.Sub(span.From) < longWindow) {
		return []Query{ask(span)}
	}
	var out []Query
	for _, f := range facets {
		q := ask(span)
		q.ObjectType, q.Domain = f.objectType, f.domain
		out = append(out, q)
	}
	return out
}

// read is the creation times for which full answers to qs list every row of the scope.
func (s Scope) read(qs []Query) []Span {
	var out []Span
	for i, f := range s.facets() {
		var spans []Span
		for _, q := range qs {
			if q.lists(f) {
				spans = union(spans, q.span())
			}
		}
		if i == 0 {
			out = spans
		} else {
			out = overlap(out, spans)
		}
	}
	return out
}

// lists reports whether q leaves out no row of the facet within its times.
func (q Query) lists(f facet) bool {
	return q.Status == "" && q.TaskID == "" && q.ObjectPath == "" &&
		(q.ObjectType == "" || q.ObjectType == f.objectType) &&
		(q.Domain == "" || q.Domain == f.domain)
}
