package cli

import (
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

const (
	progressAfter = time.Second      // until then nobody wonders
	progressEvery = 10 * time.Second // where lines stay
	fewAnswers    = 5                // are no measure of how long it will take
)

// progress is how far a run's reading is: how many pages and tasks the API has answered
// of those it says there are.
type progress struct {
	words
	line *screen // of a terminal; nil: lines in the log
	log  *slog.Logger

	mu     sync.Mutex
	began  time.Time
	logged time.Time
	there  map[poller.Query]int // rows there are, as each question was last answered
	seen   map[onePage]bool     // pages answered
	rows   int                  // on them
	sent   watch.Report         // of a backfill: what its earlier parts came to
}

type onePage struct {
	poller.Query
	number int
}

func newProgress(sh Shell, line *screen, log *slog.Logger) *progress {
	now := time.Now()
	return &progress{words: sh.words, line: line, log: log, began: now, logged: now, there: map[poller.Query]int{}, seen: map[onePage]bool{}}
}

// answered counts one answer.
func (p *progress) answered(q poller.Query, page poller.Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.within(q) {
		p.there[q] = max(page.Total, 0)
	}
	if n := (onePage{q, page.Number}); !p.seen[n] {
		p.seen[n] = true
		p.rows += len(page.Tasks)
	}
	p.show()
}

// within reports whether q asks for a part of what another question was about, whose
// rows count already.
func (p *progress) within(q poller.Query) bool {
	for other := range p.there {
		same := q
		same.From, same.To = other.From, other.To
		if same == other && q != other && !q.From.Before(other.From) && !q.To.After(other.To) {
			return true
		}
	}
	return false
}

// partDone takes what a backfill has recorded so far.
func (p *progress) partDone(r watch.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = r
	p.show()
}

// sums are pages and rows, read and there are.
func (p *progress) sums() (pages, ofPages, rows, ofRows int) {
	for _, n := range p.there {
		ofRows += n
		ofPages += max(1, (n+poller.PageSize-1)/poller.PageSize)
	}
	return len(p.seen), max(len(p.seen), ofPages), min(p.rows, ofRows), ofRows // a row may be read more than once
}

// left is how long the reading will take yet, by how long it took so far.
func (p *progress) left(pages, ofPages int) time.Duration {
	if pages < fewAnswers {
		return 0
	}
	return (time.Since(p.began) / time.Duration(pages) * time.Duration(ofPages-pages)).Round(time.Second)
}

func (p *progress) show() {
	pages, ofPages, rows, ofRows := p.sums()
	left := p.left(pages, ofPages)
	switch {
	case p.line != nil && time.Since(p.began) >= progressAfter:
		p.line.show(p.sentence(pages, ofPages, rows, ofRows, left))
	case p.line == nil && time.Since(p.logged) >= progressEvery:
		p.logged = time.Now()
		p.log.Info("reading", "pages", pages, "of_pages", ofPages, "tasks", rows, "of_tasks", ofRows, "left_s", int(left.Seconds()), "sent", p.sent.Sent)
	}
}

func (p *progress) sentence(pages, ofPages, rows, ofRows int, left time.Duration) string {
	parts := []string{p.say("%s of %s pages", thousands(pages), thousands(ofPages)), p.say("%s of %s tasks", thousands(rows), thousands(ofRows))}
	if left > 0 {
		parts = append(parts, p.say("%s left", p.span(left)))
	}
	if p.sent.Sent > 0 {
		parts = append(parts, p.say("%s sent", p.count(p.sent.Sent, "message")))
	}
	return strings.Join(parts, " · ")
}

// span is a duration as people say it: "35 s", "2 min 5 s", "1 h 3 min".
func (w words) span(d time.Duration) string {
	d = d.Round(time.Second)
	h, m, s := int(d/time.Hour), int(d%time.Hour/time.Minute), int(d%time.Minute/time.Second)
	switch {
	case h > 0:
		return w.say("%d h %d min", h, m)
	case m > 0:
		return w.say("%d min %d s", m, s)
	}
	return w.say("%d s", s)
}

// thousands writes a number with commas.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
