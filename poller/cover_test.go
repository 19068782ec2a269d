package poller

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answered is a batch in which the fresh window of p ended like this.
func answered(p Plan, end result) Batch {
	w := p.Fresh
	w.asked, w.end = w.Query, end
	return Batch{Windows: []Window{w}, Calls: 1, Now: p.At}
}

func TestMarkMovesOnlyWhenProven(t *testing.T) {
	s := steady()
	p := s.Plan(noon, DefaultLimits())
	if c := s.Diff(p, answered(p, unread), noon, Policy{}); !c.State.Mark().Equal(s.Mark()) || c.Truncated {
		t.Errorf("nothing was read, and the mark is at %v", c.State.Mark())
	}
	c := s.Diff(p, answered(p, whole), noon, Policy{})
	if !c.State.Mark().Equal(noon) || len(c.State.Scanned) != 1 || c.Changed {
		t.Errorf("proven: the mark is at %v, scanned %v; a quiet poll need not be written: %v", c.State.Mark(), c.State.Scanned, c.Changed)
	}
	c = s.Diff(p, answered(p, unproven), noon, Policy{})
	w := c.State.Windows
	if len(w) != 1 || !w[0].Again.After(noon) || covered(c.State.Scanned, p.Fresh.Span()) || !c.Changed {
		t.Errorf("unproven: %+v, scanned %v", w, c.State.Scanned)
	}
}

// The answer about one task id says nothing of what else was created in the window that
// the question spans.
func TestALookUpReadsNoWindow(t *testing.T) {
	s := steady(row("a", Refreshing, 40*time.Minute))
	hole := Span{noon.Add(-50 * time.Hour), noon.Add(-10 * time.Hour)}
	s.Scanned = without(s.Scanned, hole)
	p := s.Plan(noon, DefaultLimits())
	w := lookUp(DefaultLimits().window(noon), "a", "")
	w.asked, w.end = w.Query, whole
	b := answered(p, whole)
	b.Windows = append(b.Windows, w)
	if c := s.Diff(p, b, noon, Policy{}); len(holes(c.State.Scanned, hole)) != 1 {
		t.Errorf("a hole of 40 hours counts as read: %v", c.State.Scanned)
	}
}

// What is not proven is asked for less and less often.
func TestUnprovenIsAskedLessAndLess(t *testing.T) {
	w := windowFor(Span{noon.Add(-time.Hour), noon})
	var last time.Duration
	for range 20 {
		w.pause(noon)
		pause := w.Again.Sub(noon)
		if pause < last || pause > longestPause {
			t.Fatalf("%v after %v", pause, last)
		}
		last = pause
	}
	if last != longestPause {
		t.Errorf("the last pause is %v", last)
	}
}

// A hole that leaves the three days is reported once, wherever it lies, and an hour of it
// at a time while it is still leaving.
func TestGaps(t *testing.T) {
	l := DefaultLimits()
	floor := noon.Add(l.Margin - l.Window)
	ago := func(d time.Duration) time.Time { return floor.Add(-d) }
	h := time.Hour
	tests := []struct {
		name    string
		scanned []Span
		want    *Span
	}{
		{"everything was read", []Span{{ago(99 * h), noon}}, nil},
		{"no run for too long", []Span{{ago(99 * h), ago(5 * h)}}, &Span{ago(5 * h), floor}},
		{"a hole behind the mark", []Span{{ago(99 * h), ago(5 * h)}, {ago(3 * h), noon}}, &Span{ago(5 * h), ago(3 * h)}},
		{"a short hole that has left", []Span{{ago(99 * h), ago(2 * time.Minute)}, {ago(time.Minute), noon}}, &Span{ago(2 * time.Minute), ago(time.Minute)}},
		{"a hole that begins to leave can still be read", []Span{{ago(99 * h), ago(2 * time.Minute)}, {ago(-h), noon}}, nil},
		{"an hour of it has left", []Span{{ago(99 * h), ago(h)}, {ago(-h), noon}}, &Span{ago(h), floor}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := steady()
			s.Settled, s.Scanned = ago(6*h), tt.scanned
			p := s.Plan(noon, l)
			if c := s.Diff(p, Batch{Err: &Error{Class: Transient}}, noon, Policy{}); c.Gap != nil {
				t.Error("reported by a run that had no answer")
			}
			c := s.Diff(p, answered(p, whole), noon, Policy{})
			if diff := cmp.Diff(tt.want, c.Gap); diff != "" || c.Gap != nil && !c.Changed {
				t.Error(diff)
			}
			now := noon.Add(time.Minute)
			p = c.State.Plan(now, l)
			if again := c.State.Diff(p, answered(p, whole), now, Policy{}); again.Gap != nil {
				t.Errorf("reported again: %v", again.Gap)
			}
		})
	}
}

// A clock of whole seconds, or one that was read a moment earlier, is no other clock: the
// gap ends where the next run begins to read, and nothing is left of it to report again.
func TestAGapIsReportedOnceByClocksThatDifferALittle(t *testing.T) {
	l := DefaultLimits()
	for _, tt := range []struct {
		behind time.Duration
		gap    time.Time // its end, before the first second that was asked for
	}{
		{0, noon},
		{time.Millisecond, noon},
		{time.Second, noon},
		{30 * time.Second, noon},
		{2 * time.Hour, noon.Add(-2 * time.Hour)},
	} {
		s, began := steady(), noon.Add(l.Margin-l.Window)
		s.Settled, s.Scanned = began.Add(-9*time.Hour), []Span{{began.Add(-99 * time.Hour), began.Add(-9 * time.Hour)}}
		p := s.Plan(noon, l)
		b := listing(p)
		b.Now = noon.Add(-tt.behind)
		c := s.Diff(p, b, noon, Policy{})
		if want := tt.gap.Add(l.Margin - l.Window); c.Gap == nil || !c.Gap.To.Equal(want) {
			t.Errorf("%v behind: gap %v, want its end at %v", tt.behind, c.Gap, want)
		}
		if tt.behind > sameClock {
			continue
		}
		later := noon.Add(time.Second)
		p = c.State.Plan(later, l)
		b = listing(p)
		b.Now = later
		if again := c.State.Diff(p, b, later, Policy{}).Gap; again != nil {
			t.Errorf("%v behind: reported again: %v", tt.behind, again)
		}
	}
}

// The first window may need several runs; meanwhile history stays history, what left the
// three days unread is none of anybody's business, and a later run that reaches further
// back takes nothing for new.
func TestTheFirstWindowInSeveralRuns(t *testing.T) {
	l := DefaultLimits()
	var s State
	p := s.Plan(noon, l)
	b := answered(p, unread)
	b.Windows[0].Next, b.Windows[0].Total = 3, 900
	c := s.Diff(p, b, noon, Policy{})
	if c.State.Baseline.IsZero() || !c.Changed || !c.Truncated || len(c.State.Windows) != 1 {
		t.Fatalf("half of a window passes for a whole one: %+v", c.State)
	}
	s = c.State
	now := noon.Add(2 * time.Hour)
	l.Margin = time.Minute
	p = s.Plan(now, l)
	if len(p.Later) != 1 || p.Later[0].Next != 3 {
		t.Fatalf("asked %v", asks(p))
	}
	c = s.Diff(p, listing(p, row("a", Complete, 68*time.Hour)), now, Policy{})
	if c.Silent != 1 || len(c.Notify) > 0 || !c.State.Baseline.IsZero() || !c.Changed || c.Gap != nil || c.Truncated {
		t.Fatalf("%+v", c)
	}
}

// A part of the first window that was read does not end the baseline: the rest is history, too.
func TestTheFirstWindowInPieces(t *testing.T) {
	s := steady()
	s.Baseline, s.Scanned = noon, []Span{{noon.Add(-2 * time.Hour), noon.Add(-time.Minute)}}
	now := noon.Add(time.Minute)
	p := s.Plan(now, DefaultLimits())
	c := s.Diff(p, answered(p, unread), now, Policy{})
	if !c.State.Baseline.Equal(noon) {
		t.Fatalf("two hours of three days pass for all of them: %+v", c.State)
	}
	p = c.State.Plan(now, DefaultLimits())
	c = c.State.Diff(p, listing(p, row("a", Complete, 40*time.Hour)), now, Policy{})
	if c.Silent != 1 || len(c.Notify) > 0 || !c.State.Baseline.IsZero() {
		t.Fatalf("%+v", c)
	}
}

// However many windows do not add up, few are remembered, and nothing of them is left out.
func TestWindowsAreBounded(t *testing.T) {
	s, now := steady(), noon
	for range 200 {
		p := s.Plan(now, DefaultLimits())
		s = s.Diff(p, answered(p, unproven), now, Policy{}).State
		now = now.Add(7 * time.Minute)
	}
	read := s.Scanned
	for _, w := range s.Windows {
		read = union(read, w.Span())
	}
	if len(s.Windows) > mostWindows || !covered(read, Span{noon.Add(-time.Hour), now.Add(-time.Hour)}) {
		t.Errorf("%d windows; not covered: %v", len(s.Windows), holes(read, Span{noon.Add(-time.Hour), now.Add(-time.Hour)}))
	}
}

func TestStuck(t *testing.T) {
	s := steady()
	step := func(end result, err error, rows ...Task) {
		p := s.Plan(noon, DefaultLimits())
		b := answered(p, end)
		b.Err, b.Tasks = err, rows
		s = s.Diff(p, b, noon, Policy{}).State
	}
	for _, tt := range []struct {
		name string
		do   func()
		want int
	}{
		{"nothing closed", func() { step(unproven, nil) }, 1},
		{"again", func() { step(unproven, nil) }, 2},
		{"an error has a name of its own", func() { step(unproven, &Error{Class: Transient}) }, 2},
		{"again", func() { step(unproven, nil) }, 3},
		{"a row that is new is progress", func() { step(unproven, nil, row("a", Complete, time.Minute)) }, 0},
		{"nothing closed", func() { step(unread, nil) }, 1},
		{"a window is whole", func() { step(whole, nil) }, 0},
	} {
		if tt.do(); s.Stuck != tt.want {
			t.Fatalf("%s: stuck %d, want %d", tt.name, s.Stuck, tt.want)
		}
	}
}

// A run that has only the time for what is new does not get nearer to what earlier runs
// have left, however often it succeeds.
func TestStuckBehindWhatIsNew(t *testing.T) {
	left := func(next, passes int, to time.Duration) Window {
		w := windowFor(Span{noon.Add(-60 * time.Hour), noon.Add(-50*time.Hour + to)})
		w.Next, w.Passes, w.Before, w.Seen = next, passes, 500, 50*(next-1)
		return w
	}
	for _, tt := range []struct {
		name  string
		after *Window // what the run left of it; nil: it was not asked for
		end   result
		want  int
	}{
		{"not asked for", nil, unread, 1},
		{"not answered", new(left(9, 0, 0)), unread, 1},
		{"read up to where it was", new(left(8, 0, 0)), unread, 1},
		{"a page more", new(left(10, 0, 0)), unread, 0},
		{"a pass more", new(left(1, 1, 0)), unread, 0},
		{"a piece less", new(left(1, 1, -time.Hour)), unread, 0},
		{"given up for a while", new(left(1, 2, 0)), unproven, 1},
		{"whole", new(left(10, 0, 0)), whole, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := steady()
			s.Windows = []Window{left(9, 0, 0)}
			s.Scanned = without(s.Scanned, s.Windows[0].Span())
			p := s.Plan(noon, DefaultLimits())
			b := answered(p, whole)
			if tt.after != nil {
				w := *tt.after
				w.asked, w.end = p.Later[0].Query, tt.end
				b.Windows = append(b.Windows, w)
			}
			if got := s.Diff(p, b, noon, Policy{}).State.Stuck; got != tt.want || len(p.Later) != 1 {
				t.Errorf("stuck %d, want %d; later %v", got, tt.want, p.Later)
			}
		})
	}
}
