package poller

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at noon every test of this file looks.
var noon = simStart.Add(12 * time.Hour)

func row(id string, status Status, age time.Duration) Task {
	return Task{Key: Key{id, "file", "http://example.com/" + id}, Status: status, Created: noon.Add(-age)}
}

// steady is a state after many polls, the last one a minute ago.
func steady(open ...Task) State {
	s := State{
		Began: noon.Add(-100 * time.Hour), Origin: noon.Add(-172 * time.Hour), Reconciled: noon.Add(-10 * time.Minute),
		Swept: []Span{{noon.Add(-172 * time.Hour), noon.Add(-time.Minute)}},
	}
	for _, t := range open {
		s.Open = append(s.Open, Open{Task: t, FirstSeen: noon.Add(-20 * time.Minute), Asked: noon.Add(-3 * time.Minute)})
	}
	return s
}

func (s State) remembering(told bool, rows ...Task) State {
	var marks []Mark
	for _, t := range rows {
		marks = append(marks, Mark{t.Hash(), unixSeconds(t.Created), codeFor(t, told)})
	}
	s.Done = s.Done.with(marks)
	return s
}

// listing answers every question of p in full with rows.
func listing(p Plan, rows ...Task) Batch {
	return Batch{Tasks: rows, Whole: p.Queries, Calls: len(p.Queries)}
}

func TestDiff(t *testing.T) {
	type told struct {
		Kind Kind
		ID   string
		From Status
		Now  Status
	}
	silent := func(Event) bool { return false }
	off := func(s State) State {
		s.Began, s.Origin, s.Swept, s.Reconciled = time.Time{}, time.Time{}, nil, time.Time{}
		return s
	}
	sweeping := func(s State) State {
		s.Baseline, s.Swept = noon.Add(-time.Hour), []Span{{noon.Add(-time.Hour), noon.Add(-time.Minute)}}
		return s
	}
	h := time.Hour
	tests := []struct {
		name   string
		state  State
		rows   []Task
		policy Policy
		err    error
		tell   []told
		want   Change // the counts
		done   string // what row "a" is remembered as
	}{
		{name: "nothing", state: steady()},
		{name: "an unfinished row finishes", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Complete, h)},
			tell: []told{{Finished, "a", Refreshing, Complete}}, want: Change{New: 1, Complete: 1, Changed: true}, done: "told Complete"},
		{name: "a row first seen finished", state: steady(), rows: []Task{row("a", Failed, h)},
			tell: []told{{Finished, "a", "", Failed}}, want: Change{New: 1, Failed: 1, Changed: true}, done: "told Failed"},
		{name: "told before", state: steady().remembering(true, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, done: "told Complete"},
		{name: "silent before", state: steady().remembering(false, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, done: "silent Complete"},
		{name: "its creation time moved", state: steady().remembering(true, row("a", Complete, h)), rows: []Task{row("a", Complete, 2*h)}, done: "told Complete"},
		{name: "from complete to failed", state: steady().remembering(true, row("a", Complete, h)), rows: []Task{row("a", Failed, h)},
			tell: []told{{Finished, "a", Complete, Failed}}, want: Change{New: 1, Failed: 1, Changed: true}, done: "told Failed"},
		{name: "a replica lags", state: steady().remembering(true, row("a", Complete, h)), rows: []Task{row("a", Refreshing, h)}, done: "told Complete"},
		{name: "a new unfinished row", state: steady(), rows: []Task{row("a", Pending, h)}, want: Change{InFlight: 1, Changed: true}},
		{name: "an unknown status is unfinished", state: steady(), rows: []Task{row("a", "Exploded", h)}, want: Change{InFlight: 1, Changed: true}},
		{name: "unfinished as before", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Refreshing, h)}, want: Change{InFlight: 1}},
		{name: "from pending to refreshing", state: steady(row("a", Pending, h)), rows: []Task{row("a", Refreshing, h)}, want: Change{InFlight: 1, Changed: true}},
		{name: "absent is not finished", state: steady(row("a", Refreshing, h)), want: Change{InFlight: 1}},
		{name: "nobody wants to know", state: steady(), rows: []Task{row("a", Failed, h)}, policy: Policy{Tell: silent},
			want: Change{New: 1, Failed: 1, Silent: 1, Changed: true}, done: "silent Failed"},

		{name: "first run: finished rows are history", state: off(steady()), rows: []Task{row("a", Complete, h), row("b", Refreshing, h)},
			want: Change{New: 1, Complete: 1, Silent: 1, InFlight: 1, Changed: true}, done: "silent Complete"},
		{name: "first run that notifies", state: off(steady()), rows: []Task{row("a", Complete, h)}, policy: Policy{NotifyFirst: true},
			tell: []told{{Finished, "a", "", Complete}}, want: Change{New: 1, Complete: 1, Changed: true}, done: "told Complete"},
		{name: "the first sweep goes on: older is history", state: sweeping(steady()), rows: []Task{row("a", Complete, 2*h)},
			want: Change{New: 1, Complete: 1, Silent: 1, Changed: true}, done: "silent Complete"},
		{name: "the first sweep goes on: younger is news", state: sweeping(steady()), rows: []Task{row("a", Complete, h/2)},
			tell: []told{{Finished, "a", "", Complete}}, want: Change{New: 1, Complete: 1, Changed: true}, done: "told Complete"},

		{name: "stalled", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Refreshing, h)}, policy: Policy{StalledAfter: h / 2},
			tell: []told{{Stalled, "a", Refreshing, Refreshing}}, want: Change{Stalled: 1, InFlight: 1, Changed: true}},
		{name: "not stalled yet", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Refreshing, h)}, policy: Policy{StalledAfter: 2 * h}, want: Change{InFlight: 1}},
		{name: "stalled in the first run", state: off(steady()), rows: []Task{row("a", Refreshing, h)}, policy: Policy{StalledAfter: h / 2},
			tell: []told{{Stalled, "a", Refreshing, Refreshing}}, want: Change{Stalled: 1, InFlight: 1, Changed: true}},
		{name: "expired", state: steady(row("a", Refreshing, 73*h)),
			tell: []told{{Expired, "a", Refreshing, Refreshing}}, want: Change{Expired: 1, Changed: true}, done: "told "},
		{name: "not expired by an error", state: steady(row("a", Refreshing, 73*h)), err: &Error{Class: Transient}, want: Change{InFlight: 1}},
		{name: "expired, and finished after all", state: steady().remembering(true, row("a", Refreshing, 73*h)), rows: []Task{row("a", Failed, 73*h)},
			tell: []told{{Finished, "a", "", Failed}}, want: Change{New: 1, Failed: 1, Changed: true}, done: "told Failed"},
		{name: "expired, and still listed", state: steady().remembering(true, row("a", Refreshing, 73*h)), rows: []Task{row("a", Refreshing, 73*h)}, done: "told "},

		{name: "backfill tells what was silent", state: steady().remembering(false, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, policy: Policy{Backfill: &Backfill{}},
			tell: []told{{Finished, "a", "", Complete}}, want: Change{New: 1, Complete: 1, Changed: true}, done: "told Complete"},
		{name: "backfill leaves what was told", state: steady().remembering(true, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, policy: Policy{Backfill: &Backfill{}}, done: "told Complete"},
		{name: "backfill tells again", state: steady().remembering(true, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, policy: Policy{Backfill: &Backfill{Renotify: true}},
			tell: []told{{Finished, "a", "", Complete}}, want: Change{New: 1, Complete: 1, Changed: true}, done: "told Complete"},
		{name: "backfill before any poll", state: off(steady()), rows: []Task{row("a", Complete, h)}, policy: Policy{Backfill: &Backfill{}},
			tell: []told{{Finished, "a", "", Complete}}, want: Change{New: 1, Complete: 1, Changed: true}, done: "told Complete"},
		{name: "backfill of others", state: steady(), rows: []Task{row("a", Complete, h), row("b", Pending, h)}, policy: Policy{Backfill: &Backfill{Match: func(Task) bool { return false }}}},
		{name: "backfill finds an unfinished row done", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Complete, h)}, policy: Policy{Backfill: &Backfill{}},
			tell: []told{{Finished, "a", Refreshing, Complete}}, want: Change{New: 1, Complete: 1, Changed: true}, done: "told Complete"},
		{name: "backfill leaves unfinished rows to the polls", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Complete, h)}, policy: Policy{Backfill: &Backfill{LeaveOpen: true}}, want: Change{InFlight: 1}},
		{name: "backfill expires nothing", state: steady(row("a", Refreshing, 73*h)), policy: Policy{Backfill: &Backfill{}}, want: Change{InFlight: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, _ := json.Marshal(tt.state)
			p := tt.state.Plan(noon, DefaultLimits())
			b := listing(p, tt.rows...)
			b.Err = tt.err
			tt.policy.Room = 10
			c := tt.state.Diff(p, b, noon, tt.policy)
			var got []told
			for _, e := range c.Events {
				got = append(got, told{e.Kind, e.Task.TaskID, e.From, e.Task.Status})
			}
			if diff := cmp.Diff(tt.tell, got); diff != "" {
				t.Error(diff)
			}
			done := ""
			for _, m := range c.State.Done {
				if m.Hash == row("a", "", 0).Hash() {
					done = map[bool]string{true: "told ", false: "silent "}[m.Code.Told()] + string(m.Code.Status())
				}
			}
			if done != tt.done {
				t.Errorf("remembered as %q, want %q", done, tt.done)
			}
			again := c.State.Diff(p, b, noon, Policy{Room: 10, StalledAfter: tt.policy.StalledAfter})
			if len(again.Events) > 0 && tt.policy.Backfill == nil {
				t.Errorf("told twice: %+v", again.Events)
			}
			c.State, c.Events = State{}, nil
			if diff := cmp.Diff(tt.want, c); diff != "" {
				t.Error(diff)
			}
			if after, _ := json.Marshal(tt.state); string(after) != string(before) {
				t.Error("the state that came in was modified")
			}
		})
	}
}

// A room that is too small loses nothing: what was held back is found again.
func TestDiffHoldsBackWhatHasNoRoom(t *testing.T) {
	s := steady(row("a", Refreshing, 40*time.Minute), row("b", Refreshing, 50*time.Minute))
	rows := []Task{row("a", Complete, 40*time.Minute), row("b", Failed, 50*time.Minute), row("c", Complete, 2*time.Minute)}
	var told []string
	for range 5 {
		p := s.Plan(noon, DefaultLimits())
		c := s.Diff(p, listing(p, rows...), noon, Policy{Room: 1})
		if len(told) < 2 && (c.Held == 0 || c.State.mark() != s.mark()) {
			t.Fatalf("after %v: held %d, mark %v", told, c.Held, c.State.mark())
		}
		for _, o := range c.State.Open {
			if c.Held > 0 && o.Asked.Equal(noon) {
				t.Error("a row held back counts as asked")
			}
		}
		for _, e := range c.Events {
			told = append(told, e.Task.TaskID)
		}
		s = c.State
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, told); diff != "" {
		t.Error(diff)
	}
	if want := noon; !s.mark().Equal(want) {
		t.Errorf("mark %v, want %v", s.mark(), want)
	}
}

func TestMarkMovesOnlyWhenProven(t *testing.T) {
	s := steady()
	p := s.Plan(noon.Add(time.Millisecond), DefaultLimits())
	b := Batch{Calls: 1, Rest: p.Queries, Unproven: 1}
	if c := s.Diff(p, b, noon, Policy{}); !c.State.mark().Equal(s.mark()) || c.Changed {
		t.Errorf("unproven, and the mark is at %v", c.State.mark())
	}
	c := s.Diff(p, listing(p), noon, Policy{})
	if !c.State.mark().Equal(noon) {
		t.Errorf("the mark is at %v", c.State.mark())
	}
	if c.Changed {
		t.Error("a quiet poll wants to be written")
	}
}

// What no run could read is told once, and not in the first sweep.
func TestGapIsToldOnce(t *testing.T) {
	l := DefaultLimits()
	s := steady()
	s.Swept = []Span{{noon.Add(-172 * time.Hour), noon.Add(-80 * time.Hour)}}
	p := s.Plan(noon, l)
	want := &Span{noon.Add(-80 * time.Hour), noon.Add(l.Margin - l.Window)}
	if diff := cmp.Diff(want, p.Gap); diff != "" {
		t.Fatal(diff)
	}
	failed := s.Diff(p, Batch{Err: &Error{Class: Transient}, Rest: p.Queries}, noon, Policy{})
	if failed.Gap != nil || failed.Changed {
		t.Error("told by a run that failed")
	}
	c := s.Diff(p, listing(p), noon, Policy{})
	if diff := cmp.Diff(want, c.Gap); diff != "" || !c.Changed {
		t.Error(diff)
	}
	if p := c.State.Plan(noon.Add(time.Minute), l); p.Gap != nil {
		t.Errorf("told again: %v", p.Gap)
	}
	l.Margin = time.Minute
	if p := c.State.Plan(noon.Add(time.Minute), l); len(p.Queries) != 1 {
		t.Errorf("asked again for what was told as a gap: %v", p.Queries)
	}
	s.Baseline = noon.Add(-100 * time.Hour)
	if p := s.Plan(noon, l); p.Gap != nil {
		t.Errorf("told in the first sweep: %v", p.Gap)
	}
}

// The first sweep may need several runs; meanwhile history stays history, and a
// later run that reaches further back finds no news there.
func TestFirstSweepInSeveralRuns(t *testing.T) {
	l := DefaultLimits()
	var s State
	p := s.Plan(noon, l)
	newer, older, _ := p.Queries[0].split()
	c := s.Diff(p, Batch{Whole: []Query{newer}, Rest: []Query{older}, Calls: 9}, noon, Policy{})
	if c.State.Baseline.IsZero() || !c.Changed {
		t.Fatal("half a sweep passes for a whole one")
	}
	s, now := c.State, noon.Add(time.Minute)
	l.Margin = time.Minute
	p = s.Plan(now, l)
	c = s.Diff(p, listing(p, row("a", Complete, 71*time.Hour)), now, Policy{Room: 9})
	if c.Silent != 1 || len(c.Events) > 0 || !c.State.Baseline.IsZero() || !c.Changed {
		t.Fatalf("%+v", c)
	}
	s, now = c.State, now.Add(time.Minute)
	if p = s.Plan(now, l); len(p.Queries) != 1 {
		t.Errorf("the sweep is whole, and yet: %v", p.Queries)
	}
}

func TestChangeOfScopeBeginsAnew(t *testing.T) {
	l := DefaultLimits()
	l.Scope.ObjectTypes = []string{"preload"}
	s := steady(row("a", Refreshing, time.Hour))
	p := s.Plan(noon, l)
	if want := l.window(noon); p.Queries[0].span() != want || p.Queries[0].ObjectType != "preload" {
		t.Errorf("asked %+v, want all of %v", p.Queries[0], want)
	}
	old := row("b", Complete, 2*time.Hour)
	old.ObjectType = "preload"
	c := s.Diff(p, listing(p, old, row("c", Complete, time.Hour)), noon, Policy{Room: 9})
	if c.New != 1 || c.Silent != 1 || c.InFlight != 0 || !c.Changed || c.State.Scope == s.Scope {
		t.Errorf("%+v", c)
	}
}

func TestFinishedRowsAreForgottenInTheEnd(t *testing.T) {
	s := steady().remembering(true, row("a", Complete, 97*time.Hour), row("b", Complete, 95*time.Hour))
	p := s.Plan(noon, DefaultLimits())
	if c := s.Diff(p, listing(p), noon, Policy{}); len(c.State.Done) != 1 {
		t.Errorf("%d rows remembered, want the younger one", len(c.State.Done))
	}
}

func TestStateSurvivesItsHead(t *testing.T) {
	s := watchedFor(time.Hour, time.Minute, row("a", Refreshing, time.Hour))
	s.Baseline, s.Scope = noon, "file|example.com"
	head, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got State
	if err := json.Unmarshal(head, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got); diff != "" {
		t.Error(diff)
	}
}

func TestCalmPollIsRememberedAboutOnceAnHour(t *testing.T) {
	s, now, writes := steady(), noon, 0
	for range 180 {
		p := s.Plan(now, DefaultLimits())
		if c := s.Diff(p, listing(p), now, Policy{}); c.Changed {
			s = c.State
			writes++
		}
		now = now.Add(time.Minute)
	}
	if writes != 3 {
		t.Errorf("%d writes in three quiet hours", writes)
	}
}
