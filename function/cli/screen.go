package cli

import (
	"fmt"
	"io"
	"sync"
)

// screen is a terminal with one line that is rewritten in place. It gives way to whatever
// is printed, and is gone at the end.
type screen struct {
	line    io.Writer
	columns int // 0 when unknown

	mu    sync.Mutex
	shown bool
}

// show replaces the line. A longer one than fits would leave its beginning behind.
func (s *screen) show(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.line, "\r\x1b[K%s", shortenEnd(text, s.columns-1))
	s.shown = true
}

// clear removes the line. A nil screen has none.
func (s *screen) clear() {
	if s == nil {
		return
	}
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
