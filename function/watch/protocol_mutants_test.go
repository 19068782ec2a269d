package watch

import (
	"fmt"
	"testing"
	"time"
)

// TestProtocolHolds visits all that can happen to the protocol in worlds of two or
// three runs. Each run may start and be frozen at any time; the faults come on top.
func TestProtocolHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	worlds := []struct {
		name string
		long bool
		in   func(*model)
	}{
		{name: "an empty store", in: func(m *model) { m.history = 0 }},
		{name: "a slow clock", in: func(m *model) { m.slow[0] = 1 }},
		{name: "a death", in: func(m *model) { m.faults.crash = 1; m.slow[0] = 1 }},
		{name: "a put without answer", in: func(m *model) { m.faults.lostPut = 1 }},
		{name: "a put that lands late", in: func(m *model) { m.faults.latePut = 1 }},
		{name: "a POST without answer", in: func(m *model) { m.faults.lostPost = 1 }},
		{name: "a run frozen before its record", in: func(m *model) { m.faults.overrun = 1; m.slow[0] = 1 }},
		{name: "a death and lost answers, one row", in: func(m *model) { m.rows, m.faults = 1, modelFaults{crash: 1, lostPut: 1, lostPost: 1} }},
		{name: "three runs, one row, a death", in: func(m *model) { m.rows, m.runs, m.faults.crash = 1, 3, 1; m.tight() }},
		{name: "held rows", in: func(m *model) { m.runs, m.hold = 3, 1; m.tight() }},
		{name: "held rows, a death", in: func(m *model) { m.runs, m.hold, m.faults.crash = 3, 1, 1; m.tight() }},
		{name: "held rows, one is stuck", in: func(m *model) { m.rows, m.runs, m.hold, m.stuck, m.faults.crash = 1, 3, 1, true, 1; m.tight() }},
		{name: "a row for two sinks, one without room", in: func(m *model) { m.sinks, m.faults.full = true, 2; m.tight() }},
		{name: "a row for two sinks, one without room, a death", in: func(m *model) { m.sinks, m.faults.full, m.faults.crash = true, 1, 1; m.tight() }},
		{name: "a wall clock ahead", in: func(m *model) { m.ahead[1] = 3 }},
		{name: "a claim of a clock days ahead", in: func(m *model) { m.astray = true }},
		{name: "removal", in: func(m *model) { m.removal() }},
		{name: "removal, a load in steps", in: func(m *model) { m.removal(); m.step[0] = true }},

		{name: "held rows, a POST without answer", long: true, in: func(m *model) { m.runs, m.hold, m.faults.lostPost = 3, 1, 1; m.tight() }},
		{name: "held rows, a put without answer", long: true, in: func(m *model) { m.runs, m.hold, m.faults.lostPut = 3, 1, 1; m.tight() }},
		{name: "held rows, a death, one is stuck", long: true, in: func(m *model) { m.runs, m.hold, m.stuck, m.faults.crash = 3, 1, true, 1; m.tight() }},
		{name: "two deaths", long: true, in: func(m *model) { m.faults.crash = 2; m.slow[0] = 1 }},
		{name: "a death and puts without answer", long: true, in: func(m *model) { m.faults = modelFaults{crash: 1, lostPut: 2, latePut: 1} }},
		{name: "removal beside a long lease", long: true, in: func(m *model) { m.removal(); m.ttl[0] = 7 }},
		{name: "every fault once, one row", long: true, in: func(m *model) { m.rows = 1; m.faults = modelFaults{1, 1, 1, 1, 1, 0} }},
		{name: "every fault once", long: true, in: func(m *model) { m.faults = modelFaults{1, 1, 1, 1, 1, 0} }},
		{name: "every fault once, one row, the second clock slow", long: true, in: func(m *model) { m.rows, m.slow[1], m.faults = 1, 1, modelFaults{1, 1, 1, 1, 1, 0} }},
		{name: "three runs", long: true, in: func(m *model) { m.runs = 3; m.tight() }},
		{name: "three runs, one row, every fault of a store", long: true, in: func(m *model) {
			m.rows, m.runs, m.faults = 1, 3, modelFaults{crash: 1, lostPut: 1, latePut: 1}
			m.tight()
		}},
		{name: "removal, two rows", long: true, in: func(m *model) { m.removal(); m.rows = 2 }},
		{name: "removal beside a long lease, loads in steps", long: true, in: func(m *model) { m.removal(); m.ttl[0] = 7; m.step = [modelRuns + 1]bool{true, true} }},
		{name: "removal, a put that lands late", long: true, in: func(m *model) { m.removal(); m.faults.latePut = 1 }},
	}
	for _, w := range worlds {
		if w.long && !*long {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			m := newModel(w.in)
			began := time.Now()
			states, wrong, trace := m.explore(modelInvariants)
			if wrong != "" {
				t.Fatal(m.story(wrong, trace))
			}
			t.Logf("%d states in %v", states, time.Since(began).Round(time.Millisecond))
		})
	}
}

// TestProtocolMutants breaks the rules one by one. Each must break the promise named
// beside it, in a world where the protocol keeps it.
func TestProtocolMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	oneRow := func(m *model) { m.rows = 1 }
	tight := func(m *model) { m.rows = 1; m.tight() }
	slow := func(m *model) { m.rows, m.slow[0] = 1, 1 }
	lostPut := func(m *model) { m.rows, m.faults.lostPut = 1, 1 }
	removal := func(m *model) { m.removal() }
	twoSinks := func(m *model) { m.sinks, m.faults.full = true, 1; m.tight() }
	mutants := []struct {
		name   string
		in     func(*model)
		mutate func(*model)
		breaks modelInvariant
	}{
		{"deliver before commit", oneRow, func(m *model) { m.rules.sendFirst = true }, notifiedOnce},
		{"mark before send", oneRow, func(m *model) { m.rules.markFirst = true }, soloHeals},
		{"poll before load", oneRow, func(m *model) { m.rules.lookFirst = true }, oneHistory},
		{"no compare-and-swap", oneRow, func(m *model) { m.rules.noCompare = true }, notifiedOnce},
		{"no compare-and-swap", oneRow, func(m *model) { m.rules.noCompare = true }, oneHistory},
		{"key by task id only", func(*model) {}, func(m *model) { m.rules.keyByTask = true }, nothingLost},

		{"refusal taken for success", oneRow, func(m *model) { m.rules.refusalIsOurs = true }, notifiedOnce},
		{"own write taken for a loss", lostPut, func(m *model) { m.rules.ownIsLoss = true }, notifiedOnce},
		{"claims of others not minded", oneRow, func(m *model) { m.rules.claimHeld = true }, notifiedOnce},

		{"no deadline check", oneRow, func(m *model) { m.rules.noDeadline = true }, notifiedOnce},
		{"margin without the POST", tight, func(m *model) { m.margin.post = 0 }, notifiedOnce},
		{"margin without the commit", tight, func(m *model) { m.margin.commit = 0 }, notifiedOnce},
		{"margin without the skew", slow, func(m *model) { m.margin.skew = 0 }, notifiedOnce},
		{"margin without the tick", tight, func(m *model) { m.margin.tick = 0 }, notifiedOnce},
		{"lease counted from the commit", oneRow, func(m *model) { m.rules.leaseAtCommit = true }, oneSender},
		{"lease renewed by reading back", lostPut, func(m *model) { m.rules.leaseAtReadBack = true }, oneSender},

		{"lease renewed by a settled piece", func(m *model) { m.tight(); m.ttl = [modelRuns + 1]uint8{7, 7, 7, 7} }, func(m *model) { m.rules.leaseAtPiece = true }, oneSender},

		{"claims judged by the wall clock of the run", func(m *model) { m.rows, m.ahead[1] = 1, 3 }, func(m *model) { m.rules.ownClock = true }, notifiedOnce},
		{"a claim of a clock days ahead is minded", func(m *model) { m.rows, m.astray = 1, true }, func(m *model) { m.rules.mindForever = true }, soloHeals},

		{"a row remembered for a sink without room", twoSinks, func(m *model) { m.rules.rememberRow = true }, nothingLost},
		{"a row forgotten for the sinks that had room", twoSinks, func(m *model) { m.rules.forgetRow = true }, notifiedOnce},

		{"settling given up on a conflict", func(*model) {}, func(m *model) { m.rules.settleOnce = true }, soloHeals},
		{"settling frees what others hold", func(m *model) { m.rows, m.runs = 1, 3; m.tight() }, func(m *model) { m.rules.settleAll = true }, notifiedOnce},
		{"a piece gives back what is still to be sent", func(*model) {}, func(m *model) { m.rules.pieceReleases = true }, notifiedOnce},
		{"a piece that was not written counts", func(m *model) { m.faults.lostPut = 1 }, func(m *model) { m.rules.pieceSwallows = true }, notifiedOnce},
		{"failed deliveries dropped", func(m *model) { m.rows, m.faults.lostPost = 1, 1 }, func(m *model) { m.rules.dropFailed = true }, nothingLost},

		{"merged into a claimed delivery", func(m *model) { m.runs, m.hold = 3, 1; m.tight() }, func(m *model) { m.rules.mergeClaimed = true }, notifiedOnce},
		{"held rows lost at a death", func(m *model) { m.hold = 2; m.tight() }, func(m *model) { m.rules.holdInMemory = true }, nothingLost},
		{"a stuck row waited for", func(m *model) { m.rows, m.hold, m.stuck = 1, 2, true; m.tight() }, func(m *model) { m.rules.waitForever = true }, soloHeals},

		{"early removal", removal, func(m *model) { m.rules.earlyRemoval = true }, notifiedOnce},
		{"no second look before a late put", func(m *model) { m.removal(); m.ttl[0] = 7 }, func(m *model) { m.stale = 0 }, notifiedOnce},
		{"slow loads trusted", func(m *model) { m.removal(); m.ttl[0] = 7; m.step[0] = true }, func(m *model) { m.rules.trustSlowLoad = true }, notifiedOnce},
	}
	for _, mu := range mutants {
		t.Run(mu.name+"/"+mu.breaks.name, func(t *testing.T) {
			m := newModel(mu.in)
			mu.mutate(m)
			states, wrong, trace := m.explore([]modelInvariant{mu.breaks})
			if wrong == "" {
				t.Fatalf("none of %d states breaks %q: the model does not see this mutant", states, mu.breaks.name)
			}
			t.Logf("after %d states: %s", states, m.story(wrong, trace))
			sound := newModel(mu.in)
			if sound.ttl[0] > sound.ttl[1] && !*long {
				return // among the long worlds of TestProtocolHolds
			}
			if _, wrong, trace := sound.explore([]modelInvariant{mu.breaks}); wrong != "" {
				t.Errorf("without the mutation too: %s", sound.story(wrong, trace))
			}
		})
	}
}

// TestProtocolSlack names two rules that could be weaker: the model shows that no
// promise hangs on them alone.
func TestProtocolSlack(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	for _, w := range []struct {
		name string
		in   func(*model)
	}{
		{"claims that end TTL after the put, which is only later", func(m *model) { m.rows, m.rules.claimAtPut, m.faults.lostPut = 1, true, 1 }},
		{"no second look, where no lease outlives a generation", func(m *model) { m.removal(); m.stale = 0 }},
	} {
		t.Run(w.name, func(t *testing.T) {
			m := newModel(w.in)
			if _, wrong, trace := m.explore(modelInvariants); wrong != "" {
				t.Error(m.story(wrong, trace))
			}
		})
	}
}

// The same model is explored in the same order each time, so that a story can be notified
// again.
func TestProtocolExploresAlike(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	explore := func() string {
		m := newModel(func(m *model) { m.rows, m.faults.crash = 1, 1 })
		m.margin.commit = 0
		states, wrong, trace := m.explore([]modelInvariant{notifiedOnce})
		return fmt.Sprint(states, m.story(wrong, trace))
	}
	if a, b := explore(), explore(); a != b {
		t.Errorf("once %s\nthen %s", a, b)
	}
}

// newModel is the protocol with nothing to spare: one tick less in a margin, or one
// more of skew, breaks it.
func newModel(in func(*model)) *model {
	m := &model{rows: modelRows, runs: 2, history: 1, margin: modelMargin{post: modelPost, commit: modelCommit, skew: 1, tick: 1}}
	m.fit()
	in(m)
	return m
}

// tight leaves out the skew, where no clock is slow.
func (m *model) tight() {
	m.margin.skew = 0
	m.fit()
}

// fit gives the leases the time for one tick of other work.
func (m *model) fit() {
	m.rest = m.margin.sum() - m.margin.post
	for i := range m.ttl {
		m.ttl[i] = m.margin.sum() + 1
	}
}

// removal is a world of one row where generations are removed as soon as the code
// would: after TTL plus skew, and some time after documents count as stale.
func (m *model) removal() {
	m.rows = 1
	m.tight()
	m.keep, m.stale = m.ttl[0], m.ttl[0]/2
}
