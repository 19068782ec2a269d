package poller

import (
	"slices"
	"time"
)

// State is what a poll remembers for the next one. Everything but Done is plain
// JSON; Done travels apart, see [Seen.AppendBinary].
type State struct {
	// Began is when the first poll was answered; zero: FIRST_RUN still applies.
	Began time.Time `json:"began,omitzero"`
	// Baseline is set until the first sweep is whole: a row created before it and
	// first seen finished is history, not news.
	Baseline time.Time `json:"baseline,omitzero"`
	// Origin is the oldest creation time the first sweep asked for: nothing before
	// it is ever asked, or a later run that reaches further back would find news in
	// history.
	Origin time.Time `json:"origin,omitzero"`
	// Scope is the fingerprint of what was watched.
	Scope string `json:"scope,omitempty"`
	// Swept are the creation times that were read in full, oldest first and apart.
	// The end of the last one is the mark: whatever is newer is still to be read.
	Swept []Span `json:"swept,omitempty"`
	// Reconciled is up to when old rows were read once more, see [Limits.Calm].
	Reconciled time.Time `json:"reconciled,omitzero"`
	// Open are the unfinished rows.
	Open []Open `json:"open,omitempty"`
	// Done are the finished rows, told or silent.
	Done Seen `json:"-"`
}

// Open is an unfinished row and how it is watched.
type Open struct {
	Task
	FirstSeen time.Time `json:"first_seen"`        // by us, UTC
	Asked     time.Time `json:"asked,omitzero"`    // when a full answer last covered it
	Stalled   bool      `json:"stalled,omitempty"` // told as stalled
}

// born is when the row was created, or first seen when the API gave no time.
func (o Open) born() time.Time {
	if o.Created.IsZero() {
		return o.FirstSeen
	}
	return o.Created
}

// mark is the end of what was read; zero when nothing was.
func (s State) mark() time.Time {
	if len(s.Swept) == 0 {
		return time.Time{}
	}
	return s.Swept[len(s.Swept)-1].To
}

// Rows that take longer than tasks normally do (5 to 30 minutes; CDN, read
// 2026-11) are asked about less often: the longer they were watched, the less a
// few minutes matter.
const (
	watchClosely = 35 * time.Minute
	patience     = 16 // a row watched for 16 hours may wait for one
	longestWait  = 30 * time.Minute
)

// backedOff reports whether the row is past the time of close watching.
func (o Open) backedOff(now time.Time) bool { return now.Sub(o.FirstSeen) >= watchClosely }

// due reports whether the row must be asked about now. l tells when it leaves the
// API's memory: before that it is asked about at every chance.
func (o Open) due(now time.Time, l Limits) bool {
	if !o.backedOff(now) || o.born().Before(l.floor(now).Add(longestWait)) {
		return true
	}
	return now.Sub(o.Asked) >= min(now.Sub(o.FirstSeen)/patience, longestWait)
}

// Under load a row may skip a run or two: watched for 12 minutes, two of them.
const (
	mayWait     = 6
	longestSkip = 2 * time.Minute
)

// canWait reports whether the row may wait for another run when this one has much
// to ask: it is not new, and was asked about a moment ago.
func (o Open) canWait(now time.Time) bool {
	return !o.backedOff(now) && now.Sub(o.Asked) <= min(now.Sub(o.FirstSeen)/mayWait, longestSkip)
}

// watching is s as far as it is worth for another scope: what was read for the
// old one proves nothing about the new one.
func (s State) watching(scope Scope) State {
	if s.Scope == scope.fingerprint() {
		return s
	}
	s.Swept, s.Origin = nil, time.Time{}
	s.Open = slices.DeleteFunc(slices.Clone(s.Open), func(o Open) bool { return !scope.Has(o.Task) })
	return s
}
