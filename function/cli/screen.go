package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"refreshwatch/function/watch"
)

// progressAfter is how long a run goes on before it says how far it is.
const progressAfter = time.Second

// screen is a terminal on which one line shows how far a run is. The line is
// rewritten in place, gives way to whatever is printed, and is gone at the end.
type screen struct {
	mu    sync.Mutex
	line  io.Writer
	began time.Time
	shown bool

	pages int64
	slice watch.Report // of a backfill: what it has found so far
}

// pageAnswered is called after each answer of the API.
func (s *screen) pageAnswered(pages int64) {
	s.show(func() { s.pages = max(s.pages, pages) })
}

// sliceDone is called after each slice of a backfill.
func (s *screen) sliceDone(r watch.Report) {
	s.show(func() { s.slice = r })
}

func (s *screen) show(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	if time.Since(s.began) < progressAfter {
		return
	}
	text := watch.Count(int(s.pages), "page") + " answered"
	if r := s.slice; r.New > 0 {
		text += fmt.Sprintf(", %d finished, %s sent", r.New, watch.Count(r.Sent, "message"))
	}
	fmt.Fprintf(s.line, "\r\x1b[K%s …", text)
	s.shown = true
}

// clear removes the line.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
}

func (s *screen) wipe() {
	if s.shown {
		fmt.Fprint(s.line, "\r\x1b[K")
		s.shown = false
	}
}

// above prints to w where the line gives way.
func (s *screen) above(w io.Writer) io.Writer { return aboveLine{s, w} }

type aboveLine struct {
	*screen
	to io.Writer
}

func (a aboveLine) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wipe()
	return a.to.Write(p)
}
