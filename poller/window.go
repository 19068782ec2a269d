package poller

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Window is a pinned question: neither its times nor its filters change, so its pages
// keep their numbers, and a run that could not finish it leaves it to the next one,
// which goes on at its next page. When its pages are through, the count decides
// whether it is whole; why that proves anything is argued in doc.go.
type Window struct {
	Query
	// Next is the page to go on with; 0 and 1 are the first.
	Next int `json:"next,omitempty"`
	// Total is the most rows that an answer of this pass has claimed, Before that of
	// the pass before.
	Total  int `json:"total,omitempty"`
	Before int `json:"before,omitempty"`
	// Passes is how often its pages were read to the end without a proof, Idle how often
	// in a row that added nothing to what is known.
	Passes int `json:"passes,omitempty"`
	Idle   int `json:"idle,omitempty"`
	// Own: only rows that its own answers have listed count, since more were known than
	// the API lists, or the question has filters.
	Own bool `json:"own,omitempty"`
	// Listed are rows that its own answers have listed: all of them if Own, else those
	// that cannot be counted by their creation time.
	Listed hashes `json:"listed,omitempty"`
	// Seen is how many rows this pass has listed, and Added how many of them were not
	// known before.
	Seen  int `json:"seen,omitempty"`
	Added int `json:"added,omitempty"`
	// Rows is how many rows the pages of this pass have listed, and Order a checksum of
	// them in their order; OrderBefore is that of the pass before.
	Rows        int    `json:"rows,omitempty"`
	Order       uint32 `json:"order,omitempty"`
	OrderBefore uint32 `json:"order_before,omitempty"`
	// Rescan is set for a window that is read again to find what was missed before.
	Rescan bool `json:"rescan,omitempty"`
	// Backfill is set for a window whose Listed says what a backfill has come by.
	Backfill bool `json:"backfill,omitempty"`
	// Piece is set for a piece of one that did not add up: it is not divided again.
	Piece bool `json:"piece,omitempty"`
	// Unproven is how often it was given up for a while, and Again until when.
	Unproven int       `json:"unproven,omitempty"`
	Again    time.Time `json:"again,omitzero"`

	lookUp bool   // asks for one row in flight: refusing its id is no failure
	end    result // what became of it in this run
	asked  Query  // it is what is left, or a piece, of this one
	back   int    // pages before the next one that are read again
}

// result is what became of a window in a run.
type result uint8

const (
	unread   result = iota // not answered to the end; the next run goes on
	whole                  // every row it lists is known
	unproven               // read to the end several times, and neither proven nor new
	refused                // the API rejects the task id
)

// windowFor asks for every row created in s. It begins a second early: it is not
// documented whether a row created at StartTime or EndTime counts.
func windowFor(s Span) Window { return Window{Query: Query{From: s.From.Add(-time.Second), To: s.To}} }

// lookUp asks for the rows of one task id, or one of them.
func lookUp(window Span, taskID, path string) Window {
	w := windowFor(window)
	w.TaskID, w.ObjectPath = taskID, path
	w.Own, w.lookUp = true, true
	return w
}

// Span is what the window proves once it is whole, however the API counts its ends.
func (w Window) Span() Span { return Span{w.From.Add(time.Second), w.To} }

func (w Window) filtered() bool { return w.Query != Query{From: w.From, To: w.To} }

// inPieces reports whether the window was read and did not add up, and can be read again
// in pieces: it lists everything, and more than a page or a second of it.
func (w Window) inPieces() bool {
	span := w.Span()
	return w.Passes > 0 && !w.Piece && !w.filtered() && w.Before > PageSize && span.To.Sub(span.From) > time.Second
}

// begun reports whether anything of it was answered.
func (w Window) begun() bool { return w.Next > 1 || w.Passes > 0 || w.Unproven > 0 }

// pagesLeft is how many pages are known to exist from the next one on.
func (w Window) pagesLeft() int {
	total := w.Total
	if total == 0 {
		total = w.Before
	}
	return pagesFor(total) - max(1, w.Next) + 1
}

// proved judges a window that was read to its end, by what is known of it.
func (w *Window) proved(c *count) bool {
	if w.Own && !w.Backfill && w.Passes > 0 && w.Total < w.Before {
		w.Listed = maps.Clone(c.pass) // rows have left since the last pass, perhaps some of those it listed
	}
	known, total := c.known(w), w.Total
	switch again := w.Passes > 0 || w.Piece; {
	case again && known == total-c.duplicates, w.Passes > 0 && w.Rows == total && w.Order == w.OrderBefore && known == w.Seen:
		total = known // it counts what the API lists more than once, and has done so before
	}
	switch {
	case known == total && (w.Own || w.Seen >= total || c.before):
		return true
	case known == total:
		// Rows that this pass has not listed may have left, as many as nobody has seen.
		w.Own, w.Listed = true, maps.Clone(c.pass)
	case known > w.Total && w.Own:
		// Its own answers have listed more than the API admits. Once a whole pass adds
		// nothing to them it is the total that is wrong.
		return w.Added == 0
	case known > w.Total:
		// Rows that were known have left, and as many may be hidden.
		w.Own, w.Listed = true, nil
	}
	return false
}

// proof is the argument of doc.go, in the two places where it decides.
type proof struct {
	remembered func(Window) Span          // whose rows count without having been listed by the window
	proved     func(*Window, *count) bool // a window that was read to its end
}

var byCount = proof{Window.Span, (*Window).proved}

// clear forgets what the pass under way has counted.
func (w *Window) clear() { w.Seen, w.Added, w.Rows, w.Order = 0, 0, 0, 0 }

// restart begins another pass, whose rows add to those known.
func (w *Window) restart() {
	w.Passes++
	if w.Idle++; w.Added > 0 {
		w.Idle = 0
	}
	w.OrderBefore = w.Order
	w.Before, w.Total, w.Next = w.Total, 0, 1
	w.clear()
}

// What cannot be proven is asked for less and less often.
const (
	firstPause   = 2 * time.Minute
	longestPause = 6 * time.Hour
)

// pause leaves the window for a while.
func (w *Window) pause(now time.Time) {
	w.Again = now.Add(min(firstPause<<min(w.Unproven, 16), longestPause))
	w.Unproven++
	w.Passes, w.Idle, w.Next, w.OrderBefore = 0, 0, 1, 0
	w.clear()
}

// cut leaves out what the API does not answer for any more: another question, with
// another total. Its pages keep their numbers where the newest rows come first, and the
// rows of its last second stay listed; where not, the count shows it.
func (w Window) cut(floor time.Time) Window {
	from := floor.Add(-time.Second)
	if !w.From.Before(from) {
		return w
	}
	if w.Own {
		w.Own, w.Listed, w.Next = false, nil, 1
		w.clear()
	}
	if w.Total > 0 {
		w.Before, w.Total = w.Total, 0
	}
	w.From = from
	return w
}

// hashes is a set of rows by the hash of their key; its text is base64.
type hashes map[uint64]bool

// MarshalText writes the hashes in order, so that equal sets have equal texts.
func (h hashes) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 8*len(h))
	for _, hash := range slices.Sorted(maps.Keys(h)) {
		raw = binary.LittleEndian.AppendUint64(raw, hash)
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads what MarshalText wrote.
func (h *hashes) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%8 != 0 {
		return fmt.Errorf("hashes of listed rows: %d bytes make no list", len(raw))
	}
	*h = make(hashes, len(raw)/8)
	for ; len(raw) > 0; raw = raw[8:] {
		(*h)[binary.LittleEndian.Uint64(raw)] = true
	}
	return nil
}
