package watch

// A model of the protocol that run.go, notifier and checkpoint follow together:
// small enough to visit every state it can come into, and in their words, so that
// the two can be read side by side. protocol_steps_test.go and protocol_store_test.go
// say what can happen; protocol_explore_test.go visits the states, and says what must
// hold in each; protocol_mutants_test.go breaks the rules one by one, which must be
// noticed; protocol_refine_test.go proves that the model's claim, settle and deadline
// rule are those of the code.
//
// Time is discrete, and kept as what is left or has passed, up to a bound beyond
// which nothing changes any more: so the model's clock needs no end.

const (
	modelRows = 2 // a and b: two object paths of one task id, or one path for two sinks
	modelIDs  = 3 // deliveries by what is in them: a, b, and c, which has both
	modelRuns = 3 // how many runs there can be; each has a life of its own, they overlap as they like
	modelSolo = modelRuns
	modelGens = 12

	// modelForever is what is left of a claim that a clock days ahead has dated: more than
	// any lease can reach, see notifier.isAhead.
	modelForever = 255
)

// model is one protocol in one world.
type model struct {
	rows    int                  // how many may finish
	runs    int                  // how many there are
	ttl     [modelRuns + 1]uint8 // Lease.TTL of each run
	slow    [modelRuns + 1]uint8 // how far a run's own clock falls behind during its lease
	margin  modelMargin          // what MayStart keeps free
	rest    uint8                // what is left of the lease when sends are cut off, at Lease.Work
	history uint8                // generations that are there at the beginning
	faults  modelFaults          // how many there may be of each
	step    [modelRuns + 1]bool  // a load is several requests, with time between them
	keep    uint8                // age at which Collect removes a generation; 0: nothing is removed
	stale   uint8                // age of a document from which Swap looks twice, and of a load from which it begins anew; 0: never
	ends    map[modelEnd]string  // what solo has found out
	hold    uint8                // how long finished rows wait for the other, see notifier.Hold; 0: not at all
	stuck   bool                 // a third row of the submission never finishes
	sinks   bool                 // a and b are one row for two sinks: they finish together
	ahead   [modelRuns + 1]uint8 // how far a run's wall clock is ahead of the store's
	astray  bool                 // a run whose clock was days ahead has claimed row a, and died
	rules   modelRules           // all false: the protocol; true: a mutant
}

// What things take, in ticks of the store's clock.
const (
	modelPost   = 1 // PostTimeout
	modelCommit = 1 // CommitBound
	modelTries  = 2 // commitTries
)

// modelMargin is what must fit between a send's start and the end of the claim.
type modelMargin struct{ post, commit, skew, tick uint8 }

func (m modelMargin) sum() uint8 { return m.post + m.commit + m.skew + m.tick }

// modelRules are the ways in which a mutant departs from the protocol.
type modelRules struct {
	sendFirst       bool // deliver before commit
	noDeadline      bool // MayStart says always yes
	refusalIsOurs   bool // a refused put counts as written
	ownIsLoss       bool // after doubt the head is not read for our own write
	markFirst       bool // committed as notified, then sent
	keyByTask       bool // the delivery's id leaves out the object path
	lookFirst       bool // poll before load
	noCompare       bool // a put replaces what is there
	claimAtPut      bool // claims end TTL after the put, not after the load
	leaseAtCommit   bool // the lease is measured from the answered commit
	leaseAtReadBack bool // the lease begins anew when the head is read back
	leaseAtPiece    bool // the lease begins anew when a piece is settled
	claimHeld       bool // other runs' claims are not minded
	ownClock        bool // other runs' claims end by the wall clock of the run that looks
	mindForever     bool // a claim is minded, however far ahead its end is
	settleOnce      bool // a settling that meets a newer generation is given up
	settleAll       bool // what was not delivered is freed, whoever holds it
	pieceReleases   bool // a settlement in pieces gives back what is still to be sent
	pieceSwallows   bool // a piece that could not be written counts as written
	dropFailed      bool // a delivery without an answer is taken for delivered
	rememberRow     bool // what one sink has no room for counts as notified, once another had room
	forgetRow       bool // what one sink has no room for is forgotten for the others, too
	trustSlowLoad   bool // a load may take any time
	earlyRemoval    bool // Collect removes all but the head and the first
	mergeClaimed    bool // rows are merged into a delivery that a run has claimed
	holdInMemory    bool // what is held is not in the document
	waitForever     bool // a row that is stuck is waited for
}

// modelFaults counts the faults that may still happen.
type modelFaults struct {
	crash    uint8 // a run ends between two steps, or in one
	lostPut  uint8 // a put whose answer is lost; it landed or not
	latePut  uint8 // a put whose answer is lost; it lands any time later, or never
	lostPost uint8 // a POST whose answer is lost; it was accepted or not
	overrun  uint8 // a run is frozen between a POST and its record
	full     uint8 // no fault of the protocol: a poll finds no room for the second sink
}

// modelState is everything: the world, the store, the runs, and what the proof
// keeps count of.
type modelState struct {
	rows uint8 // the API lists these as finished
	head uint8 // the newest generation
	gens [modelGens]modelGen
	run  [modelRuns + 1]modelRun
	late modelLate
	left modelFaults

	notified [modelRows]uint8 // how often the sink accepted each row
	charged  [modelRows]uint8 // faults that excuse notification it once more
	forked   bool             // a generation was written twice
	setBack  bool             // a generation forgot what the one before had seen
}

// modelGen is one generation in the store.
type modelGen struct {
	there bool
	age   uint8
	doc   modelDoc
}

// modelLate is a put under way to the store, whose writer has given up on it.
type modelLate struct {
	there bool
	to    uint8
	doc   modelDoc
}

// modelDoc is a Document: who wrote it, the poll state, the outbox by id.
type modelDoc struct {
	commit uint8
	seen   uint8 // the poll state: the answer it stands on, replaced whole
	outbox [modelIDs]modelDelivery
}

// modelDelivery is one notifier.Delivery; without rows there is none.
type modelDelivery struct {
	rows  uint8
	owner uint8 // the run that may send it, plus one
	left  uint8 // until the claim ends
	held  bool  // HeldUntil is set: it waits for other rows, and was never claimed
	wait  uint8 // until HeldUntil
}

// modelRun is a run: its fields are those of type run and of the locals of tick.
type modelRun struct {
	at   modelStep
	then modelStep // where a load leads to
	n    uint8     // head.Generation
	doc  modelDoc

	age     uint8 // since head.Now
	elapsed uint8 // since lease.Asked
	spent   uint8 // since a load of several requests began
	free    uint8 // what Claim may take: judged by head.Now
	view    uint8 // what the poll saw
	next    modelDoc
	stood   uint8 // the generation the last put was based on
	refused bool  // the last put was refused, not just unanswered
	tries   uint8

	mine    [modelIDs]uint8 // the rows of each delivery that it has claimed and may still send
	sending uint8           // id of the POST under way
	result  [modelIDs]modelResult
	bound   uint8 // time left for the POST, or for settling
	overran bool
}

type modelResult uint8

const (
	untried modelResult = iota
	accepted
	unanswered
)

// modelStep is where a run stands.
type modelStep uint8

const (
	modelIdle    modelStep = iota // not started
	modelLoad                     // load: about to list
	modelGet                      // load: about to read the newest one listed
	modelProbe                    // load: about to ask for the next one
	modelLook                     // about to poll, diff and claim
	modelPut                      // commit: about to put
	modelTwice                    // Swap: created, about to list for newer ones
	modelSend                     // Deliver: about to ask MayStart for the next one
	modelSending                  // a POST is under way
	modelPiece                    // settle, while others are under way: about to put
	modelSettle                   // settle: about to put
	modelCollect                  // about to remove old generations
	modelDone
)

// create writes a generation.
func (s *modelState) create(n uint8, doc modelDoc) {
	if n >= modelGens {
		panic("the model has too few generations")
	}
	s.forked = s.forked || s.gens[n].there
	if n == s.head+1 || n == s.head {
		s.setBack = s.setBack || s.gens[n-1].doc.seen&^doc.seen != 0
	}
	s.head = max(s.head, n)
	s.gens[n] = modelGen{there: true, doc: doc}
}

// exists reports whether a put of generation n would be refused.
func (s *modelState) exists(n uint8) bool { return s.gens[n].there }

// look is poll + claim: the next document, and whether it is worth writing. Claims
// end TTL after head.Now. Rows without room are held back: their sinks' bits stay unset.
func (m *model) look(r *modelRun, i int, full uint8) (next modelDoc, changed bool) {
	next = r.doc
	next.commit = uint8(i) + 1
	held := full & r.view &^ r.doc.seen
	next.seen = r.view &^ held
	switch {
	case held != 0 && m.rules.rememberRow:
		next.seen = r.view
	case held != 0 && m.rules.forgetRow:
		next.seen = r.doc.seen
	}
	free := r.free
	if m.hold > 0 {
		next = m.regroup(next, r.view&^r.doc.seen, m.stuck || r.view != 1<<m.rows-1)
		free |= next.released(r.doc)
		next, claimed := next.claim(uint8(i)+1, free, m.ttl[i]-min(r.age, m.ttl[i]))
		return next, claimed || next.seen != r.doc.seen
	}
	for row := range uint8(modelRows) {
		id := row
		if m.rules.keyByTask {
			id = 0
		}
		if (r.view&^r.doc.seen&^held)&(1<<row) != 0 && next.outbox[id].rows == 0 { // Outbox.Add
			next.outbox[id] = modelDelivery{rows: 1 << row}
			free |= 1 << id
		}
	}
	next, claimed := next.claim(uint8(i)+1, free, m.ttl[i]-min(r.age, m.ttl[i]))
	return next, claimed || next.seen != r.doc.seen
}

// regroup is Outbox.Regroup: what is held and what is new, in one delivery. It is held
// while other rows are in flight and time is left since the first was seen finished.
func (m *model) regroup(d modelDoc, rows uint8, inFlight bool) modelDoc {
	wait := m.hold
	for id, item := range d.outbox {
		if item.held || m.rules.mergeClaimed && item.rows != 0 {
			rows |= item.rows
			wait = min(wait, item.wait)
			d.outbox[id] = modelDelivery{}
		}
	}
	if rows == 0 {
		return d
	}
	if m.rules.waitForever {
		wait = m.hold
	}
	item := modelDelivery{rows: rows}
	if inFlight && wait > 0 {
		item.held, item.wait = true, wait
	}
	if !m.rules.holdInMemory || !item.held {
		d.outbox[rows-1] = item
	}
	return d
}

// released are the deliveries that a regrouping of the document has made claimable.
func (d modelDoc) released(before modelDoc) (free uint8) {
	for id, item := range d.outbox {
		if item.rows != 0 && item.owner == 0 && !item.held && (before.outbox[id].rows == 0 || before.outbox[id].held) {
			free |= 1 << id
		}
	}
	return free
}

// claimable is what Outbox.Claim would take when so much time has passed; zero is now.
func (d modelDoc) claimable(passed uint8) (free uint8) {
	for id, item := range d.outbox {
		if item.rows != 0 && (item.owner == 0 || item.left <= passed || item.left == modelForever) && item.wait == 0 {
			free |= 1 << id
		}
	}
	return free
}

// astray are the deliveries that a clock days ahead has claimed.
func (d modelDoc) astray() (ids uint8) {
	for id, item := range d.outbox {
		if item.left == modelForever {
			ids |= 1 << id
		}
	}
	return ids
}

// claim is Outbox.Claim, of what was free.
func (d modelDoc) claim(owner, free, left uint8) (_ modelDoc, claimed bool) {
	for id := range d.outbox {
		if item := &d.outbox[id]; item.rows != 0 && item.wait == 0 && free&(1<<id) != 0 {
			item.owner, item.left, item.held, item.wait = owner, left, false, 0
			claimed = true
		}
	}
	return d, claimed
}

// holds reports whether any claim is the owner's: len(Outbox.Claimed(owner)) > 0.
func (d modelDoc) holds(owner uint8) bool {
	for _, item := range d.outbox {
		if item.rows != 0 && item.owner == owner {
			return true
		}
	}
	return false
}

// settle is Outbox.Settle. A sink of the model refuses nothing, so nothing dies, and
// pauses between runs are left out: they only take choices away.
func (d modelDoc) settle(owner uint8, result [modelIDs]modelResult) (_ modelDoc, changed bool) {
	for id := range d.outbox {
		item := &d.outbox[id]
		switch {
		case item.rows == 0:
		case result[id] == accepted:
			*item = modelDelivery{}
			changed = true
		case result[id] == unanswered && item.owner == owner:
			item.owner, item.left = 0, 0
			changed = true
		}
	}
	return d, changed
}

// release is Outbox.Release.
func (d modelDoc) release(owner uint8) (_ modelDoc, changed bool) {
	for id := range d.outbox {
		if item := &d.outbox[id]; item.rows != 0 && item.owner == owner {
			item.owner, item.left = 0, 0
			changed = true
		}
	}
	return d, changed
}

// mayStart is Lease.MayStart: what has passed is as the run's own clock shows it.
func (m *model) mayStart(s *modelState, i int) bool {
	return m.rules.noDeadline || m.measured(s, i)+m.margin.sum() <= m.ttl[i]
}

func (m *model) measured(s *modelState, i int) uint8 {
	e := s.run[i].elapsed
	return e - min(e, m.slow[i])
}

// take is what Deliver is given: the deliveries that the run has claimed. They are its
// own copies, whatever becomes of the document.
func (r *modelRun) take(i int) {
	for id, item := range r.doc.outbox {
		if item.owner == uint8(i)+1 {
			r.mine[id] = item.rows
		}
	}
}

// due is the delivery that Deliver would take up next; -1 for none.
func (r *modelRun) due() int {
	for id, rows := range r.mine {
		if rows != 0 && r.result[id] == untried {
			return id
		}
	}
	return -1
}

// record forgets what the store knows now.
func (r *modelRun) record() {
	for id := range r.result {
		if r.result[id] == accepted {
			r.result[id], r.mine[id] = untried, 0
		}
	}
}

// unrecorded reports whether the sink has something of the run that the store does
// not know yet.
func (r *modelRun) unrecorded() bool {
	for _, res := range r.result {
		if res == accepted {
			return true
		}
	}
	return r.at == modelSending
}
