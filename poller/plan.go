package poller

import "time"

// Plan is what a run asks, in order of importance.
type Plan struct {
	At      time.Time // every question ends here
	Limits  Limits
	Queries []Query
	Gap     *Span // creation times the API no longer answers for and nobody ever read
}

// Plan chooses the fewest questions that can show every change since the last run.
func (s State) Plan(now time.Time, l Limits) Plan {
	p := Plan{At: now.UTC(), Limits: l}
	s = s.watching(l.Scope)
	window := l.window(p.At)
	if mark := s.mark(); !mark.IsZero() && s.Baseline.IsZero() && mark.Before(window.From) {
		p.Gap = &Span{mark, window.From}
	}
	fresh := Span{later(window.From, s.mark().Add(-l.Overlap)), window.To}
	p.Queries = l.Scope.questions(fresh)
	asked := map[string]bool{}
	for _, o := range s.Open {
		if o.due(p.At, l) && !fresh.has(o.Created) && !asked[o.TaskID] {
			asked[o.TaskID] = true
			p.Queries = append(p.Queries, lookUp(window, o.TaskID))
		}
	}
	unread := holes(s.Swept, Span{window.From, fresh.From})
	for i := len(unread) - 1; i >= 0; i-- {
		p.Queries = append(p.Queries, l.Scope.questions(unread[i])...)
	}
	return p
}

// watching is s as far as it is worth for another scope: what was read for the
// old one proves nothing about the new one.
func (s State) watching(scope Scope) State {
	if s.Scope == scope.fingerprint() {
		return s
	}
	s.Swept = nil
	var open []Open
	for _, o := range s.Open {
		if scope.Has(o.Task) {
			open = append(open, o)
		}
	}
	s.Open = open
	return s
}

// lookUp asks for every row of one task id.
func lookUp(window Span, taskID string) Query {
	q := ask(window)
	q.TaskID = taskID
	return q
}
