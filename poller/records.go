package poller

import (
	"cmp"
	"slices"
	"time"
)

// Sinks is a set of sinks, one bit each. Which bit is whose is the caller's: the
// poller only remembers them.
type Sinks uint32

// AllSinks is every sink there can be.
const AllSinks Sinks = 1<<32 - 1

// Records remembers finished rows, oldest creation first.
type Records []Record

// Record is one finished row: which, when it was created, how it finished, and
// which sinks were notified of that.
type Record struct {
	Hash    uint64 // of its Key
	Created uint32 // Unix seconds; when it was first listed, if Code is undated
	Sinks   Sinks  // 0: nobody
	Code    Code
}

// Code packs the status in bits 0 to 2, three flags above it, and a count.
type Code uint8

const (
	codeComplete Code = 0
	codeFailed   Code = 1
	codeExpired  Code = 2 // left the API's memory in flight
	codeTimeout  Code = 3
	codeCanceled Code = 4
	codeStatus   Code = 7

	codeSilent  Code = 1 << 3 // nobody was notified, by policy: history, no route, not watched
	codeUndated Code = 1 << 4 // Created is not the API's: it gave none, or one long past
	codeOwed    Code = 1 << 5 // some of its sinks had no room; they are to be notified when it is read again

	codeChange  Code = 1 << 6 // one change to another finished status that was notified
	codeChanges Code = 3 << 6 // how many there were
)

// MostChanges is of how many changes of one finished row people are notified. An API
// whose answers alternate would otherwise send a message a minute.
const MostChanges = int(codeChanges / codeChange)

func codeFor(s Status) Code {
	switch s {
	case Complete:
		return codeComplete
	case Failed:
		return codeFailed
	case Timeout:
		return codeTimeout
	case Canceled:
		return codeCanceled
	}
	return codeExpired
}

// Status is how the row finished; "" when it left the API's memory in flight.
func (c Code) Status() Status {
	return [...]Status{Complete, Failed, "", Timeout, Canceled, "", "", ""}[c&codeStatus]
}

// Silent reports whether nobody was notified because the policy said so.
func (c Code) Silent() bool { return c&codeSilent != 0 }

func (c Code) valid() bool { return c&codeStatus <= codeCanceled }

func compareRecords(a, b Record) int {
	if c := cmp.Compare(a.Created, b.Created); c != 0 {
		return c
	}
	return cmp.Compare(a.Hash, b.Hash)
}

// unixSeconds is t as a Record keeps it.
func unixSeconds(t time.Time) uint32 { return uint32(max(0, min(t.Unix(), 1<<32-1))) }

// since drops the rows created before t.
func (s Records) since(t time.Time) Records {
	i, _ := slices.BinarySearchFunc(s, unixSeconds(t), func(r Record, at uint32) int { return cmp.Compare(r.Created, at) })
	return s[i:]
}

// within are the rows created in span.
func (s Records) within(span Span) Records {
	s = s.since(span.From)
	return s[:len(s)-len(s.since(span.To))]
}

// has reports whether the row is remembered under this creation time.
func (s Records) has(hash uint64, created uint32) bool {
	_, ok := slices.BinarySearchFunc(s, Record{Hash: hash, Created: created}, compareRecords)
	return ok
}

// FinishedAs is the status that the row is remembered with; known is false for a row
// that is not remembered as finished, or whose creation time nobody knows.
func (s State) FinishedAs(t Task) (status Status, known bool) {
	i, known := slices.BinarySearchFunc(s.Finished, Record{Hash: t.Hash(), Created: unixSeconds(t.Created)}, compareRecords)
	if !known {
		return "", false
	}
	return s.Finished[i].Code.Status(), true
}

// with is a new Records that also holds added, which it sorts.
func (s Records) with(added []Record) Records {
	slices.SortFunc(added, compareRecords)
	out := make(Records, 0, len(s)+len(added))
	for _, r := range added {
		i, _ := slices.BinarySearchFunc(s, r, compareRecords)
		out, s = append(append(out, s[:i]...), r), s[i:]
	}
	return append(out, s...)
}
