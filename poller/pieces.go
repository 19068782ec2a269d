package poller

import (
	"context"
	"slices"
	"sort"
	"time"
)

// pieceRows is how many rows of a window are read again at a time: they fit on one
// page, with room for those that nobody knows. On one page no row changes places.
const pieceRows = 42

// mostOpen is how many pieces that do not add up either a run leaves behind.
const mostOpen = 3

// pieces reads a window again from its newer end, in pieces that are proven one by one.
// What is left keeps its name, and shrinks.
func (r *Reader) pieces(ctx context.Context, stop time.Time, w *Window) {
	open, inVain := 0, 0
	times := r.times(Span{w.From, w.To.Add(time.Second)})
	for !w.Span().empty() && open < mostOpen {
		p := r.piece(*w, times)
		p.asked, p.Piece, p.Rescan, p.Next = w.asked, true, w.Rescan, 1
		if first := r.ahead(ctx, stop, p); first[0].ok {
			r.window(ctx, stop, &p, first)
		}
		if p.end == unread && !p.begun() {
			return
		}
		r.keep(p)
		*w = Window{Query: Query{From: w.From, To: p.Span().From}, Before: w.Before, Passes: 1, Rescan: w.Rescan, Unproven: w.Unproven, asked: w.asked}
		if p.end != whole {
			open++
		}
		if p.end == unproven {
			inVain++
		}
	}
	switch {
	case w.Span().empty():
		w.end = whole
	case inVain == mostOpen:
		w.end = unproven
	}
}

// times are when the rows of span were created that this run has read first, sorted.
func (r *Reader) times(span Span) []uint32 {
	var out []uint32
	for _, at := range r.fresh {
		if span.has(at) {
			out = append(out, unixSeconds(at))
		}
	}
	slices.Sort(out)
	return out
}

// aroundFull is how far a piece may reach beyond a second that does not fit on a page: its
// ends may be listed, and a full second should be listed by one piece.
const aroundFull = time.Minute

// piece is the newest part of the window that fits on a page. Where a single second does
// not, it is what the pages of that second have room for.
func (r *Reader) piece(w Window, times []uint32) Window {
	span := w.Span()
	seconds := int(span.To.Sub(span.From) / time.Second)
	from := func(n int) Span { return Span{span.From.Add(time.Duration(n) * time.Second), span.To} }
	rows := func(n int) int {
		listed := Span{from(n).From.Add(-time.Second), span.To.Add(time.Second)}
		return r.known.within(listed) + between(times, unixSeconds(listed.From), unixSeconds(listed.To))
	}
	room := PageSize - pieceRows
	most, oldest := pieceRows, 0
	if n := rows(seconds - 1); n > most {
		most, oldest = pagesFor(n+room)*PageSize-room, max(0, seconds-int(aroundFull/time.Second))
	}
	n := sort.Search(seconds-1-oldest, func(n int) bool { return rows(oldest+n) <= most })
	return windowFor(from(oldest + n))
}
