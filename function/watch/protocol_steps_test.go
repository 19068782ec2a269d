package watch

// What can happen next in the model: each case is one line of tick, commit, settle,
// Deliver, Load or Swap, or something the world does.

import "fmt"

// modelAct says what happened.
type modelAct struct {
	run  int // -1: the world
	what string
	n    int // a generation or a delivery; -1: none
}

func (a modelAct) String() string {
	text := a.what
	if a.n >= 0 {
		text = fmt.Sprintf(a.what, a.n)
	}
	if a.run < 0 {
		return text
	}
	return fmt.Sprintf("run %c: %s", 'A'+a.run, text)
}

type modelEmit func(modelAct, modelState)

// steps emits all that can happen in s.
func (m *model) steps(s *modelState, emit modelEmit) {
	for row := range m.rows {
		if s.rows&(1<<row) == 0 {
			n := *s
			n.rows |= 1 << row
			if m.sinks {
				n.rows = 1<<m.rows - 1
			}
			emit(modelAct{-1, "row %c finishes", 'a' + row}, m.tidy(n))
		}
	}
	if s.late.there {
		n := *s
		n.create(s.late.to, s.late.doc)
		n.late = modelLate{}
		emit(modelAct{-1, "the late put creates generation %d", int(s.late.to)}, m.tidy(n))
	}
	if m.timePasses(s) {
		n := *s
		m.tick(&n)
		emit(modelAct{-1, "time passes", -1}, m.tidy(n))
	}
	for i := range m.runs {
		m.runSteps(s, i, emit)
		m.runFaults(s, i, emit)
	}
}

// timePasses reports whether no run has to do something first. A run may be frozen
// anywhere, save that a POST and its record take no longer than they are given: more
// is an overrun, which is a fault.
func (m *model) timePasses(s *modelState) bool {
	for i := range m.runs {
		r := &s.run[i]
		if !r.unrecorded() || r.overran {
			continue
		}
		if r.at == modelSend { // a pause between sends ends with Lease.Work
			if m.measured(s, i) >= m.ttl[i]-m.rest {
				return false
			}
		} else if r.bound == 0 {
			return false
		}
	}
	return true
}

func (m *model) tick(s *modelState) {
	for g := range s.gens {
		if s.gens[g].there {
			s.gens[g].age++
			s.gens[g].doc.tick()
		}
	}
	s.late.doc.tick()
	for i := range s.run {
		r := &s.run[i]
		if r.at == modelIdle || r.at == modelDone {
			continue
		}
		r.age, r.elapsed, r.spent = r.age+1, r.elapsed+1, r.spent+1
		r.bound -= min(r.bound, 1)
		r.doc.tick()
		r.next.tick()
	}
}

func (d *modelDoc) tick() {
	for id := range d.outbox {
		if d.outbox[id].left != modelForever {
			d.outbox[id].left -= min(d.outbox[id].left, 1)
		}
		d.outbox[id].wait -= min(d.outbox[id].wait, 1)
	}
}

// runFaults emits the faults of a run, whatever it is about.
func (m *model) runFaults(s *modelState, i int, emit modelEmit) {
	r := &s.run[i]
	if r.at == modelIdle || r.at == modelDone {
		return
	}
	if s.left.crash > 0 {
		n := *s
		n.left.crash--
		n.charge(i)
		n.run[i] = modelRun{at: modelDone}
		emit(modelAct{i, "dies", -1}, m.tidy(n))
	}
	if s.left.overrun > 0 && r.unrecorded() && !r.overran {
		n := *s
		n.left.overrun--
		n.charge(i)
		n.run[i].overran = true
		emit(modelAct{i, "freezes between a POST and its record", -1}, m.tidy(n))
	}
}

// charge excuses one more notification of what the run has sent, or is sending, and the
// store does not know yet.
func (s *modelState) charge(i int) {
	r := &s.run[i]
	unknown := s.gens[s.head].doc.waiting()
	for id, res := range r.result {
		if !r.overran && (res == accepted || r.at == modelSending && int(r.sending) == id) {
			s.excuse(r.mine[id] & unknown)
		}
	}
}

func (s *modelState) excuse(rows uint8) {
	for row := range modelRows {
		s.charged[row] += rows >> row & 1
	}
}

func (s *modelState) notify(rows uint8) {
	for row := range modelRows {
		s.notified[row] += rows >> row & 1
	}
}

// runSteps emits what the run itself can do next.
func (m *model) runSteps(s *modelState, i int, emit modelEmit) {
	switch s.run[i].at {
	case modelIdle:
		if 0 < i && i < m.runs && s.run[i-1].at == modelIdle && m.slow == [modelRuns + 1]uint8{} && m.ahead == m.slow && m.ttl[i] == m.ttl[i-1] {
			return // equal runs are named in the order of their start
		}
		n := *s
		n.run[i] = modelRun{at: modelLoad, then: modelLook}
		if m.rules.lookFirst {
			n.run[i].view = s.rows
			emit(modelAct{i, "polls, before it has loaded anything", -1}, m.tidy(n))
			return
		}
		m.load(&n, i, emit)
	case modelLoad, modelGet, modelProbe:
		m.load(s, i, emit)
	case modelLook:
		m.poll(s, i, emit)
	case modelPut:
		m.commit(s, i, emit)
	case modelTwice:
		m.lookTwice(s, i, emit)
	case modelSend:
		m.send(s, i, emit)
	case modelSending:
		m.answer(s, i, emit)
	case modelPiece:
		m.piece(s, i, emit)
	case modelSettle:
		m.settle(s, i, emit)
	case modelCollect:
		m.collect(s, i, emit)
	}
}

// poll is the look function and claim. The second sink may have no room.
func (m *model) poll(s *modelState, i int, emit modelEmit) {
	m.polled(*s, i, 0, emit)
	if s.left.full > 0 {
		n := *s
		n.left.full--
		m.polled(n, i, 1<<1, emit)
	}
}

func (m *model) polled(n modelState, i int, full uint8, emit modelEmit) {
	r := &n.run[i]
	if !m.rules.lookFirst {
		r.view = n.rows
	}
	next, changed := m.look(r, i, full)
	act := modelAct{i, "polls and claims", -1}
	if full != 0 {
		act.what = "polls and claims, without room for b"
	}
	switch {
	case !changed:
		act.what = "polls: nothing new"
		r.at = modelSend // what it holds already: nothing, or what an earlier try claimed
		r.take(i)
	case m.rules.sendFirst:
		r.doc, r.at = next, modelSend
		r.take(i)
	default:
		r.next, r.at = next, modelPut
	}
	emit(act, m.tidy(n))
}

// commit is swap #1, with what run.commit makes of its answer.
func (m *model) commit(s *modelState, i int, emit modelEmit) {
	r := &s.run[i]
	doc := r.next
	if m.rules.markFirst {
		doc, _ = doc.settle(uint8(i)+1, [modelIDs]modelResult{accepted, accepted, accepted})
	}
	if m.rules.claimAtPut {
		for id := range doc.outbox {
			if doc.outbox[id].owner == uint8(i)+1 {
				doc.outbox[id].left = m.ttl[i]
			}
		}
	}
	m.put(s, i, "commit", doc, modelPut, emit)
}

// piece is a swap between sends: what was accepted so far is recorded. It may be put
// off, and what it would have recorded is recorded later.
func (m *model) piece(s *modelState, i int, emit modelEmit) {
	doc, _ := m.recorded(&s.run[i], i)
	m.put(s, i, "piece", doc, modelPiece, emit)
	n := *s
	n.run[i].at = modelSend
	emit(modelAct{i, "puts the piece off", -1}, m.tidy(n))
}

func (m *model) recorded(r *modelRun, i int) (doc modelDoc, changed bool) {
	doc, changed = r.doc.settle(uint8(i)+1, r.result)
	if m.rules.pieceReleases {
		doc, _ = doc.release(uint8(i) + 1)
	}
	doc.commit = uint8(i) + 1
	return doc, changed
}

// settle is the last swap.
func (m *model) settle(s *modelState, i int, emit modelEmit) {
	doc, _ := m.settled(&s.run[i], i)
	m.put(s, i, "settle", doc, modelSettle, emit)
}

func (m *model) settled(r *modelRun, i int) (doc modelDoc, changed bool) {
	result := r.result
	for id := range result {
		if m.rules.dropFailed && result[id] == unanswered {
			result[id] = accepted
		}
	}
	doc, changed = r.doc.settle(uint8(i)+1, result)
	doc, released := doc.release(uint8(i) + 1)
	changed = changed || released
	if m.rules.settleAll {
		for id := range doc.outbox {
			changed = changed || doc.outbox[id].owner != 0
			doc.outbox[id].owner, doc.outbox[id].left = 0, 0
		}
	}
	doc.commit = uint8(i) + 1
	return doc, changed
}

// answered is what a run makes of a put's answer.
func (m *model) answered(n *modelState, i int, then modelStep, ok, refused bool) {
	r := &n.run[i]
	ok = ok || refused && m.rules.refusalIsOurs
	switch {
	case then == modelSettle && (ok || refused && m.rules.settleOnce):
		r.at = modelCollect
	case then == modelPiece && (ok || m.rules.pieceSwallows):
		r.doc, _ = m.recorded(r, i)
		r.n, r.age, r.at = r.n+1, 0, modelSend
		r.record()
		if m.rules.leaseAtPiece {
			r.elapsed = 0
		}
	case ok:
		r.doc, r.next = r.next, modelDoc{}
		r.n, r.age = r.n+1, 0
		r.at = modelSend
		r.take(i)
		if m.rules.leaseAtCommit {
			r.elapsed = 0
		}
	default:
		r.at, r.then, r.stood, r.refused = modelLoad, then, r.n, refused
	}
}

// send starts the next POST. Those that may not start are left out by tidy.
func (m *model) send(s *modelState, i int, emit modelEmit) {
	n := *s
	r := &n.run[i]
	id := r.due()
	r.at, r.sending, r.bound = modelSending, uint8(id), modelPost
	if r.overran {
		n.excuse(r.mine[id])
	}
	emit(modelAct{i, "starts to POST delivery %c", 'a' + id}, m.tidy(n))
	if _, changed := m.recorded(&s.run[i], i); changed {
		n := *s
		n.run[i].at, n.run[i].bound = modelPiece, modelCommit
		emit(modelAct{i, "begins to record what was accepted so far", -1}, m.tidy(n))
	}
}

// answer ends a POST. A delivery without an answer is tried again at once, or left to
// a later run with all that follow.
func (m *model) answer(s *modelState, i int, emit modelEmit) {
	id := int(s.run[i].sending)
	rows := s.run[i].mine[id]
	end := func(what string, at modelStep, res modelResult, notified, lost bool) {
		n := *s
		r := &n.run[i]
		r.at, r.result[id], r.sending, r.bound = at, res, 0, modelCommit
		if notified {
			n.notify(rows)
		}
		if lost {
			n.left.lostPost--
			if notified {
				n.excuse(rows)
			}
		}
		emit(modelAct{i, what, 'a' + id}, m.tidy(n))
	}
	end("delivery %c is accepted", modelSend, accepted, true, false)
	if s.left.lostPost > 0 {
		end("delivery %c is accepted, the answer is lost, tries again", modelSend, untried, true, true)
		end("delivery %c is accepted, the answer is lost, gives up", modelSettle, unanswered, true, true)
		end("delivery %c fails without an answer, tries again", modelSend, untried, false, true)
		end("delivery %c fails without an answer, gives up", modelSettle, unanswered, false, true)
	}
	if s.left.crash > 0 { // dies after the sink has it; runFaults has the death before
		n := *s
		n.left.crash--
		n.notify(rows)
		n.charge(i)
		n.run[i] = modelRun{at: modelDone}
		emit(modelAct{i, "delivery %c is accepted, the run dies", 'a' + id}, m.tidy(n))
	}
}
