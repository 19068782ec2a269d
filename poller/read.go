package poller

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Reader asks the API for windows and knows, from the state and from what it has read
// itself, how many rows of them are known. It serves one run.
type Reader struct {
	lister  Lister
	workers int
	pages   int // may still be asked
	proof   proof

	known  tally
	proven []Span
	flying map[uint64]uint32 // rows in flight by hash, and when they were created
	fresh  []time.Time       // creation times of the rows that the state does not know
	ended  int               // finished rows that it does not know as such

	mu      sync.Mutex // guards what follows while pages are asked concurrently
	rows    collection
	batch   Batch
	stopped bool // after an error that the next question would meet too
}

// mostPages bounds what one run holds in memory: 120,000 rows. The next one goes on.
const mostPages = 2400

// NewReader reads for a run that stands on s. So many pages are asked at the same time
// when the answers are slower than the ceiling on requests.
func NewReader(l Lister, s State, workers int) *Reader {
	r := &Reader{lister: l, workers: max(1, workers), pages: mostPages, proof: byCount, known: newTally(s), proven: s.Scanned, flying: make(map[uint64]uint32, len(s.InFlight))}
	for i := range s.InFlight {
		r.flying[s.InFlight[i].Hash()] = unixSeconds(s.InFlight[i].Created)
	}
	r.rows.at = map[Key]int{}
	return r
}

// Batch is what was read so far.
func (r *Reader) Batch() Batch {
	b := r.batch
	b.Tasks = r.rows.tasks
	return b
}

// Limit lets the reader ask at most so many more pages.
func (r *Reader) Limit(pages int) { r.pages = min(pages, mostPages) }

// Read asks for windows, the first page of each before the others. It never fails as a
// whole: rows read before an error count, and a window that was not read to the end
// says where to go on. After stop no page is asked for any more; zero is no stop. Pages
// asked for by then may take until ctx ends.
func (r *Reader) Read(ctx context.Context, stop time.Time, ws ...Window) {
	first := make([][]answer, len(ws))
	ws = slices.Clone(ws)
	for i := range ws {
		w := &ws[i]
		w.Listed, w.asked, w.end, w.Next = maps.Clone(w.Listed), w.Query, unread, max(1, w.Next)
		// Where rows have left since, a row of the next page has moved to the last one.
		w.back = min(w.Next-1, 1)
	}
	if len(ws) == 1 && !ws[0].inPieces() {
		first[0] = r.ahead(ctx, stop, ws[0])
	} else {
		r.concurrently(len(ws), func(i int) {
			if w := ws[i]; !w.inPieces() {
				first[i] = []answer{r.ask(ctx, stop, w, w.Next-w.back)}
			}
		})
	}
	for i, w := range ws {
		if w.inPieces() {
			r.pieces(ctx, stop, &w)
		} else {
			r.window(ctx, stop, &w, first[i])
		}
		r.keep(w)
	}
}

// keep adds what became of a window to the batch.
func (r *Reader) keep(w Window) {
	switch w.end {
	case unproven:
		r.batch.Unproven++
	case refused:
		r.batch.Refused++
	}
	r.batch.Windows = append(r.batch.Windows, w)
}

// freshShare is how much of the time what is new may take while other windows wait.
const freshShare = 2.0 / 3

// Poll reads a plan: what is new and the rows in flight first, within their share of the
// time, and what is left of it for everything else. stop says when the run must end its
// questions, given how many finished rows it has come upon.
func (r *Reader) Poll(ctx context.Context, s State, p Plan, stop func(finished int) time.Time) {
	share := func() time.Time {
		end, now := stop(r.ended), time.Now()
		if len(p.Later) == 0 {
			return end
		}
		return now.Add(time.Duration(float64(end.Sub(now)) * freshShare))
	}
	end := share()
	// Where answers are slow, a few of the others travel beside the first page of what is new.
	beside := min(len(p.Status), r.workers-1)
	r.Read(ctx, end, append([]Window{p.Fresh}, p.Status[:beside]...)...)
	r.Read(ctx, end, p.Status[beside:]...)
	r.Read(ctx, end, s.LookUps(p, r.Batch())...)
	for _, w := range p.Later {
		r.Read(ctx, stop(r.ended), w)
	}
}
