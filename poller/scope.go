package poller

import "slices"

// Scope is what is watched; an empty list means everything. Domains may hold
// patterns such as *.example.com. It says who is notified, not what is read: see doc.go.
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
