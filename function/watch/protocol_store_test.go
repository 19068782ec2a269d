package watch

// The store's half of the model: Load, Swap and Collect, and what becomes of them.

// load is run.load and generations.Load. A load that begins anew begins its lease anew
// here; in the code the lease is older, which is stricter.
func (m *model) load(s *modelState, i int, emit modelEmit) {
	n := *s
	r := &n.run[i]
	if r.at == modelLoad {
		if r.then == modelLook || r.then == modelPut && m.rules.leaseAtReadBack {
			r.elapsed = 0
		}
		r.n, r.spent = n.head, 0
		if m.step[i] {
			r.at = modelGet
			emit(modelAct{i, "load: lists up to generation %d", int(r.n)}, m.tidy(n))
			return
		}
		r.doc, r.age = n.gens[r.n].doc, 0
		m.loaded(n, i, emit)
		return
	}
	if r.at == modelGet {
		if r.n > 0 && !n.gens[r.n].there { // errAbsentNow
			if r.then == modelSettle || r.then == modelPiece {
				r.at = modelLoad
			} else {
				r.at = modelDone
			}
			emit(modelAct{i, "load: generation %d is gone", int(r.n)}, m.tidy(n))
			return
		}
		r.doc, r.at = n.gens[r.n].doc, modelProbe
		emit(modelAct{i, "load: reads generation %d", int(r.n)}, m.tidy(n))
		return
	}
	if n.gens[r.n+1].there {
		r.n++
		r.doc = n.gens[r.n].doc
		emit(modelAct{i, "load: reads generation %d", int(r.n)}, m.tidy(n))
		return
	}
	if m.stale > 0 && r.spent >= m.stale && !m.rules.trustSlowLoad {
		r.at = modelLoad
		emit(modelAct{i, "load: took too long, begins anew", -1}, m.tidy(n))
		return
	}
	r.age = 0
	m.loaded(n, i, emit)
}

// loaded goes on where the head was wanted.
func (m *model) loaded(n modelState, i int, emit modelEmit) {
	r := &n.run[i]
	act := modelAct{i, "loads generation %d", int(r.n)}
	switch r.then {
	case modelLook:
		r.free = r.doc.claimable(0)
		switch {
		case m.rules.claimHeld:
			r.free = 1<<modelIDs - 1
		case m.rules.ownClock:
			r.free = r.doc.claimable(m.ahead[i])
		case m.rules.mindForever:
			r.free &^= r.doc.astray()
		}
		r.at = modelLook
	case modelSettle:
		act.what = "settle: reads back generation %d"
		r.at = modelSettle
	case modelPiece:
		act.what = "piece: reads back generation %d"
		r.at = modelPiece
	case modelPut:
		ours := r.doc.commit == uint8(i)+1 || r.doc.holds(uint8(i)+1)
		switch {
		case ours && !m.rules.ownIsLoss:
			act.what = "commit: reads back generation %d: its write landed"
			r.at, r.next = modelSend, modelDoc{}
			r.take(i)
		case r.n != r.stood || r.refused:
			act.what = "commit: reads back generation %d: lost to it"
			r.tries++
			*r = modelRun{at: modelLoad, then: modelLook, tries: r.tries, view: n.rows}
			if r.tries == modelTries {
				r.at = modelDone
			}
		default:
			act.what = "commit: reads back generation %d: nothing was written"
			r.at = modelPut
		}
	}
	emit(act, m.tidy(n))
}

// put is Store.Swap, and all that can become of it. then says whose put it is.
func (m *model) put(s *modelState, i int, name string, doc modelDoc, then modelStep, emit modelEmit) {
	to := s.run[i].n + 1
	act := func(what string) modelAct { return modelAct{i, name + what, int(to)} }
	if s.exists(to) && !m.rules.noCompare {
		n := *s
		m.answered(&n, i, then, false, true)
		emit(act(": generation %d exists, refused"), m.tidy(n))
	} else {
		n := *s
		n.create(to, doc)
		r := &n.run[i]
		if m.stale > 0 && r.age >= m.stale {
			r.at, r.then = modelTwice, then
		} else {
			m.answered(&n, i, then, true, false)
		}
		emit(act(": creates generation %d"), m.tidy(n))
		if s.left.lostPut > 0 {
			n := *s
			n.left.lostPut--
			n.create(to, doc)
			m.answered(&n, i, then, false, false)
			emit(act(": creates generation %d, the answer is lost"), m.tidy(n))
		}
		if s.left.latePut > 0 && !s.late.there {
			n := *s
			n.left.latePut--
			n.late = modelLate{true, to, doc}
			m.answered(&n, i, then, false, false)
			emit(act(": the put of generation %d is delayed, no answer"), m.tidy(n))
		}
	}
	if s.left.lostPut > 0 {
		n := *s
		n.left.lostPut--
		m.answered(&n, i, then, false, false)
		emit(act(": the put of generation %d does nothing, no answer"), m.tidy(n))
	}
}

// lookTwice is refuseOvertaken.
func (m *model) lookTwice(s *modelState, i int, emit modelEmit) {
	n := *s
	r := &n.run[i]
	overtaken := n.head > r.n+1
	act := modelAct{i, "finds generation %d in place", int(r.n) + 1}
	if overtaken {
		act.what = "finds that generation %d is in a gap: refused"
	}
	m.answered(&n, i, r.then, !overtaken, overtaken)
	emit(act, m.tidy(n))
}

// collect removes old generations, oldest first, never the first or the head.
func (m *model) collect(s *modelState, i int, emit modelEmit) {
	n := *s
	age := m.removalAge(i)
	removed := 0
	for g := 2; g < int(n.head); g++ {
		if n.gens[g].there && n.gens[g].age >= age {
			n.gens[g] = modelGen{}
			removed++
		}
	}
	n.run[i].at = modelDone
	emit(modelAct{i, "removes %d old generations", removed}, m.tidy(n))
}

// removalAge is the age that run.collect asks for, and Collect grants.
func (m *model) removalAge(i int) uint8 {
	if m.rules.earlyRemoval {
		return 0
	}
	return max(m.keep, m.ttl[i]+m.margin.skew)
}
