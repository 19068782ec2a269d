package poller

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// Reader asks the API for windows and knows, from the state and from what it has read
// itself, how many rows of them are known. It serves one run.
type Reader struct {
	lister  Lister
	workers int
	pages   int // may still be asked

	known  tally
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
	r := &Reader{lister: l, workers: max(1, workers), pages: mostPages, known: newTally(s), flying: make(map[uint64]uint32, len(s.InFlight))}
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
	if len(ws) == 1 {
		first[0] = r.ahead(ctx, stop, ws[0])
	} else {
		r.concurrently(len(ws), func(i int) { first[i] = []answer{r.ask(ctx, stop, ws[i], max(1, ws[i].Next))} })
	}
	for i, w := range ws {
		w.Listed = maps.Clone(w.Listed)
		w.Next = max(1, w.Next)
		r.window(ctx, stop, &w, first[i])
		switch w.end {
		case unproven:
			r.batch.Unproven++
		case refused:
			r.batch.Refused++
		}
		r.batch.Windows = append(r.batch.Windows, w)
	}
}

// mostPasses bounds how often a run reads a window that does not add up.
const mostPasses = 3

// window reads one to its end, as often as it takes.
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
		done, proven := r.pass(ctx, stop, w, c, first)
		if !done {
			return
		}
		if proven || w.proved(c.known(w)) {
			w.end = whole
			return
		}
		w.restart()
	}
	w.end = unproven
}

// pass reads on to the end of the list, from the page at hand; done is false when
// something ended it before, proven is true when it need not go on.
func (r *Reader) pass(ctx context.Context, stop time.Time, w *Window, c *count, pages []answer) (done, proven bool) {
	for {
		adds, rows := false, 0
		for i, a := range pages {
			if !a.ok {
				r.salvage(w, c, pages[i:])
				return false, false
			}
			adds, rows = r.absorb(w, c, a.Page), len(a.Tasks)
			w.Next++
			if w.provedEarly(c.known(w)) {
				r.salvage(w, c, pages[i+1:])
				return true, true
			}
		}
		if w.pagesLeft() <= 0 && (rows < PageSize || !adds) {
			return true, false
		}
		pages = r.ahead(ctx, stop, *w)
	}
}

// ahead asks for the next pages, as far as they are known to exist; at least one, since
// a full last page may hide another, whatever the total says.
func (r *Reader) ahead(ctx context.Context, stop time.Time, w Window) []answer {
	pages := make([]answer, min(max(w.pagesLeft(), 1), 4*r.workers))
	r.concurrently(len(pages), func(i int) { pages[i] = r.ask(ctx, stop, w, max(1, w.Next)+i) })
	return pages
}

// salvage keeps the rows of pages that cannot move the window on.
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
		if r.rows.add(t) {
			adds = true
			known := r.remembered(hash, t)
			if !known {
				r.fresh = append(r.fresh, t.Created)
				c.add(t.Created)
			}
			if _, flying := r.flying[hash]; t.Status.Finished() && (flying || !known) {
				r.ended++
			}
		}
		if (w.Own || !c.span.has(t.Created)) && !w.Listed[hash] {
			if w.Listed == nil {
				w.Listed = hashes{}
			}
			w.Listed[hash] = true
			w.Added++
		}
	}
	return adds
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
}

func (r *Reader) count(w Window) *count {
	c := &count{span: w.Span()}
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
