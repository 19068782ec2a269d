package poller

import (
	"slices"
	"time"
)

// Span is a stretch of creation times, From included, To not.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (s Span) empty() bool              { return !s.From.Before(s.To) }
func (s Span) has(t time.Time) bool     { return !t.Before(s.From) && t.Before(s.To) }
func (s Span) contains(other Span) bool { return !other.From.Before(s.From) && !other.To.After(s.To) }
func (s Span) intersect(other Span) Span {
	return Span{later(s.From, other.From), earlier(s.To, other.To)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func ceilSecond(t time.Time) time.Time { return t.Add(time.Second - 1).Truncate(time.Second) }

// union adds s to spans, which are sorted and apart, and so is the result.
func union(spans []Span, s Span) []Span {
	if s.empty() {
		return slices.Clone(spans)
	}
	var out []Span
	for _, t := range spans {
		if t.To.Before(s.From) || s.To.Before(t.From) {
			out = append(out, t)
			continue
		}
		s = Span{earlier(s.From, t.From), later(s.To, t.To)}
	}
	out = append(out, s)
	Sort(out, func(a, b Span) int { return a.From.Compare(b.From) })
	return out
}

// holes is what of within the spans leave out, oldest first.
func holes(spans []Span, within Span) []Span {
	var out []Span
	for _, s := range spans {
		if hole := (Span{within.From, earlier(s.From, within.To)}); !hole.empty() {
			out = append(out, hole)
		}
		within.From = later(within.From, s.To)
	}
	if !within.empty() {
		out = append(out, within)
	}
	return out
}

// covered reports whether the spans leave nothing of s out.
func covered(spans []Span, s Span) bool { return len(holes(spans, s)) == 0 }

// without is what of the spans lies outside of gone.
func without(spans []Span, gone Span) []Span {
	var out []Span
	for _, s := range spans {
		for _, part := range []Span{{s.From, earlier(s.To, gone.From)}, {later(s.From, gone.To), s.To}} {
			if !part.empty() {
				out = append(out, part)
			}
		}
	}
	return out
}
