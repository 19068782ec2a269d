package poller

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBackfill(t *testing.T) {
	type event struct {
		ID   string
		From Status
		To   Sinks
	}
	h := time.Hour
	some := func(sinks Sinks) func(Event) Sinks { return func(Event) Sinks { return sinks } }
	tests := []struct {
		name   string
		state  State
		rows   []Task
		to     Sinks // 3 if 0
		f      Backfill
		policy Policy
		notify []event
		record string // of row a
		silent int
	}{
		{name: "what was silent", state: steady().remembering(0, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, notify: []event{{"a", "", 3}}, record: "Complete 3"},
		{name: "what was notified is left", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, record: "Complete 3"},
		{name: "sinks that never got it", state: steady().remembering(1, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, notify: []event{{"a", "", 2}}, record: "Complete 3"},
		{name: "one sink is meant, the others are left", state: steady().remembering(0, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, to: 2, f: Backfill{Partial: true},
			notify: []event{{"a", "", 2}}, record: "Complete 2"},
		{name: "again", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, f: Backfill{Renotify: true}, notify: []event{{"a", "", 3}}, record: "Complete 3"},
		{name: "again, one sink", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, to: 1, f: Backfill{Renotify: true, Partial: true}, notify: []event{{"a", "", 1}}, record: "Complete 3"},
		{name: "before any poll", rows: []Task{row("a", Complete, h)}, notify: []event{{"a", "", 3}}, record: "Complete 3"},
		{name: "before any poll, one sink", rows: []Task{row("a", Complete, h)}, to: 2, f: Backfill{Partial: true}, notify: []event{{"a", "", 2}}, record: "Complete 2"},
		{name: "others", state: steady(), rows: []Task{row("a", Complete, h), row("b", Failed, h)}, f: Backfill{Filter: Filter{Statuses: []Status{Failed}}}, notify: []event{{"b", "", 3}}},
		{name: "not watched", state: steady(), rows: []Task{row("a", Complete, h)}, policy: Policy{Scope: Scope{ObjectTypes: []string{"preload"}}}},
		{name: "no route", state: steady(), rows: []Task{row("a", Complete, h)}, policy: Policy{Sinks: some(0)}, silent: 1, record: "Complete 0 silent"},
		{name: "in flight so far", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Complete, h)}, notify: []event{{"a", Refreshing, 3}}, record: "Complete 3"},
		{name: "in flight so far, one sink: left to the polls", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Complete, h)}, to: 1, f: Backfill{Partial: true}},
		{name: "not seen so far, one sink: left to the polls", state: steady(), rows: []Task{row("a", Complete, h)}, to: 1, f: Backfill{Partial: true}},
		{name: "another status by now", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Failed, h)}, notify: []event{{"a", Complete, 3}}, record: "Failed 3"},
		{name: "another status by now, one sink: left to the polls", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Failed, h)}, to: 1, f: Backfill{Partial: true}, record: "Complete 3"},
		{name: "still in flight", state: steady(), rows: []Task{row("a", Refreshing, h)}},
		{name: "of the second before the window", state: steady(), rows: []Task{row("a", Complete, 24*h+time.Second), row("b", Complete, 24*h)}, notify: []event{{"b", "", 3}}},
		{name: "without a creation time", state: steady(), rows: []Task{{Key: Key{"b", "file", "/"}, Status: Complete}}, notify: []event{{"b", "", 3}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.to == 0 {
				tt.to = 3
			}
			if tt.policy.Sinks == nil {
				tt.policy.Sinks = some(tt.to)
			}
			ws := tt.f.Windows(Span{noon.Add(-24 * h), noon}, noon, DefaultLimits())
			r := NewReader(&list{rows: tt.rows}, tt.state, 1)
			r.Read(t.Context(), time.Time{}, ws...)
			b := r.Batch()
			b.Tasks = tt.rows
			c, rest := tt.state.Backfill(ws, b, noon, tt.policy, tt.f)
			var got []event
			for _, n := range c.Notify {
				got = append(got, event{n.Task.TaskID, n.From, n.Sinks})
			}
			if diff := cmp.Diff(tt.notify, got); diff != "" {
				t.Error(diff)
			}
			if got := c.State.remembered(row("a", "", 0)); got != tt.record {
				t.Errorf("remembered as %q, want %q", got, tt.record)
			}
			if len(rest) > 0 || c.Silent != tt.silent || c.New != len(tt.notify)+tt.silent {
				t.Errorf("%d left, %+v", len(rest), c)
			}
			p := c.State.Plan(noon, DefaultLimits())
			if again := c.State.Diff(p, listing(p, tt.rows...), noon, Policy{Sinks: some(3)}); len(tt.notify) > 0 && len(again.Notify) > 0 && tt.record != "" {
				t.Errorf("the next poll notifies again: %+v", again.Notify)
			}
		})
	}
}

// A backfill in slices, with room for few, notifies about each row once, again or not, and
// never stops before its end. Two types are asked for apart: one after the other, or both in
// a slice.
func TestBackfillInSlices(t *testing.T) {
	types := Filter{ObjectTypes: []string{"preload", "file"}}
	for name, tt := range map[string]struct {
		f     Backfill
		pages int
	}{
		"at last": {Backfill{}, 5}, "again": {Backfill{Renotify: true}, 5}, "dry": {Backfill{Dry: true}, 5},
		"at last, by type":       {Backfill{Filter: types}, 5},
		"again, by type":         {Backfill{Filter: types, Renotify: true}, 5},
		"again, both in a slice": {Backfill{Filter: types, Renotify: true}, 20},
	} {
		f := tt.f
		t.Run(name, func(t *testing.T) {
			rows := numbered(700)
			for i := range rows {
				rows[i].ObjectType = types.ObjectTypes[i%2]
			}
			s := steady().remembering(0, rows...)
			if f.Renotify {
				s = steady().remembering(3, rows...)
			}
			l := &list{rows: rows}
			l.before = func(call int) { // and rows arrive on top meanwhile
				l.rows = append([]Task{row("new", Complete, -time.Hour)}, l.rows...)
			}
			left := f.Windows(Span{noon.Add(-24 * time.Hour), noon}, noon, DefaultLimits())
			times := map[string]int{}
			slices := 0
			for ; len(left) > 0; slices++ {
				if slices == 40 {
					t.Fatalf("no end: %+v", left)
				}
				room := 100
				r := NewReader(l, s, 1)
				r.Limit(tt.pages)
				for _, w := range left {
					r.Read(t.Context(), time.Time{}, w)
				}
				c, rest := s.Backfill(left, r.Batch(), noon, Policy{Room: func(_ Event, want Sinks) Sinks {
					if room--; room < 0 {
						return 0
					}
					return want
				}}, f)
				for _, n := range c.Notify {
					times[n.Task.TaskID]++
				}
				if left = rest; !f.Dry {
					s = c.State
				}
			}
			if len(times) != len(rows) {
				t.Errorf("%d of %d rows", len(times), len(rows))
			}
			for id, n := range times {
				if n != 1 {
					t.Fatalf("%s was notified %d times", id, n)
				}
			}
		})
	}
}
