package poller

import (
	"slices"
	"time"
)

// memory is the state's rows while a run changes them. The state that came in is not
// modified.
type memory struct {
	state    State
	now      time.Time
	clock    time.Time      // confirmed by somebody else, or now
	flightAt map[Key]int    // in state.InFlight
	recordAt map[uint64]int // of the rows at hand, in state.Finished
	closed   map[int]bool   // of the rows in flight
	moved    map[int]bool   // of the finished rows: remembered under another creation time
	added    []Record
	inFlight int  // bytes of the rows in flight
	owned    bool // state.Finished is no longer shared
	changed  bool
}

func newMemory(s State, now, clock time.Time, tasks []Task) *memory {
	m := &memory{state: s, now: now, clock: clock, closed: map[int]bool{}, moved: map[int]bool{}}
	m.state.InFlight = slices.Clone(s.InFlight)
	m.flightAt = make(map[Key]int, len(s.InFlight))
	for i := range s.InFlight {
		m.flightAt[s.InFlight[i].Key] = i
	}
	m.inFlight = bytesInFlight(s.InFlight)
	m.locate(tasks)
	return m
}

// locate finds the rows at hand among the finished ones.
func (m *memory) locate(tasks []Task) {
	wanted, quick := make(map[uint64]bool, len(tasks)), new([1 << 16]bool)
	for _, t := range tasks {
		hash := t.Hash()
		wanted[hash], quick[uint16(hash)] = true, true
	}
	m.recordAt = make(map[uint64]int, len(tasks))
	for i := range m.state.Finished {
		// Nearly all of a million rows are not wanted: a look at 16 bits spares the map.
		if hash := m.state.Finished[i].Hash; quick[uint16(hash)] && wanted[hash] {
			m.recordAt[hash] = i
		}
	}
}

// date is what a finished row is remembered under. A time that is about to be forgotten
// would be: a row that is still listed then must not be taken for a new one.
func (m *memory) date(t Task) (created uint32, flag Code) {
	if t.Created.IsZero() || t.Created.Before(m.clock.Add(-longListed)) || t.Created.After(m.now.Add(time.Hour)) {
		return unixSeconds(m.clock), codeUndated
	}
	return unixSeconds(t.Created), 0
}

// The API lists rows for 72 hours, and they are remembered for 24 hours more. One that
// is still listed after 90 counts as one without a creation time.
const (
	remembered = 96 * time.Hour
	longListed = 90 * time.Hour
	redate     = 24 * time.Hour
)

// add remembers a finished row.
func (m *memory) add(t Task, status Code, sinks Sinks) {
	created, undated := m.date(t)
	m.added = append(m.added, Record{t.Hash(), created, sinks, status | undated})
	m.changed = true
}

// set changes what is remembered of a finished row.
func (m *memory) set(i int, code Code, sinks Sinks) {
	if r := m.state.Finished[i]; r.Code == code && r.Sinks == sinks {
		return
	}
	m.own()
	m.state.Finished[i].Code, m.state.Finished[i].Sinks = code, sinks
	m.changed = true
}

// own copies the finished rows before the first of them changes.
func (m *memory) own() {
	if !m.owned {
		m.state.Finished, m.owned = slices.Clone(m.state.Finished), true
	}
}

// relist notes that a finished row is listed under another creation time than the one
// it is remembered by, or is still listed long after.
func (m *memory) relist(i int, t Task) {
	r := m.state.Finished[i]
	created, undated := m.date(t)
	switch {
	case m.moved[i] || undated == 0 && r.Code&codeUndated == 0 && r.Created == created:
		return
	case undated != 0 && r.Code&codeUndated != 0 && time.Duration(int64(created)-int64(r.Created))*time.Second < redate:
		return
	}
	m.moved[i] = true
	r.Created, r.Code = created, r.Code&^codeUndated|undated
	m.added = append(m.added, r)
	m.changed = true
}

// fly remembers a row in flight.
func (m *memory) fly(t Task) {
	m.inFlight += flightBytes(t)
	m.flightAt[t.Key] = len(m.state.InFlight)
	m.state.InFlight = append(m.state.InFlight, InFlight{Task: t, FirstSeen: m.now, Seen: m.now, Asked: m.now})
	m.changed = true
}

// land moves a row from those in flight to the finished ones.
func (m *memory) land(i int, t Task, code Code, sinks Sinks) {
	m.closed[i] = true
	m.inFlight -= flightBytes(m.state.InFlight[i].Task)
	m.add(t, code, sinks)
}

// result is the state with all changes; old rows are forgotten if forget is set.
func (m *memory) result(forget bool) State {
	s := m.state
	s.InFlight = nil
	for i := range m.state.InFlight {
		if !m.closed[i] {
			s.InFlight = append(s.InFlight, m.state.InFlight[i])
		}
	}
	if len(m.moved) > 0 {
		kept := make(Records, 0, len(s.Finished))
		for i, r := range s.Finished {
			if !m.moved[i] {
				kept = append(kept, r)
			}
		}
		s.Finished = kept
	}
	if len(m.added) > 0 {
		s.Finished = s.Finished.with(m.added)
	}
	if forget {
		s.Finished = s.Finished.since(m.clock.Add(-remembered))
	}
	return s
}
