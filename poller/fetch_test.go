package poller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
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
		if !t.Created.Before(q.From) && !t.Created.After(q.To) && (q.TaskID == "" || q.TaskID == t.TaskID) {
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

func everything() []Query { return []Query{ask(DefaultLimits().window(noon))} }

func TestFetchSurvivesMovingAndLyingLists(t *testing.T) {
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
		{name: "a page is another one", rows: 120, whole: true, calls: 6, mess: func(l *list) {
			l.after = func(call int, p *Page) {
				if call == 2 {
					p.Number = 7
				}
			}
		}},
		{name: "the total is too low", rows: 120, whole: true, mess: func(l *list) {
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
		{name: "rows are repeated within a page", rows: 120, whole: false, mess: func(l *list) {
			l.after = func(_ int, p *Page) {
				if p.Number == 1 {
					p.Tasks[7] = p.Tasks[8]
				}
			}
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
				b := Fetch(t.Context(), l, everything(), FetchOptions{Workers: workers})
				if b.Err != nil {
					t.Fatal(b.Err)
				}
				if whole := len(b.Whole) == 1; whole != tt.whole || b.Unproven != len(b.Rest) || len(b.Whole)+len(b.Rest) != 1 {
					t.Errorf("whole %v, rest %v, unproven %d", b.Whole, b.Rest, b.Unproven)
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

// Whatever moves while it is read: a window that is called whole is whole.
func TestFetchNeverCallsAHalfReadListWhole(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		l := &list{rows: numbered(1 + rng.IntN(200))}
		always := slices.Clone(l.rows)
		l.before = func(call int) {
			if rng.IntN(4) > 0 || call > 12 {
				return
			}
			switch i := rng.IntN(len(l.rows)); rng.IntN(3) {
			case 0:
				l.rows = slices.Insert(l.rows, i, row(fmt.Sprint("new", call), Pending, l.rows[i].age()))
			case 1:
				gone := l.rows[len(l.rows)-1] // the oldest ages out
				l.rows = l.rows[:len(l.rows)-1]
				always = slices.DeleteFunc(always, func(t Task) bool { return t.Key == gone.Key })
				if len(l.rows) == 0 {
					l.rows = numbered(1)
				}
			case 2:
				j := rng.IntN(len(l.rows))
				l.rows[i], l.rows[j] = l.rows[j], l.rows[i]
			}
		}
		b := Fetch(t.Context(), l, everything(), FetchOptions{})
		got := newCollection(b.Tasks)
		for _, task := range always {
			if _, ok := got.at[task.Key]; !ok && len(b.Whole) > 0 {
				t.Fatalf("seed %d: %v is missing from a whole answer", seed, task.Key)
			}
		}
	}
}

func (t Task) age() time.Duration { return noon.Sub(t.Created) }

func TestFetchStopsAtAnErrorAndKeepsWhatItRead(t *testing.T) {
	overload := &Error{Class: Transient, Code: "Throttling.User"}
	l := &list{rows: numbered(237), fail: func(call int, _ Query, _ int) error {
		if call == 3 {
			return overload
		}
		return nil
	}}
	qs := append(everything(), lookUp(DefaultLimits().window(noon), "0001"))
	b := Fetch(t.Context(), l, qs, FetchOptions{})
	if !errors.Is(b.Err, overload) || len(b.Tasks) == 0 || b.Calls != 2 || l.calls != 3 || b.Unproven != 0 {
		t.Errorf("error %v, %d rows, %d of %d calls", b.Err, len(b.Tasks), b.Calls, l.calls)
	}
	if diff := cmp.Diff(qs[:1], b.Rest); diff != "" {
		t.Error(diff)
	}
}

func TestFetchGoesOnAfterARefusedQuestion(t *testing.T) {
	window := DefaultLimits().window(noon)
	l := &list{rows: numbered(10), fail: func(_ int, q Query, _ int) error {
		switch q.TaskID {
		case "gone":
			return fmt.Errorf("look up: %w", &Error{Class: Rejected, Code: "InvalidTaskId", Err: ErrNoSuchTask})
		case "bad":
			return &Error{Class: Rejected, Code: "InvalidTaskId.Malformed"}
		}
		return nil
	}}
	qs := []Query{lookUp(window, "gone"), lookUp(window, "bad"), ask(window)}
	b := Fetch(t.Context(), l, qs, FetchOptions{})
	if diff := cmp.Diff([]Query{qs[0], qs[2]}, b.Whole); diff != "" {
		t.Error(diff)
	}
	var e *Error
	if !errors.As(b.Err, &e) || e.Code != "InvalidTaskId.Malformed" || len(b.Tasks) != 10 {
		t.Errorf("error %v, %d rows", b.Err, len(b.Tasks))
	}
}

func TestFetchKeepsToItsTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := &list{rows: numbered(500), before: func(call int) {
		if call == 4 {
			cancel()
		}
	}}
	b := Fetch(ctx, l, everything(), FetchOptions{})
	if !errors.Is(b.Err, context.Canceled) || len(b.Tasks) != 200 || len(b.Rest) != 1 {
		t.Errorf("error %v, %d rows, rest %v", b.Err, len(b.Tasks), b.Rest)
	}
}

// A window that costs more pages than there are is read from its newer end, and
// what is called whole covers all its rows.
func TestFetchHalvesWhatItCannotAfford(t *testing.T) {
	l := &list{rows: numbered(7800)}
	for i := range l.rows {
		l.rows[i].Created = noon.Add(-time.Duration(i) * 30 * time.Second)
	}
	b := Fetch(t.Context(), l, everything(), FetchOptions{Pages: 60, Workers: 4})
	if b.Calls > 60 || b.Err != nil || len(b.Tasks) < 2000 || len(b.Rest) == 0 {
		t.Fatalf("%d calls, %d rows, rest %d, error %v", b.Calls, len(b.Tasks), len(b.Rest), b.Err)
	}
	read := Scope{}.read(b.Whole)
	if len(read) != 1 || !read[0].To.After(noon) {
		t.Fatalf("read %v", read)
	}
	got := newCollection(b.Tasks)
	for _, task := range l.rows {
		if _, ok := got.at[task.Key]; read[0].has(task.Created) && !ok {
			t.Fatalf("%v is missing", task.Key)
		}
	}
	var asked []Span
	for _, q := range append(b.Whole, b.Rest...) {
		asked = union(asked, q.span())
	}
	if diff := cmp.Diff([]Span{DefaultLimits().window(noon)}, asked); diff != "" {
		t.Errorf("whole and rest leave something out: %s", diff)
	}
}

// slow answers each page after a second.
type slow struct{ list *list }

func (s slow) List(ctx context.Context, q Query, n int) (Page, error) {
	<-time.After(time.Second) // of the synctest bubble
	return s.list.List(ctx, q, n)
}

func TestFetchAsksConcurrently(t *testing.T) {
	for workers, want := range map[int]time.Duration{1: 9 * time.Second, 4: 3 * time.Second, 8: 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			b := Fetch(t.Context(), slow{&list{rows: numbered(440)}}, everything(), FetchOptions{Workers: workers})
			if took := time.Since(start); took != want || len(b.Whole) != 1 {
				t.Errorf("%d workers took %v, want %v", workers, took, want)
			}
		})
	}
}

func TestMergeKeepsAFinishedReading(t *testing.T) {
	done, open := row("a", Complete, time.Hour), row("a", Refreshing, time.Hour)
	first := Batch{Tasks: []Task{done}, Calls: 1, Err: context.Canceled}
	second := Batch{Tasks: []Task{open, row("b", Pending, 0)}, Calls: 2, Err: &Error{Class: Denied}}
	b := first.Merge(second)
	if diff := cmp.Diff([]Task{done, row("b", Pending, 0)}, b.Tasks); diff != "" {
		t.Error(diff)
	}
	if b.Calls != 3 || !errors.Is(b.Err, second.Err) {
		t.Errorf("%d calls, error %v", b.Calls, b.Err)
	}
	later := (Batch{Tasks: []Task{open}}).Merge(Batch{Tasks: []Task{done}})
	if later.Tasks[0].Status != Complete {
		t.Error("the later reading is lost")
	}
}
