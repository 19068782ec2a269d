package poller

import (
	"context"
	"errors"
	"sync"
	"time"
)

// FetchOptions bound one Fetch.
type FetchOptions struct {
	Workers int // pages asked at the same time; 0 for one
	Pages   int // most pages; 0 for any number
}

// Fetch asks qs in order and reads each until it is proven whole. It never fails
// as a whole: the rows read before an error count, and what was not answered is in
// Rest. A window too large for the pages left is halved, the newer half first.
func Fetch(ctx context.Context, l Lister, qs []Query, o FetchOptions) Batch {
	f := &fetcher{lister: l, workers: max(1, o.Workers), limit: o.Pages, rows: newCollection(nil)}
	first := make([]Page, len(qs))
	answered := f.concurrently(len(qs), func(i int) bool {
		page, ok := f.page(ctx, qs[i], 1)
		first[i] = page
		return ok
	})
	for i, q := range qs {
		if !answered[i] {
			f.batch.Rest = append(f.batch.Rest, q)
			continue
		}
		f.read(ctx, q, first[i])
	}
	f.batch.Tasks = f.rows.tasks
	return f.batch
}

// fetcher is one Fetch under way.
type fetcher struct {
	lister  Lister
	workers int
	limit   int // pages, 0 for any number

	mu      sync.Mutex // guards what follows while pages are asked concurrently
	rows    *collection
	batch   Batch
	asked   int
	stopped bool // after an error that the next question would meet too
}

// concurrently does n things in order, several at a time, and tells which succeeded.
func (f *fetcher) concurrently(n int, do func(i int) bool) []bool {
	done := make([]bool, n)
	slots := make(chan struct{}, f.workers)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			done[i] = do(i)
			<-slots
		})
	}
	wg.Wait()
	return done
}

// page asks for one page and keeps its rows.
func (f *fetcher) page(ctx context.Context, q Query, n int) (Page, bool) {
	return f.ask(ctx, q, n, func(err error) bool { return q.TaskID != "" && errors.Is(err, ErrNoSuchTask) })
}

// beyond asks for a page that the total denies: the API may refuse its number.
func (f *fetcher) beyond(ctx context.Context, q Query, n int) (Page, bool) {
	return f.ask(ctx, q, n, refused)
}

// ask is page, with the errors that mean an empty one.
func (f *fetcher) ask(ctx context.Context, q Query, n int, nothing func(error) bool) (Page, bool) {
	if !f.take() {
		return Page{}, false
	}
	page, err := f.lister.List(ctx, q, n)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && nothing(err) {
		page, err = Page{Number: n}, nil
	}
	if err != nil {
		f.fail(err)
		return Page{}, false
	}
	f.batch.Calls++
	f.rows.add(page.Tasks)
	return page, true
}

// take reserves a page of the budget.
func (f *fetcher) take() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || f.limit > 0 && f.asked >= f.limit {
		return false
	}
	f.asked++
	return true
}

// left is how many pages may still be asked.
func (f *fetcher) left() int {
	if f.limit == 0 {
		return mostPages
	}
	return f.limit - f.asked
}

// fail notes an error. Only a question refused for itself leaves the others worth
// asking.
func (f *fetcher) fail(err error) {
	f.batch.Err = firstError(f.batch.Err, err)
	f.stopped = f.stopped || !refused(err)
}

func refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Class == Rejected
}

// split halves a window in time, the newer half first; ok is false when it is too
// short, or not a window.
func (q Query) split() (newer, older Query, ok bool) {
	span := q.span()
	middle := span.From.Add(span.To.Sub(span.From) / 2).Truncate(time.Second)
	if q.TaskID != "" || !middle.After(span.From) {
		return q, q, false
	}
	newer, older = q, q
	newer.From, older.To = middle.Add(-time.Second), middle
	return newer, older, true
}
