package poller

import (
	"encoding/json"
	"time"
)

// State is what a poll remembers for the next one. Everything but Finished is plain
// JSON; Finished travels apart, see [Records.AppendBinary].
type State struct {
	// Began is when the first poll was answered; zero: FIRST_RUN still applies.
	Began time.Time `json:"began,omitzero"`
	// Baseline is set until the first window is whole: a row created before it and
	// first listed finished is history.
	Baseline time.Time `json:"baseline,omitzero"`
	// Origin is the oldest creation time the first poll asked for: nothing before it
	// is ever asked, or a later run that reaches further back would take history for new.
	Origin time.Time `json:"origin,omitzero"`
	// Settled is up to when every creation time was either read in full or reported
	// as a gap.
	Settled time.Time `json:"settled,omitzero"`
	// Scanned are the creation times that were read in full, oldest first and apart.
	Scanned []Span `json:"scanned,omitempty"`
	// Windows are the ones under way: read in part, or not proven.
	Windows []Window `json:"windows,omitempty"`
	// Rescanned is up to when old rows were read again, see [Limits.Calm].
	Rescanned time.Time `json:"rescanned,omitzero"`
	// Owed is where rows lie that some sinks had no room for.
	Owed Owed `json:"owed,omitzero"`
	// Stuck is how many runs in a row had work and made no progress.
	Stuck int `json:"stuck,omitempty"`
	// InFlight are the rows that have not finished, watched or not.
	InFlight []InFlight `json:"in_flight,omitempty"`
	// Finished are the rows that have.
	Finished Records `json:"-"`
}

// InFlight is a row that has not finished, and how it is followed.
type InFlight struct {
	Task
	FirstSeen time.Time `json:"first_seen"`        // by us, UTC
	Seen      time.Time `json:"seen,omitzero"`     // when an answer last showed it in flight
	Asked     time.Time `json:"asked,omitzero"`    // when a full answer last covered it
	Stalled   bool      `json:"stalled,omitempty"` // every sink was notified that it takes long
	Refused   bool      `json:"refused,omitempty"` // the API rejects its task id

	StalledSinks Sinks `json:"stalled_sinks,omitempty"` // notified that it takes long
	ExpiredSinks Sinks `json:"expired_sinks,omitempty"` // notified that it left the API's memory; others had no room
}

// born is when the row was created, or first seen when the API gave no time, or one
// yet to come.
func (o InFlight) born() time.Time {
	if o.Created.IsZero() || o.Created.After(o.FirstSeen.Add(time.Hour)) {
		return o.FirstSeen
	}
	return o.Created
}

// Tasks normally take 5 to 30 minutes (CDN, read 2026-11), and every row is asked
// about in every run for two hours. After that it is asked about when another 120th of its
// age has passed, so that thousands of rows that hang do not cost a request each.
const askShare = 120

// due reports whether the row must be asked about now. l tells when it leaves the
// API's memory: before that it is asked about in every run.
func (o InFlight) due(now time.Time, l Limits) bool {
	const jitter = 10 * time.Second // of the timer
	return o.born().Before(l.floor(now).Add(30*time.Minute)) || now.Sub(o.Asked)+jitter >= now.Sub(o.born())/askShare
}

// askable reports whether the API can be asked for the row by its id. One that is
// empty would ask for everything, and a list is not one id.
func (o InFlight) askable() bool {
	return !o.Refused && len(o.TaskID) > 0 && len(o.TaskID) <= longestID && !containsOther(o.TaskID)
}

// longestID is far more than the API's ids have.
const longestID = 128

// containsOther reports whether s holds anything but letters, digits, - and _.
func containsOther(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
		default:
			return true
		}
	}
	return false
}

// Mark is up to when everything was asked for: what is newer is still to be read.
// Zero when nothing was.
func (s State) Mark() time.Time {
	var mark time.Time
	if n := len(s.Scanned); n > 0 {
		mark = s.Scanned[n-1].To
	}
	for _, w := range s.Windows {
		mark = later(mark, w.To)
	}
	return mark
}

// until is s without what a clock that was ahead has claimed to have read.
func (s State) until(now time.Time) State {
	var scanned []Span
	for _, span := range s.Scanned {
		if span.To = earlier(span.To, now); !span.empty() {
			scanned = append(scanned, span)
		}
	}
	var windows []Window
	for _, w := range s.Windows {
		if !w.To.After(now.Add(time.Minute)) {
			windows = append(windows, w)
		}
	}
	s.Scanned, s.Windows = scanned, windows
	return s
}

// UpgradeState reads the state of a document of format 1. It watched only a part of
// the tasks if its scope was not empty; then what it has read proves nothing, and rows
// that were finished before it was written and that it does not know are history.
func UpgradeState(head json.RawMessage, finished Records) (State, error) {
	var old struct {
		State
		Scope      string     `json:"scope"`
		Swept      []Span     `json:"swept"`
		Reconciled time.Time  `json:"reconciled"`
		Open       []InFlight `json:"open"`
	}
	if err := json.Unmarshal(head, &old); err != nil {
		return State{}, err
	}
	s := old.State
	s.Scanned, s.Rescanned, s.InFlight, s.Finished = old.Swept, old.Reconciled, old.Open, finished
	if s.Settled = s.Began; len(s.Scanned) > 0 {
		s.Settled = s.Scanned[0].From
	}
	if mark := s.Mark(); old.Scope != "" && !mark.IsZero() {
		s.Scanned, s.Baseline, s.Settled = nil, mark, mark
	}
	return s, nil
}

// Anew is s for tasks of which nobody knows whether they are the same ones: nothing
// counts as read, and what was created by now and is first listed finished is history.
func (s State) Anew(now time.Time) State {
	s.Baseline, s.Settled = now, now
	s.Scanned, s.Windows, s.Rescanned, s.Owed = nil, nil, time.Time{}, Owed{}
	return s
}

// OnlySinks is s without what is remembered of other sinks than these.
func (s State) OnlySinks(known Sinks) State {
	finished := make(Records, len(s.Finished))
	for i, r := range s.Finished {
		r.Sinks &= known
		finished[i] = r
	}
	inFlight := make([]InFlight, len(s.InFlight))
	for i, o := range s.InFlight {
		o.StalledSinks &= known
		o.ExpiredSinks &= known
		inFlight[i] = o
	}
	s.Finished, s.InFlight = finished, inFlight
	s.Owed.Sinks &= known
	return s
}
