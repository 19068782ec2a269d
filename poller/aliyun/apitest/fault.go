package apitest

import (
	"slices"
	"time"

	"refreshwatch/poller"
)

// Fault is one way an answer goes wrong. The functions of this package make them;
// [Faults] lists those that leave no usable answer.
type Fault struct {
	Name  string
	Class poller.Class // what a careful client reports; "" when the answer is a page all the same
	Code  string       // the same error's code

	times      int
	when       func(Request) bool
	refused    *refusal                         // the API says no
	rows       func(*listing)                   // the page says something else
	wire       func(*reply)                     // the answer is damaged on its way
	then       func(*table, Request, time.Time) // what happens behind the answer
	stale      time.Duration                    // the answer is that old
	shuffle    bool                             // no order within a second
	numericIDs bool                             // task ids are JSON numbers
	slow       bool                             // the client's ten seconds pass first
}

// Times limits f to n answers; without it f stays until [Server.Heal].
func (f Fault) Times(n int) Fault {
	f.times = n
	return f
}

// When limits f to requests that ask for something in particular. The server is
// locked while it is asked.
func (f Fault) When(asks func(Request) bool) Fault {
	f.when = asks
	return f
}

// OnPage is for [Fault.When].
func OnPage(n int) func(Request) bool {
	return func(q Request) bool { return q.Page == n }
}

// Fault makes the answers go wrong. Each request meets the first fault added that
// is left and suits it.
func (s *Server) Fault(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// due is the fault this request meets, nil for none.
func (s *Server) due(q Request) *Fault {
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return f.when == nil || f.when(q) })
	if i < 0 {
		return nil
	}
	f := s.faults[i]
	if f.times == 1 {
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	f.times = max(f.times-1, 0)
	return f
}

// Faults are all faults that leave no usable answer, each with the class and the
// code a careful client reports. Redirect needs a target and is not among them.
func Faults() []Fault {
	return slices.Concat(Refusals(), Damages())
}
