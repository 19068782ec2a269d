package poller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// list is an API whose list the test changes between pages: before is called ahead
// of each answer, after may falsify it.
type list struct {
	mu     sync.Mutex
	rows   []Task // newest first
	calls  int
	before func(call int)
	after  func(call int, p *Page)
	fail   func(call int, q Query, page int) error
}

func (l *list) List(ctx context.Context, q Query, n int) (Page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Page{}, err
	}
	l.calls++
	if l.before != nil {
		l.before(l.calls)
	}
	if l.fail != nil {
		if err := l.fail(l.calls, q, n); err != nil {
			return Page{}, err
		}
	}
	var rows []Task
	for _, t := range l.rows {
		if !t.Created.Before(q.From) && !t.Created.After(q.To) && (q.TaskID == "" || q.TaskID == t.TaskID) && (q.ObjectType == "" || q.ObjectType == t.ObjectType) {
			rows = append(rows, t)
		}
	}
	p := Page{Number: n, Total: len(rows), Tasks: slices.Clone(rows[min(len(rows), (n-1)*PageSize):min(len(rows), n*PageSize)])}
	if l.after != nil {
		l.after(l.calls, &p)
	}
	return p, nil
}

// numbered are n rows, one a second, newest first.
func numbered(n int) []Task {
	var rows []Task
	for i := range n {
		rows = append(rows, row(fmt.Sprintf("%04d", i), Complete, time.Duration(i)*time.Second+time.Hour))
	}
	return rows
}

func everything() Window { return windowFor(DefaultLimits().window(noon)) }

// noon is when every test of lists looks.
var noon = simStart.Add(12 * time.Hour)

func row(id string, status Status, age time.Duration) Task {
	return Task{Key: Key{id, "file", "http://example.com/" + id}, Status: status, Created: noon.Add(-age)}
}

// readAll reads w in one run that stands on s.
func readAll(t *testing.T, l Lister, s State, w Window, workers int) (Batch, Window) {
	r := NewReader(l, s, workers)
	r.Read(t.Context(), time.Time{}, w)
	b := r.Batch()
	return b, b.Windows[len(b.Windows)-1] // what is left after its pieces
}

func TestReadSurvivesMovingAndLyingLists(t *testing.T) {
	tests := []struct {
		name  string
		rows  int
		mess  func(l *list)
		whole bool
		calls int // 0: any
	}{
		{name: "nothing", rows: 0, whole: true, calls: 1},
		{name: "one page", rows: 49, whole: true, calls: 1},
		{name: "a full page may hide another", rows: 50, whole: true, calls: 2},
		{name: "five pages", rows: 237, whole: true, calls: 5},
		{name: "a row appears on top", rows: 120, whole: true, mess: func(l *list) {
			l.before = func(call int) {
				if call == 2 {
					l.rows = slices.Insert(l.rows, 0, row("new", Pending, 5*time.Minute))
				}
			}
		}},
		{name: "a row leaves", rows: 120, whole: true, mess: func(l *list) {
			l.before = func(call int) {
				if call == 2 {
					l.rows = l.rows[1:]
				}
			}
		}},
		{name: "one leaves and one appears", rows: 120, whole: true, mess: func(l *list) {
			l.before = func(call int) {
				if call == 3 {
					l.rows = slices.Insert(l.rows[:119:119], 0, row("new", Pending, 5*time.Minute))
				}
			}
		}},
		{name: "rows change places", rows: 120, whole: true, mess: func(l *list) {
			l.before = func(call int) {
				if call == 2 {
					l.rows[40], l.rows[60] = l.rows[60], l.rows[40]
				}
			}
		}},
		{name: "a page is short", rows: 120, whole: true, mess: func(l *list) {
			l.after = func(call int, p *Page) {
				if call == 2 {
					p.Tasks = p.Tasks[:10]
				}
			}
		}},
		{name: "a page is empty", rows: 120, whole: true, mess: func(l *list) {
			l.after = func(call int, p *Page) {
				if call == 1 {
					p.Tasks = nil
				}
			}
		}},
		{name: "a page is another one", rows: 120, whole: true, calls: 3, mess: func(l *list) {
			l.after = func(call int, p *Page) {
				if call == 2 {
					p.Number = 7
				}
			}
		}},
		{name: "the total is too low", rows: 120, whole: false, mess: func(l *list) {
			l.after = func(_ int, p *Page) { p.Total = 60 }
		}},
		{name: "the total is one page", rows: 120, whole: true, mess: func(l *list) {
			l.after = func(_ int, p *Page) { p.Total = 50 }
		}},
		{name: "the total is zero", rows: 120, whole: true, mess: func(l *list) {
			l.after = func(_ int, p *Page) { p.Total = 0 }
		}},
		{name: "the total shrinks for a while", rows: 120, whole: true, mess: func(l *list) {
			l.after = func(call int, p *Page) {
				if call == 2 {
					p.Total = 80
				}
			}
		}},
		{name: "the total is too high: more may be hidden", rows: 120, whole: false, mess: func(l *list) {
			l.after = func(_ int, p *Page) { p.Total = 200 }
		}},
		{name: "a row takes another's place in one answer", rows: 120, whole: true, mess: func(l *list) {
			l.after = func(call int, p *Page) {
				if call == 1 {
					p.Tasks[7] = p.Tasks[8]
				}
			}
		}},
		{name: "a row is listed more than once", rows: 20, whole: true, calls: 2, mess: func(l *list) {
			l.rows = slices.Insert(l.rows, 8, l.rows[7], l.rows[7])
		}},
		{name: "a few of many are listed more than once", rows: 237, whole: true, mess: func(l *list) {
			for _, i := range []int{200, 120, 49, 7} { // one of them at the end of a page
				l.rows = slices.Insert(l.rows, i, l.rows[i])
			}
		}},
		{name: "a few are listed on other pages, too", rows: 237, whole: true, mess: func(l *list) {
			at := l.rows[0].Created
			for i := range l.rows {
				l.rows[i].Created = at
			}
			l.rows = append(l.rows, l.rows[3], l.rows[60], l.rows[150])
		}},
		{name: "every page is the first, and the total agrees", rows: 150, whole: false, mess: func(l *list) {
			l.after = func(_ int, p *Page) { p.Tasks = slices.Clone(l.rows[:50]) }
		}},
		{name: "all are listed twice", rows: 60, whole: true, mess: func(l *list) {
			l.rows = slices.Concat(l.rows, l.rows)
			slices.SortStableFunc(l.rows, func(a, b Task) int { return b.Created.Compare(a.Created) })
		}},
		{name: "pages beyond the end repeat the last", rows: 100, whole: true, calls: 3, mess: func(l *list) {
			l.after = func(_ int, p *Page) {
				if p.Number > 2 {
					p.Tasks = slices.Clone(l.rows[50:])
				}
			}
		}},
		{name: "pages beyond the end are refused", rows: 100, whole: true, calls: 3, mess: func(l *list) {
			l.fail = func(_ int, _ Query, page int) error {
				if page > 2 {
					return &Error{Class: Rejected, Code: "InvalidPageNumber"}
				}
				return nil
			}
		}},
		{name: "every page is the first", rows: 120, whole: false, mess: func(l *list) {
			l.after = func(_ int, p *Page) { p.Tasks = slices.Clone(l.rows[:50]) }
		}},
	}
	for _, tt := range tests {
		for _, workers := range []int{1, 8} {
			t.Run(fmt.Sprint(tt.name, "/", workers), func(t *testing.T) {
				l := &list{rows: numbered(tt.rows)}
				if tt.mess != nil {
					tt.mess(l)
				}
				b, w := readAll(t, l, State{}, everything(), workers)
				if b.Err != nil {
					t.Fatal(b.Err)
				}
				proven := len(b.Rest()) == 0 && w.end == whole
				if proven != tt.whole || proven == (b.Unproven > 0) || w.end == unread {
					t.Errorf("whole %v, unproven %d", proven, b.Unproven)
				}
				if tt.calls > 0 && b.Calls != tt.calls {
					t.Errorf("%d pages, want %d", b.Calls, tt.calls)
				}
				if tt.whole {
					got := map[Key]bool{}
					for _, task := range b.Tasks {
						got[task.Key] = true
					}
					for _, task := range l.rows {
						if !got[task.Key] {
							t.Errorf("%v is missing", task.Key)
						}
					}
					if len(b.Tasks) != len(got) {
						t.Error("a row came twice")
					}
				}
			})
		}
	}
}

// A page that is another page's answer, as of a cache, has as many rows as its own would
// have, and the same in every pass.
func TestAPageOfAnotherProvesNothing(t *testing.T) {
	for _, workers := range []int{1, 8} {
		l := &list{rows: numbered(150)}
		l.after = func(_ int, p *Page) {
			if p.Number == 2 {
				p.Tasks = slices.Clone(l.rows[:50])
			}
		}
		if b, w := readAll(t, l, State{}, everything(), workers); w.end == whole && len(b.Rest()) == 0 {
			t.Errorf("%d workers: whole with %d rows", workers, len(b.Tasks))
		}
	}
}

func TestReadStopsAtAnErrorAndKeepsWhatItRead(t *testing.T) {
	overload := &Error{Class: Transient, Code: "Throttling.User"}
	l := &list{rows: numbered(237), fail: func(call int, _ Query, _ int) error {
		if call == 3 {
			return overload
		}
		return nil
	}}
	r := NewReader(l, State{}, 1)
	r.Read(t.Context(), time.Time{}, everything())
	r.Read(t.Context(), time.Time{}, lookUp(DefaultLimits().window(noon), "0001", ""))
	b := r.Batch()
	if !errors.Is(b.Err, overload) || len(b.Tasks) != 100 || b.Calls != 2 || l.calls != 3 || b.Unproven != 0 {
		t.Errorf("error %v, %d rows, %d of %d calls", b.Err, len(b.Tasks), b.Calls, l.calls)
	}
	if w := b.Windows[0]; w.end != unread || w.Next != 3 || w.Total != 237 || b.Windows[1].end != unread {
		t.Errorf("it does not say where to go on: %+v", w)
	}
}

// A window goes on at its next page, in a run that knows what the others have read. Only
// the last page before it is read again.
func TestReadGoesOnWhereItStopped(t *testing.T) {
	l := &list{rows: numbered(1234)}
	var s State
	w, runs := everything(), 0
	for ; w.end != whole; runs++ {
		r := NewReader(l, s, 4)
		r.Limit(4)
		r.Read(t.Context(), time.Time{}, w)
		b := r.Batch()
		w = b.Windows[0]
		for _, task := range b.Tasks {
			if at := unixSeconds(task.Created); !s.Finished.has(task.Hash(), at) {
				s.Finished = s.Finished.with([]Record{{Hash: task.Hash(), Created: at}})
			}
		}
	}
	if runs != 8 || l.calls != 25+7 || len(s.Finished) != 1234 {
		t.Errorf("%d runs, %d pages, %d rows", runs, l.calls, len(s.Finished))
	}
}

// Where a run has the time of one answer only, it can end a list whose last page is full:
// the page that is read again and the one that may hide behind it travel together.
func TestReadEndsAListInTheTimeOfOneAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := &list{rows: numbered(2 * PageSize)}, everything()
		var s State
		for _, task := range l.rows {
			s.Finished = s.Finished.with([]Record{{Hash: task.Hash(), Created: unixSeconds(task.Created)}})
		}
		w.Next, w.Before, w.Seen = 3, 2*PageSize, 2*PageSize
		r := NewReader(slow{l}, s, 2)
		r.Read(t.Context(), time.Now().Add(500*time.Millisecond), w)
		if b := r.Batch(); b.Windows[0].end != whole || b.Calls != 2 {
			t.Errorf("%d calls, window %+v", b.Calls, b.Windows[0])
		}
	})
}

// The ends may count or not: a remembered row of the first or last second is only there
// if it was listed.
func TestRowsAtTheEndsCountOnlyWhenListed(t *testing.T) {
	w := windowFor(Span{noon.Add(-time.Hour), noon})
	at := func(id string, when time.Time) Task { t := row(id, Complete, 0); t.Created = when; return t }
	first, last, inside := at("first", w.From), at("last", w.To), at("inside", noon.Add(-time.Minute))
	var s State
	for _, task := range []Task{first, last, inside} {
		s.Finished = s.Finished.with([]Record{{Hash: task.Hash(), Created: unixSeconds(task.Created)}})
	}
	for name, listed := range map[string][]Task{"both": {last, inside, first}, "neither": {inside}, "one": {last, inside}} {
		l := &list{rows: listed}
		b, w := readAll(t, l, s, w, 1)
		if w.end != whole || w.Own || b.Calls != 1 {
			t.Errorf("%s: %+v after %d calls", name, w, b.Calls)
		}
	}
}

// A row that has left the list must not stand in for one that nobody has seen.
func TestVanishedRowsDoNotCount(t *testing.T) {
	rows := numbered(120)
	var s State
	for i := range 30 { // remembered, and not listed any more
		gone := row(fmt.Sprint("gone", i), Complete, time.Hour)
		s.Finished = s.Finished.with([]Record{{Hash: gone.Hash(), Created: unixSeconds(gone.Created)}})
	}
	l := &list{rows: slices.Clone(rows)}
	l.after = func(call int, p *Page) { // the first pass does not show page 2
		if call == 2 {
			p.Tasks = p.Tasks[:20]
		}
	}
	b, w := readAll(t, l, s, everything(), 1)
	if w.end != whole || len(b.Tasks) != len(rows) {
		t.Errorf("%d of %d rows read, window %+v", len(b.Tasks), len(rows), w)
	}
}

func TestReadGoesOnAfterARefusedQuestion(t *testing.T) {
	window := DefaultLimits().window(noon)
	old := windowFor(Span{noon.Add(-3 * time.Hour), noon.Add(-2 * time.Hour)})
	l := &list{rows: numbered(10), fail: func(_ int, q Query, _ int) error {
		if q == old.Query {
			return &Error{Class: Rejected, Code: "InvalidTime"}
		}
		switch q.TaskID {
		case "gone":
			return fmt.Errorf("look up: %w", &Error{Class: Rejected, Code: "InvalidTaskId", Err: ErrNoSuchTask})
		case "bad":
			return &Error{Class: Rejected, Code: "InvalidTaskId.Malformed"}
		}
		return nil
	}}
	r := NewReader(l, State{}, 1)
	r.Read(t.Context(), time.Time{}, lookUp(window, "gone", ""), lookUp(window, "bad", ""), windowFor(window))
	b := r.Batch()
	for i, want := range []result{whole, refused, whole} {
		if b.Windows[i].end != want {
			t.Errorf("window %d: %v, want %v", i, b.Windows[i].end, want)
		}
	}
	if b.Err != nil || b.Refused != 1 || len(b.Tasks) != 10 {
		t.Errorf("error %v, %d refused, %d rows", b.Err, b.Refused, len(b.Tasks))
	}
	r = NewReader(l, State{}, 1)
	r.Read(t.Context(), time.Time{}, old, windowFor(window))
	if b := r.Batch(); b.Err == nil || b.Windows[0].end != unread || b.Windows[1].end != whole {
		t.Errorf("one of two windows is refused: error %v, %+v", b.Err, b.Windows)
	}
	person := Filter{TaskID: "bad"}.Windows(window, noon, DefaultLimits())
	if b, _ := readAll(t, l, State{}, person[0], 1); b.Err == nil {
		t.Error("a person who asks for a malformed id does not hear of it")
	}
}

func TestReadKeepsToItsTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := &list{rows: numbered(500), before: func(call int) {
		if call == 4 {
			cancel()
		}
	}}
	r := NewReader(l, State{}, 1)
	r.Read(ctx, time.Time{}, everything())
	b := r.Batch()
	if !errors.Is(b.Err, context.Canceled) || len(b.Tasks) != 200 || b.Windows[0].Next != 5 {
		t.Errorf("error %v, %d rows, window %+v", b.Err, len(b.Tasks), b.Windows[0])
	}
}

// slow answers each page after a second.
type slow struct{ list *list }

func (s slow) List(ctx context.Context, q Query, n int) (Page, error) {
	<-time.After(time.Second) // of the synctest bubble
	return s.list.List(ctx, q, n)
}

func TestReadAsksConcurrently(t *testing.T) {
	for workers, want := range map[int]time.Duration{1: 9 * time.Second, 4: 3 * time.Second, 8: 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, w := readAll(t, slow{&list{rows: numbered(440)}}, State{}, everything(), workers)
			if took := time.Since(start); took != want || w.end != whole {
				t.Errorf("%d workers took %v, want %v", workers, took, want)
			}
		})
	}
}

// No page is asked for after the run's time, and those under way are waited for.
func TestReadAsksNothingAfterItsStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReader(slow{&list{rows: numbered(500)}}, State{}, 2)
		r.Read(t.Context(), time.Now().Add(2500*time.Millisecond), everything())
		if b := r.Batch(); b.Calls != 5 || b.Windows[0].Next != 6 || b.Err != nil {
			t.Errorf("%d calls, error %v, window %+v", b.Calls, b.Err, b.Windows[0])
		}
	})
}

func TestAFinishedReadingStays(t *testing.T) {
	done, flying := row("a", Complete, time.Hour), row("a", Refreshing, time.Hour)
	for _, order := range [][]Task{{done, flying}, {flying, done}} {
		c := collection{at: map[Key]int{}}
		for _, task := range order {
			c.add(task)
		}
		if c.tasks[0].Status != Complete {
			t.Errorf("after %v: %v", order, c.tasks[0].Status)
		}
	}
}

// A creation time that no state can hold counts as none.
func TestCreationTimesAreBounded(t *testing.T) {
	for _, tt := range []struct {
		at   time.Time
		none bool
	}{
		{noon, false}, {time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC), false}, {time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), false},
		{time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), true}, {time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*3600)), true}, // year 10000 of UTC, which JSON refuses
	} {
		if got := (Task{Created: tt.at}).clean(); got.Created.IsZero() != tt.none {
			t.Errorf("%v became %v", tt.at, got.Created)
		}
	}
}

// The three days move on while a large window is read: what is cut off its old end costs
// no other pass.
func TestACutWindowStillAddsUp(t *testing.T) {
	w := everything()
	rows := numbered(1234)
	for i := range 3 { // in the last second, which the API counts
		last := row(fmt.Sprint("last", i), Complete, 0)
		rows = append([]Task{last}, rows...)
	}
	for i := range 40 { // in the hour that is about to leave
		rows = append(rows, row(fmt.Sprint("old", i), Complete, 71*time.Hour+time.Duration(i)*time.Minute))
	}
	l := &list{rows: rows}
	var s State
	for runs := 0; w.end != whole; runs++ {
		r := NewReader(l, s, 4)
		r.Limit(5)
		w = w.cut(DefaultLimits().floor(noon).Add(time.Duration(runs) * time.Minute))
		r.Read(t.Context(), time.Time{}, w)
		b := r.Batch()
		if w = b.Windows[len(b.Windows)-1]; w.Passes > 0 || runs > 8 {
			t.Fatalf("run %d: %+v", runs, w)
		}
		for _, task := range b.Tasks {
			if at := unixSeconds(task.Created); !s.Finished.has(task.Hash(), at) {
				s.Finished = s.Finished.with([]Record{{Hash: task.Hash(), Created: at}})
			}
		}
	}
}
