package poller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOwedIsDue(t *testing.T) {
	span := []Span{{noon.Add(-time.Hour), noon.Add(-50 * time.Minute)}}
	tests := []struct {
		name string
		owed Owed
		room Sinks
		want bool
	}{
		{"nothing is owed", Owed{Sinks: 1}, 1, false},
		{"the sink has no room, and it is early", Owed{Spans: span, Sinks: 1, Again: noon.Add(time.Minute)}, 2, false},
		{"the sink has room", Owed{Spans: span, Sinks: 1, Again: noon.Add(time.Hour)}, 3, true},
		{"one of two sinks has room", Owed{Spans: span, Sinks: 3, Again: noon.Add(time.Hour)}, 2, true},
		{"no sink has room, and it is time", Owed{Spans: span, Sinks: 1, Again: noon}, 0, true},
		{"the state was full, and it is early", Owed{Spans: span, Again: noon.Add(time.Minute)}, AllSinks, false},
		{"a clock that was days ahead said when", Owed{Spans: span, Sinks: 1, Again: noon.Add(96 * time.Hour)}, 0, true},
	}
	for _, tt := range tests {
		if got := tt.owed.due(noon, tt.room, mostInFlight); got != tt.want {
			t.Errorf("%s: due %v", tt.name, got)
		}
	}
	flying := Owed{Spans: span, InFlight: true, Again: noon.Add(time.Hour)}
	if flying.due(noon, AllSinks, mostInFlight) || !flying.due(noon, 0, mostInFlight/2-1) {
		t.Error("rows in flight are due when there is room for them, and not before")
	}
}

// crowded is a steady state with so many rows that no poll reads all of them for nothing.
func crowded() State {
	var rows []Task
	for i := range 3 * PageSize {
		rows = append(rows, row(fmt.Sprint("row", i), Complete, time.Duration(i+6)*time.Minute))
	}
	return steady().remembering(1, rows...)
}

// Rows that nobody has room for are remembered as finished, and read again after two
// minutes, four, and so on up to six hours: exactly then, and never between.
func TestOwedIsReadLessAndLessOften(t *testing.T) {
	s, old := crowded(), row("a", Complete, 30*time.Hour)
	policy := Policy{Sinks: func(Event) Sinks { return 1 }, Room: func(Event, Sinks) Sinks { return 0 }}
	p := Plan{At: noon, Limits: DefaultLimits(), Fresh: windowFor(Span{old.Created, noon})}
	c := s.Diff(p, listing(p, old), noon, policy)
	if c.New != 1 || c.Silent != 0 || c.Held != 1 || !c.Changed || c.State.remembered(old) != "Complete 0 owed" {
		t.Fatalf("%+v, remembered as %s", c, c.State.remembered(old))
	}
	var pauses []time.Duration
	last := noon
	for now := noon; len(pauses) < 10; {
		now = now.Add(time.Minute)
		c.State.Rescanned = now // which is another reason to read
		p := c.State.Plan(now, DefaultLimits())
		var rows []Task
		if reads(p, old) {
			rows, pauses, last = []Task{old}, append(pauses, now.Sub(last)), now
		}
		if c = c.State.Diff(p, listing(p, rows...), now, policy); c.Held != 1 || !c.Truncated || c.New != 0 {
			t.Fatalf("after %v: %+v", now.Sub(noon), c)
		}
	}
	m := time.Minute
	if diff := cmp.Diff([]time.Duration{2 * m, 2 * m, 4 * m, 8 * m, 16 * m, 32 * m, 64 * m, 128 * m, 256 * m, 360 * m}, pauses); diff != "" {
		t.Errorf("pauses: %s", diff)
	}

	now := last.Add(time.Minute)
	limits := DefaultLimits()
	limits.Room = 1
	p = c.State.Plan(now, limits)
	c = c.State.Diff(p, listing(p, old), now, Policy{Sinks: policy.Sinks})
	if !reads(p, old) || len(c.Notify) != 1 || c.New != 0 || c.State.remembered(old) != "Complete 1" || c.Truncated {
		t.Errorf("with room: %+v, remembered as %s", c, c.State.remembered(old))
	}
	p = c.State.Plan(now.Add(time.Minute), limits)
	if c = c.State.Diff(p, listing(p), now.Add(time.Minute), policy); c.State.Owed.Spans != nil {
		t.Errorf("nothing is owed any more: %+v", c.State.Owed)
	}
}

// What is owed and leaves the API's memory is reported as a gap: nobody can read it any
// more.
func TestOwedRowsThatTheAPIForgetsAreAGap(t *testing.T) {
	s := crowded()
	s.Owed = Owed{Spans: []Span{{noon.Add(-71 * time.Hour), noon.Add(-70 * time.Hour)}}, Sinks: 1, Again: noon.Add(6 * time.Hour)}
	var gaps []Span
	for now := noon; now.Before(noon.Add(6 * time.Hour)); now = now.Add(time.Minute) {
		s.Rescanned = now // which would read them
		p := s.Plan(now, DefaultLimits())
		c := s.Diff(p, listing(p), now, Policy{})
		if c.Gap != nil {
			gaps = append(gaps, *c.Gap)
		}
		s = c.State
	}
	if diff := cmp.Diff([]Span{{noon.Add(-71 * time.Hour), noon.Add(-70 * time.Hour)}}, gaps); diff != "" {
		t.Error(diff)
	}
	if s.Owed.Spans != nil {
		t.Errorf("still owed after the gap: %+v", s.Owed)
	}
}

// A row that is listed and cannot be paid for another reason than room is read again: a
// replica that lags shows it in flight, or its status has changed too often for a message.
func TestOwedRowsStayOwedUntilTheyArePaid(t *testing.T) {
	for name, tt := range map[string]struct {
		code   Code
		listed Status
	}{
		"a replica that lags":       {codeFor(Complete) | codeOwed, Refreshing},
		"one change after the last": {codeFor(Complete) | codeOwed | codeChanges, Failed},
	} {
		old := row("a", Complete, 30*time.Hour)
		s := crowded()
		s.Finished = s.Finished.with([]Record{{old.Hash(), unixSeconds(old.Created), 1, tt.code}})
		s.Owed = Owed{Spans: []Span{{old.Created, old.Created.Add(time.Second)}}, Sinks: 2, Again: noon}
		listed := old
		listed.Status = tt.listed
		limits := DefaultLimits()
		limits.Room = 2
		p := s.Plan(noon, limits)
		c := s.Diff(p, listing(p, listed), noon, Policy{Sinks: func(Event) Sinks { return 3 }})
		if len(c.Notify) != 0 || !covered(c.State.Owed.Spans, s.Owed.Spans[0]) {
			t.Errorf("%s: %d notified, owed %+v", name, len(c.Notify), c.State.Owed)
		}
	}
}

// What is owed may take several runs to read. Each sees a part of the rows, and none of them
// may be left out when the last one has read the rest.
func TestOwedRowsStayOwedOverSeveralRuns(t *testing.T) {
	l := &list{}
	s := crowded()
	for i := range 4 * PageSize {
		task := row(fmt.Sprint("owed", i), Complete, 30*time.Hour+time.Duration(i)*time.Minute)
		l.rows = append(l.rows, task)
		s.Finished = s.Finished.with([]Record{{task.Hash(), unixSeconds(task.Created), 1, codeFor(Complete) | codeOwed}})
	}
	s.Owed = Owed{Spans: []Span{{l.rows[len(l.rows)-1].Created, l.rows[0].Created.Add(time.Second)}}, Sinks: 2, Again: noon}
	now, runs := noon, 0
	for done := false; !done; done = len(s.Windows) == 0 {
		now, runs = now.Add(time.Minute), runs+1
		s.Rescanned = now // which would read them
		p := s.Plan(now, DefaultLimits())
		r := NewReader(l, s, 1)
		r.Limit(3)
		r.Poll(t.Context(), s, p, func(int) time.Time { return time.Time{} })
		s = s.Diff(p, r.Batch(), now, Policy{Clock: now, Sinks: func(Event) Sinks { return 3 }, Room: func(Event, Sinks) Sinks { return 0 }}).State
		for _, task := range l.rows {
			if !covered(s.Owed.Spans, Span{task.Created, task.Created.Add(time.Second)}) {
				t.Fatalf("run %d: %s is not owed any more, but %v", runs, task.TaskID, s.Owed.Spans)
			}
		}
	}
	if runs < 2 {
		t.Errorf("read in %d run", runs)
	}
}

func TestNearby(t *testing.T) {
	at := func(minutes ...int) []time.Time {
		var times []time.Time
		for _, m := range minutes {
			times = append(times, noon.Add(time.Duration(m)*time.Minute))
		}
		return times
	}
	second := time.Second
	if diff := cmp.Diff([]Span{{noon, noon.Add(12*time.Minute + second)}, {noon.Add(time.Hour), noon.Add(time.Hour + second)}}, nearby(nil, at(60, 12, 0, 5))); diff != "" {
		t.Error(diff)
	}
	var far []int
	for i := range 100 {
		far = append(far, i*17)
	}
	got := nearby([]Span{{noon.Add(-time.Hour), noon}}, at(far...))
	if len(got) > mostOwed || len(got) == 0 {
		t.Fatalf("%d spans", len(got))
	}
	for _, t0 := range at(far...) {
		if !covered(got, Span{t0, t0.Add(second)}) {
			t.Errorf("%v is lost", t0)
		}
	}
}

// More rows in flight than a document may hold: those beyond it are read again, less and less
// often, and as soon as others have finished; everything is notified once.
func TestRowsInFlightBeyondTheRoomAreReadAgain(t *testing.T) {
	const rows = mostInFlight / 4000 * 5 / 4
	long := func(i int, status Status) Task {
		task := row(fmt.Sprint("flying", i), status, 30*time.Hour+time.Duration(i)*time.Second)
		task.ObjectPath = fmt.Sprint("https://cdn.example.com/", strings.Repeat("x", 4000), i)
		return task
	}
	list := func(status Status) (all []Task) {
		for i := range rows {
			all = append(all, long(i, status))
		}
		return all
	}
	s := crowded()
	p := Plan{At: noon, Limits: DefaultLimits(), Fresh: windowFor(Span{noon.Add(-31 * time.Hour), noon})}
	c := s.Diff(p, listing(p, list(Refreshing)...), noon, Policy{})
	if held := rows - len(c.State.InFlight); held < rows/10 || held > rows/3 || c.Held != held || !c.Truncated || !c.State.Owed.InFlight {
		t.Fatalf("%d of %d in flight, %d held, %+v", len(c.State.InFlight), rows, c.Held, c.State.Owed)
	}
	notified := map[string]int{}
	for n := range 10 {
		now := noon.Add(time.Duration(n+1) * time.Minute)
		p := c.State.Plan(now, DefaultLimits())
		var listed []Task
		for _, task := range list(Complete) {
			if reads(p, task) || slices.ContainsFunc(c.State.InFlight, func(o InFlight) bool { return o.Key == task.Key }) {
				listed = append(listed, task)
			}
		}
		c = c.State.Diff(p, listing(p, listed...), now, Policy{})
		for _, e := range c.Notify {
			notified[e.Task.TaskID]++
			if notified[e.Task.TaskID] > 1 {
				t.Fatalf("%s was notified twice", e.Task.TaskID)
			}
		}
	}
	if len(notified) != rows || c.Truncated || c.State.Owed.InFlight {
		t.Errorf("%d of %d rows were notified, %+v", len(notified), rows, c.State.Owed)
	}
}
