package watch

import (
	"fmt"
	"hash/maphash"
	"strings"
)

// modelInvariant is a promise that every state must keep. holds returns "" or what is
// wrong.
type modelInvariant struct {
	name  string
	holds func(*model, *modelState) string
}

// The invariants I1 to I5; I6 is a property of Settle alone, and tested there.
var (
	nothingLost = modelInvariant{"nothing is lost", func(_ *model, s *modelState) string {
		doc := s.gens[s.head].doc
		for row := range modelRows {
			if doc.seen&(1<<row) != 0 && s.notified[row] == 0 && doc.waiting()&(1<<row) == 0 {
				return "the poll state has passed row " + rowName(row) + ", which is neither notified nor in the outbox"
			}
		}
		return ""
	}}
	notifiedOnce = modelInvariant{"notified once", func(_ *model, s *modelState) string { return s.excess() }}

	oneHistory = modelInvariant{"one history", func(_ *model, s *modelState) string {
		switch {
		case s.forked:
			return "a generation was written twice"
		case s.setBack:
			return "the poll state went back"
		}
		return ""
	}}
	oneSender = modelInvariant{"one sender", func(m *model, s *modelState) string {
		for id := range modelIDs {
			may := 0
			for i := range m.runs {
				if m.maySend(s, i, id) {
					may++
				}
			}
			if may > 1 {
				return "two runs may send delivery " + rowName(id)
			}
		}
		return ""
	}}
	soloHeals = modelInvariant{"one run heals", func(m *model, s *modelState) string { return m.solo(s) }}

	modelInvariants = []modelInvariant{nothingLost, notifiedOnce, oneHistory, oneSender, soloHeals}
)

func rowName(row int) string { return string(rune('a' + row)) }

// waiting are the rows in the outbox.
func (d modelDoc) waiting() (rows uint8) {
	for _, item := range d.outbox {
		rows |= item.rows
	}
	return rows
}

// excess says which row was notified more often than the faults excuse.
func (s *modelState) excess() string {
	for row := range modelRows {
		if s.notified[row] > 1+s.charged[row] {
			return "row " + rowName(row) + " was notified again, and no fault excuses it"
		}
	}
	return ""
}

// maySend reports whether the run sends the delivery, or may begin to at this moment.
func (m *model) maySend(s *modelState, i, id int) bool {
	r := &s.run[i]
	switch {
	case r.overran:
		return false
	case r.at == modelSending && int(r.sending) == id:
		return true
	case r.at != modelSend && r.at != modelSending && r.at != modelPiece && r.then != modelPiece:
		return false
	}
	return r.mine[id] != 0 && r.result[id] == untried && m.mayStart(s, i)
}

// solo lets every run die and all claims end; then one run without faults must notify
// what is left, and nothing that it has no excuse for.
func (m *model) solo(s *modelState) string {
	n := *s
	n.rows = 1<<m.rows - 1
	n.left, n.late = modelFaults{}, modelLate{}
	for i := range m.runs {
		n.charge(i)
		n.run[i] = modelRun{at: modelDone}
	}
	doc := &n.gens[n.head].doc
	for id := range doc.outbox {
		if item := &doc.outbox[id]; item.left != modelForever {
			item.left, item.wait = 0, 0
		}
	}
	known := modelEnd{*doc, n.notified, n.charged} // all that the answer hangs on
	wrong, ok := m.ends[known]
	if !ok {
		wrong = m.goesOn(n)
		m.ends[known] = wrong
	}
	return wrong
}

// modelEnd is what is left when all runs have ended.
type modelEnd struct {
	doc               modelDoc
	notified, charged [modelRows]uint8
}

// goesOn lets one more run live.
func (m *model) goesOn(n modelState) string {
	lives := 1
	if m.hold > 0 { // what it holds the next one sends, a little later
		lives = 2
	}
	for range lives {
		for n.run[modelSolo].at != modelDone {
			was := n
			first := true
			m.runSteps(&was, modelSolo, func(_ modelAct, next modelState) {
				if first { // of several that are left to it, the first: it puts nothing off
					n, first = next, false
				}
			})
		}
		if lives > 1 {
			n.run[modelSolo] = modelRun{}
			for range m.hold {
				n.gens[n.head].doc.tick()
			}
		}
	}
	for row := range m.rows {
		if n.notified[row] == 0 {
			return "if all runs end here, row " + rowName(row) + " will never be notified"
		}
	}
	if wrong := n.excess(); wrong != "" {
		return "if all runs end here, the next one is wrong: " + wrong
	}
	return ""
}

// tidy takes the steps that nobody else can see, and forgets what no longer matters,
// so that states which cannot be notified apart are one.
func (m *model) tidy(s modelState) modelState {
	oldest := s.head
	for i := range s.run {
		r := &s.run[i]
		m.tidyRun(&s, i)
		if r.at == modelGet || r.at == modelProbe {
			oldest = min(oldest, r.n)
		}
	}
	for g := range s.gens {
		gen := &s.gens[g]
		gen.age = min(gen.age, m.oldAge())
		if g == 1 { // never removed
			gen.age = 0
		}
		if g < int(oldest) {
			gen.doc = modelDoc{}
		}
	}
	if s.late.there && s.exists(s.late.to) {
		s.late = modelLate{}
	}
	return s
}

func (m *model) tidyRun(s *modelState, i int) {
	r := &s.run[i]
	if r.at == modelPiece {
		if _, changed := m.recorded(r, i); !changed { // an earlier put of it had landed
			r.at = modelSend
			r.record()
		}
	}
	if r.at == modelSend && (r.due() < 0 || !m.mayStart(s, i)) {
		r.at, r.bound = modelSettle, modelCommit
	}
	if r.at == modelSettle {
		if _, changed := m.settled(r, i); !changed {
			r.at = modelCollect
		}
	}
	if r.at == modelCollect && m.keep == 0 {
		r.at = modelDone
	}
	r.age = min(r.age, max(m.ttl[i], m.stale))
	r.elapsed = min(r.elapsed, m.ttl[i]+m.slow[i])
	r.spent = min(r.spent, m.stale)
	switch r.at {
	case modelIdle, modelDone, modelCollect:
		*r = modelRun{at: r.at}
		return
	case modelLoad:
		r.n, r.age, r.spent, r.free = 0, 0, 0, 0
		if r.then != modelSettle && r.then != modelPiece {
			r.doc = modelDoc{}
		}
	case modelPut:
		r.doc, r.free = modelDoc{}, 0
	case modelSend, modelSending, modelPiece, modelSettle:
		r.next, r.tries, r.free, r.stood, r.refused, r.then = modelDoc{}, 0, 0, 0, false, 0
	}
	if r.at == modelSettle || r.then == modelSettle {
		r.elapsed = 0
		for id := range r.mine { // nothing is sent any more
			if r.result[id] != accepted {
				r.mine[id] = 0
			}
		}
		if !r.unrecorded() || r.overran {
			r.bound = 0
		}
	}
	if m.stale == 0 && r.at != modelLook {
		r.age = 0
	}
	if r.at != modelGet && r.at != modelProbe {
		r.spent = 0
	}
	if r.at != modelLoad && r.at != modelLook && r.at != modelGet && r.at != modelProbe || !m.rules.lookFirst {
		r.view = 0
	}
}

// oldAge is when a generation is as old as it needs to be.
func (m *model) oldAge() uint8 {
	if m.keep == 0 {
		return 0
	}
	return max(m.keep, m.removalAge(0), m.removalAge(1), m.removalAge(2))
}

// first is the state that everything begins in.
func (m *model) first() modelState {
	s := modelState{left: m.faults, head: m.history}
	for g := range s.head {
		s.gens[g+1].there = true
	}
	if m.astray {
		s.rows = 1
		s.gens[s.head].doc = modelDoc{seen: 1, outbox: [modelIDs]modelDelivery{{rows: 1, owner: modelRuns + 2, left: modelForever}}}
	}
	return s
}

// modelOrigin is how a state was first reached: its n-th step from another.
type modelOrigin struct {
	from uint32
	nth  uint8
}

// explore visits every state, the nearest first, until one breaks an invariant. It
// returns how many it saw, and the shortest way to a broken one.
//
// States are remembered by a hash of 64 bits: of ten million, two are taken for one
// with a chance of about one in 400,000.
func (m *model) explore(invariants []modelInvariant) (states int, broken string, trace []string) {
	seed := maphash.MakeSeed()
	m.ends = map[modelEnd]string{}
	first := m.first()
	seen := map[uint64]struct{}{maphash.Comparable(seed, first): {}}
	origins := []modelOrigin{{}}
	level := []modelState{first}
	for base := uint32(0); len(level) > 0; base = uint32(len(origins) - len(level)) {
		var next []modelState
		for k := range level {
			nth := uint8(0)
			m.steps(&level[k], func(_ modelAct, s modelState) {
				if broken != "" {
					return
				}
				origin := modelOrigin{base + uint32(k), nth}
				nth++
				h := maphash.Comparable(seed, s)
				if _, ok := seen[h]; ok {
					return
				}
				seen[h] = struct{}{}
				origins = append(origins, origin)
				next = append(next, s)
				for _, inv := range invariants {
					if wrong := inv.holds(m, &next[len(next)-1]); wrong != "" {
						broken = wrong
						trace = m.trace(origins)
						return
					}
				}
			})
			if broken != "" {
				return len(origins), broken, trace
			}
		}
		level = next
	}
	return len(origins), "", nil
}

// trace is the way to the last state found.
func (m *model) trace(origins []modelOrigin) []string {
	var nths []uint8
	for at := uint32(len(origins) - 1); at > 0; at = origins[at].from {
		nths = append(nths, origins[at].nth)
	}
	s := m.first()
	var lines []string
	for j := len(nths) - 1; j >= 0; j-- {
		k := uint8(0)
		was := s
		m.steps(&was, func(act modelAct, n modelState) {
			if k == nths[j] {
				lines, s = append(lines, act.String()), n
			}
			k++
		})
	}
	return lines
}

// story notifies about a trace in few lines.
func (m *model) story(wrong string, trace []string) string {
	var b strings.Builder
	b.WriteString(wrong + ":")
	for i, slow := range m.slow {
		if slow > 0 {
			fmt.Fprintf(&b, "\n    run %c's clock loses %d tick", 'A'+i, slow)
		}
	}
	for i := 0; i < len(trace); {
		times := 1
		for i+times < len(trace) && trace[i+times] == trace[i] {
			times++
		}
		b.WriteString("\n    " + trace[i])
		if times > 1 {
			fmt.Fprintf(&b, " (%d times)", times)
		}
		i += times
	}
	return b.String()
}
