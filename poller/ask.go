package poller

import (
	"context"
	"errors"
	"sync"
	"time"
)

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
