package poller

import (
	"context"
	"maps"
	"slices"
)

// Pages are cut by offset from a list that moves while it is read: rows appear,
// leave, or change places within a second, and the total may lie. One reading of
// all pages is a pass; it is believed only when everything about it adds up.

const (
	mostPasses = 3
	// mostPages ends a list that never ends: ten times the largest quota known.
	mostPages = 4000
)

// read reads q, whose first page is at hand, until a pass proves it whole.
func (f *fetcher) read(ctx context.Context, q Query, first Page) {
	if pagesFor(first.Total)-1 > f.left() {
		f.halve(ctx, q)
		return
	}
	var last pass
	for n := range mostPasses {
		ok := true
		if n > 0 {
			first, ok = f.page(ctx, q, 1)
		}
		var p pass
		if ok {
			p, ok = f.pass(ctx, q, first)
		}
		if !ok {
			f.batch.Rest = append(f.batch.Rest, q)
			return
		}
		if p.clean || n > 0 && p.agrees(last) {
			f.batch.Whole = append(f.batch.Whole, q)
			return
		}
		last = p
	}
	f.batch.Rest = append(f.batch.Rest, q)
	f.batch.Unproven++
}

// halve reads what fits of a window that does not fit.
func (f *fetcher) halve(ctx context.Context, q Query) {
	newer, older, ok := q.split()
	if !ok || f.left() <= 0 {
		f.batch.Rest = append(f.batch.Rest, q)
		return
	}
	for _, half := range []Query{newer, older} {
		if page, ok := f.page(ctx, half, 1); ok {
			f.read(ctx, half, page)
		} else {
			f.batch.Rest = append(f.batch.Rest, half)
		}
	}
}

// pass is what one reading of all pages showed.
type pass struct {
	keys  map[Key]bool
	total int
	clean bool // the right pages, all full but the last, one total, and as many rows
}

// agrees reports whether two passes saw exactly the same rows, more than the total
// admits: then it is the total that is wrong.
func (p pass) agrees(last pass) bool {
	return p.total < len(p.keys) && last.total < len(last.keys) && maps.Equal(p.keys, last.keys)
}

// pass reads the pages after the first; ok is false when one was not answered.
func (f *fetcher) pass(ctx context.Context, q Query, first Page) (p pass, ok bool) {
	p = pass{keys: map[Key]bool{}, total: first.Total, clean: true}
	pages := make([]Page, pagesFor(min(first.Total, mostPages*PageSize)))
	pages[0] = first
	answered := f.concurrently(len(pages)-1, func(i int) bool {
		page, ok := f.page(ctx, q, i+2)
		pages[i+1] = page
		return ok
	})
	for _, ok := range answered {
		if !ok {
			return p, false
		}
	}
	for i, page := range pages {
		p.add(page, i+1, i == len(pages)-1)
	}
	// A full last page may hide another one, whatever the total says.
	for last := pages[len(pages)-1]; len(last.Tasks) >= PageSize && len(pages) < mostPages; {
		n := len(pages) + 1
		if last, ok = f.beyond(ctx, q, n); !ok {
			return p, false
		}
		if !p.adds(last) {
			break
		}
		p.add(last, n, true)
		pages = append(pages, last)
	}
	p.clean = p.clean && len(p.keys) == p.total
	return p, true
}

// add checks one page against what the others said.
func (p *pass) add(page Page, n int, last bool) {
	if page.Number != n || page.Total != p.total || !last && len(page.Tasks) != PageSize {
		p.clean = false
	}
	for _, t := range page.Tasks {
		p.keys[t.Key] = true
	}
}

// adds reports whether the page has a row that no other had.
func (p pass) adds(page Page) bool {
	return slices.ContainsFunc(page.Tasks, func(t Task) bool { return !p.keys[t.Key] })
}
