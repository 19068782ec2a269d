package poller

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sort"
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

// A run reads a window that does not add up so often, and leaves it for a while after
// so many passes that added nothing.
const (
	mostPasses = 3
	mostIdle   = 2
)

// window reads one to its end. If it does not add up, it is read again piece by piece.
func (r *Reader) window(ctx context.Context, stop time.Time, w *Window, first []answer) {
	c := r.count(*w)
	for n := range mostPasses {
		if n > 0 {
			first = r.ahead(ctx, stop, *w)
		}
		if first[0].refused && w.lookUp {
			w.end = refused
			return
		}
		if !r.pass(ctx, stop, w, c, first) {
			return
		}
		if r.proof.proved(w, c) {
			w.end = whole
			return
		}
		w.restart()
		clear(c.pass)
		if w.inPieces() {
			r.pieces(ctx, stop, w)
			return
		}
	}
	if w.Idle >= mostIdle {
		w.end = unproven
	}
}

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

// pass reads on to the end of the list, from the pages at hand. It reports whether it
// came there.
func (r *Reader) pass(ctx context.Context, stop time.Time, w *Window, c *count, pages []answer) bool {
	for {
		adds, rows := false, 0
		for i, a := range pages {
			if !a.ok {
				r.salvage(w, c, pages[i:])
				return false
			}
			if w.back > 0 {
				w.back--
				before := w.Added
				adds, rows = r.absorb(w, c, a.Page), len(a.Tasks)
				w.Seen += w.Added - before
				continue
			}
			w.Seen += c.seen(a.Page)
			adds, rows = r.absorb(w, c, a.Page), len(a.Tasks)
			w.Next++
		}
		if w.pagesLeft() <= 0 && (rows < PageSize || !adds) {
			return true
		}
		pages = r.ahead(ctx, stop, *w)
	}
}

// ahead asks for the next pages, as far as they are known to exist; at least one, since
// a full last page may hide another, whatever the total says.
func (r *Reader) ahead(ctx context.Context, stop time.Time, w Window) []answer {
	pages := make([]answer, max(1, min(w.back+w.pagesLeft(), 4*r.workers, r.pages)))
	r.concurrently(len(pages), func(i int) { pages[i] = r.ask(ctx, stop, w, w.Next-w.back+i) })
	return pages
}

// salvage keeps the rows of pages that cannot move the window on: they are read again.
func (r *Reader) salvage(w *Window, c *count, pages []answer) {
	for _, a := range pages {
		if a.ok {
			r.absorb(w, c, a.Page)
		}
	}
}

// absorb takes in one page, and reports whether it had a row that this run has not
// read before.
func (r *Reader) absorb(w *Window, c *count, p Page) (adds bool) {
	w.Total = max(w.Total, p.Total)
	for _, t := range p.Tasks {
		t = t.clean()
		hash := t.Hash()
		added := false
		if r.rows.add(t) {
			adds = true
			added = r.learn(hash, t, c)
		}
		if (w.Own || !c.span.has(t.Created)) && !w.Listed[hash] {
			if w.Listed == nil {
				w.Listed = hashes{}
			}
			w.Listed[hash], added = true, true
		}
		if added {
			w.Added++
		}
	}
	return adds
}

// learn notes a row that this run reads first, and reports whether the state does not
// know it either.
func (r *Reader) learn(hash uint64, t Task, c *count) bool {
	known := r.remembered(hash, t)
	if !known {
		r.fresh = append(r.fresh, t.Created)
		c.add(t.Created)
	}
	if _, flying := r.flying[hash]; t.Status.Finished() && (flying || !known) {
		r.ended++
	}
	return !known
}

func (r *Reader) remembered(hash uint64, t Task) bool {
	created := unixSeconds(t.Created)
	if at, ok := r.flying[hash]; ok && at == created {
		return true
	}
	return r.known.finished.has(hash, created)
}

// count is how many rows of a window are known without having been listed by it.
type count struct {
	span Span
	rows int
	pass hashes // rows that this run has listed in this pass

	before bool // all of it was proven before, and it is not read to check that
}

func (r *Reader) count(w Window) *count {
	c := &count{span: r.proof.remembered(w), pass: hashes{}, before: !w.Rescan && covered(r.proven, w.Span())}
	c.rows = r.known.within(c.span)
	for _, at := range r.fresh {
		c.add(at)
	}
	return c
}

func (c *count) add(created time.Time) {
	if c.span.has(created) {
		c.rows++
	}
}

// seen is how many rows of a page this run has not seen in this pass.
func (c *count) seen(p Page) int {
	before := len(c.pass)
	for _, t := range p.Tasks {
		c.pass[t.Hash()] = true
	}
	return len(c.pass) - before
}

func (c *count) known(w *Window) int {
	if w.Own {
		return len(w.Listed)
	}
	return c.rows + len(w.Listed)
}

// answer is one page, if there was one.
type answer struct {
	Page
	ok      bool
	refused bool // for the question itself
}

// ask asks for one page. A task id that does not exist is an answer without rows, and so
// is a page that the total denies.
func (r *Reader) ask(ctx context.Context, stop time.Time, w Window, n int) answer {
	if !r.take(stop) {
		return answer{}
	}
	page, err := r.lister.List(ctx, w.Query, n)
	r.mu.Lock()
	defer r.mu.Unlock()
	var e *Error
	rejected := errors.As(err, &e) && e.Class == Rejected
	switch {
	case w.TaskID != "" && errors.Is(err, ErrNoSuchTask), rejected && n > 1 && n > pagesFor(w.Total):
		page, err = Page{Number: n}, nil
	case rejected && w.lookUp:
		return answer{refused: true}
	case err != nil:
		r.batch.Err = firstError(r.batch.Err, err)
		r.stopped = r.stopped || !rejected // a question refused for itself leaves the others worth asking
		return answer{refused: rejected}
	}
	r.batch.Calls++
	if page.Now.After(r.batch.Now) {
		r.batch.Now = page.Now
	}
	return answer{Page: page, ok: true}
}

// take reserves a page.
func (r *Reader) take(stop time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || r.pages <= 0 || !stop.IsZero() && !time.Now().Before(stop) {
		return false
	}
	r.pages--
	return true
}

// concurrently does n things in order, several at a time.
func (r *Reader) concurrently(n int, do func(i int)) {
	slots := make(chan struct{}, r.workers)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			do(i)
			<-slots
		})
	}
	wg.Wait()
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
