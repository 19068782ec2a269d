package poller

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"time"
)

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
		c.restart()
		if w.inPieces() {
			r.pieces(ctx, stop, w)
			return
		}
	}
	if w.Idle >= mostIdle {
		w.end = unproven
	}
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
			seen := c.seen(a.Page)
			w.Seen += seen
			w.note(a.Page, seen)
			adds, rows = r.absorb(w, c, a.Page), len(a.Tasks)
			w.Next++
		}
		if w.pagesLeft() <= 0 && (rows < PageSize || !adds) {
			return true
		}
		pages = r.ahead(ctx, stop, *w)
	}
}

// ahead asks for the next pages, as far as they are known to exist; at least one that was
// not read yet, since a full last page may hide another, whatever the total says.
func (r *Reader) ahead(ctx context.Context, stop time.Time, w Window) []answer {
	pages := make([]answer, max(1, min(w.back+max(1, w.pagesLeft()), 4*r.workers, r.pages)))
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

	// duplicates is how many rows of this pass their page had listed already, as far as this
	// run has read it: of two runs' pages nobody could tell which are the same.
	duplicates int

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

// restart forgets the pass that has ended.
func (c *count) restart() {
	clear(c.pass)
	c.duplicates = 0
}

// seen is how many rows of a page this run has not seen in this pass. Those that the page
// lists more than once are duplicates: nothing moves within a page, so the API has them
// so, as of an object that was submitted twice in a second. Rows of the pass's other pages
// are none: they may be the same ones, in another place.
func (c *count) seen(p Page) int {
	rows := hashes{}
	for _, t := range p.Tasks {
		hash := t.Hash()
		switch {
		case rows[hash]:
			c.duplicates++
		case !c.pass[hash]:
			rows[hash] = true
		}
	}
	maps.Copy(c.pass, rows)
	return len(rows)
}

// note adds a page to what the pass has listed, in its order. A page without a row of its
// own is another page's answer: with it, the pass has not listed what its total counts.
func (w *Window) note(p Page, seen int) {
	if seen > 0 {
		w.Rows += len(p.Tasks)
	}
	for _, t := range p.Tasks {
		w.Order = crc32.Update(w.Order, castagnoli(), binary.LittleEndian.AppendUint64(nil, t.Hash()))
	}
}

func (c *count) known(w *Window) int {
	if w.Own {
		return len(w.Listed)
	}
	return c.rows + len(w.Listed)
}
