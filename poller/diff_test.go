package poller

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// steady is a state after many polls, the last one a minute ago.
func steady(inFlight ...Task) State {
	s := State{
		Began: noon.Add(-100 * time.Hour), Origin: noon.Add(-172 * time.Hour), Settled: noon.Add(-72 * time.Hour), Rescanned: noon.Add(-10 * time.Minute),
		Scanned: []Span{{noon.Add(-172 * time.Hour), noon.Add(-time.Minute)}},
	}
	for _, t := range inFlight {
		s.InFlight = append(s.InFlight, InFlight{Task: t, FirstSeen: noon.Add(-20 * time.Minute), Seen: noon.Add(-time.Minute), Asked: noon.Add(-time.Minute)})
	}
	return s
}

// remembering is s with finished rows of which these sinks were notified.
func (s State) remembering(sinks Sinks, rows ...Task) State {
	var records []Record
	for _, t := range rows {
		r := Record{t.Hash(), unixSeconds(t.Created), sinks, codeFor(t.Status)}
		if sinks == 0 {
			r.Code |= codeSilent
		}
		records = append(records, r)
	}
	s.Finished = s.Finished.with(records)
	return s
}

// listing answers every window of p in full with rows.
func listing(p Plan, rows ...Task) Batch {
	b := Batch{Tasks: rows, Now: p.At}
	for _, w := range append(append([]Window{p.Fresh}, p.Status...), p.Later...) {
		w.asked, w.end = w.Query, whole
		b.Windows = append(b.Windows, w)
	}
	b.Calls = len(b.Windows)
	return b
}

// remembered is how the finished row a of a state reads.
func (s State) remembered(t Task) string {
	for _, r := range s.Finished {
		if r.Hash == t.Hash() {
			text := fmt.Sprintf("%s %d", r.Code.Status(), r.Sinks)
			for flag, name := range map[Code]string{codeSilent: " silent", codeUndated: " undated", codeOwed: " owed"} {
				if r.Code&flag != 0 {
					text += name
				}
			}
			return text
		}
	}
	return ""
}

func TestDiff(t *testing.T) {
	type event struct {
		Kind Kind
		ID   string
		From Status
		Now  Status
		To   Sinks
	}
	nobody := func(Event) Sinks { return 0 }
	toTwo := func(Event) Sinks { return 3 }
	off := func(s State) State {
		return State{InFlight: s.InFlight, Finished: s.Finished}
	}
	sweeping := func(s State) State {
		s.Baseline, s.Settled, s.Scanned = noon.Add(-time.Hour), noon.Add(-time.Hour), []Span{{noon.Add(-time.Hour), noon.Add(-time.Minute)}}
		return s
	}
	h := time.Hour
	old := func(t Task) Task { t.Created = noon.Add(-100 * h); return t }
	undated := func(t Task) Task { t.Created = time.Time{}; return t }
	tests := []struct {
		name   string
		state  State
		rows   []Task
		policy Policy
		err    error
		want   Change // the counts
		notify []event
		record string // what row "a" is remembered as
	}{
		{name: "nothing", state: steady()},
		{name: "a row in flight finishes", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Complete, h)},
			notify: []event{{Finished, "a", Refreshing, Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3"},
		{name: "a row first seen finished", state: steady(), rows: []Task{row("a", Failed, h)},
			notify: []event{{Finished, "a", "", Failed, 3}}, want: Change{New: 1, Failed: 1, Changed: true}, record: "Failed 3"},
		{name: "timeout is a failure", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Timeout, h)},
			notify: []event{{Finished, "a", Refreshing, Timeout, 3}}, want: Change{New: 1, Failed: 1, Changed: true}, record: "Timeout 3"},
		{name: "canceled is neither", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Canceled, h)},
			notify: []event{{Finished, "a", Refreshing, Canceled, 3}}, want: Change{New: 1, Canceled: 1, Changed: true}, record: "Canceled 3"},
		{name: "notified before", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, record: "Complete 3"},
		{name: "a sink that was added later is not owed the past", state: steady().remembering(1, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, record: "Complete 1"},
		{name: "silent before", state: steady().remembering(0, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, record: "Complete 0 silent"},
		{name: "its creation time moved", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Complete, 2*h)}, want: Change{Changed: true}, record: "Complete 3"},
		{name: "from complete to failed", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Failed, h)},
			notify: []event{{Finished, "a", Complete, Failed, 3}}, want: Change{New: 1, Failed: 1, Changed: true}, record: "Failed 3"},
		{name: "from canceled to complete", state: steady().remembering(3, row("a", Canceled, h)), rows: []Task{row("a", Complete, h)},
			notify: []event{{Finished, "a", Canceled, Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3"},
		{name: "a replica lags", state: steady().remembering(3, row("a", Complete, h)), rows: []Task{row("a", Refreshing, h)}, record: "Complete 3"},
		{name: "a new row in flight", state: steady(), rows: []Task{row("a", Pending, h)}, want: Change{InFlight: 1, Changed: true}},
		{name: "an unknown status is in flight", state: steady(), rows: []Task{row("a", "Exploded", h)}, want: Change{InFlight: 1, Changed: true}},
		{name: "in flight as before", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Refreshing, h)}, want: Change{InFlight: 1}},
		{name: "from pending to refreshing", state: steady(row("a", Pending, h)), rows: []Task{row("a", Refreshing, h)}, want: Change{InFlight: 1, Changed: true}},
		{name: "absent is not finished", state: steady(row("a", Refreshing, h)), want: Change{InFlight: 1}},
		{name: "no route", state: steady(), rows: []Task{row("a", Failed, h)}, policy: Policy{Sinks: nobody},
			want: Change{New: 1, Failed: 1, Silent: 1, Changed: true}, record: "Failed 0 silent"},

		{name: "not watched: remembered, and nobody hears or counts", state: steady(row("b", Refreshing, h)), rows: []Task{row("a", Failed, h), row("b", Complete, h), row("c", Pending, h)},
			policy: Policy{Scope: Scope{ObjectTypes: []string{"preload"}}}, want: Change{Changed: true}, record: "Failed 0 silent"},
		{name: "watched since it was in flight", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Complete, h)}, policy: Policy{Scope: Scope{ObjectTypes: []string{"file"}}},
			notify: []event{{Finished, "a", Refreshing, Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3"},
		{name: "watched since it had finished", state: steady().remembering(0, row("a", Complete, h)), rows: []Task{row("a", Complete, h)}, record: "Complete 0 silent"},

		{name: "listed long after its creation", state: steady(), rows: []Task{old(row("a", Complete, 0))},
			notify: []event{{Finished, "a", "", Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3 undated"},
		{name: "without a creation time", state: steady(), rows: []Task{undated(row("a", Complete, 0))},
			notify: []event{{Finished, "a", "", Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3 undated"},

		{name: "created in times to come", state: steady(), rows: []Task{row("a", Complete, -25*h)},
			notify: []event{{Finished, "a", "", Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3 undated"},

		{name: "first run: finished rows are history", state: off(steady()), rows: []Task{row("a", Complete, h), row("b", Refreshing, h)},
			want: Change{New: 1, Complete: 1, Silent: 1, InFlight: 1, Changed: true}, record: "Complete 0 silent"},
		{name: "first run that notifies", state: off(steady()), rows: []Task{row("a", Complete, h)}, policy: Policy{NotifyFirst: true},
			notify: []event{{Finished, "a", "", Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3"},
		{name: "the first window goes on: older is history", state: sweeping(steady()), rows: []Task{row("a", Complete, 2*h)},
			want: Change{New: 1, Complete: 1, Silent: 1, Changed: true}, record: "Complete 0 silent"},
		{name: "the first window goes on: younger is new", state: sweeping(steady()), rows: []Task{row("a", Complete, h/2)},
			notify: []event{{Finished, "a", "", Complete, 3}}, want: Change{New: 1, Complete: 1, Changed: true}, record: "Complete 3"},

		{name: "stalled", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Refreshing, h)}, policy: Policy{StalledAfter: h / 2},
			notify: []event{{Stalled, "a", Refreshing, Refreshing, 3}}, want: Change{Stalled: 1, InFlight: 1, Changed: true}},
		{name: "not stalled yet", state: steady(row("a", Refreshing, h)), rows: []Task{row("a", Refreshing, h)}, policy: Policy{StalledAfter: 2 * h}, want: Change{InFlight: 1}},
		{name: "expired", state: steady(row("a", Refreshing, 73*h)),
			notify: []event{{Expired, "a", Refreshing, Refreshing, 3}}, want: Change{Expired: 1, Changed: true}, record: " 3"},
		{name: "not expired while it is listed", state: steady(row("a", Refreshing, 73*h)), rows: []Task{row("a", Refreshing, 73*h)}, want: Change{InFlight: 1}},
		{name: "not expired by an error", state: steady(row("a", Refreshing, 73*h)), err: &Error{Class: Transient}, want: Change{InFlight: 1}},
		{name: "expired, and finished after all", state: steady().remembering(3, row("a", Refreshing, 73*h)), rows: []Task{row("a", Failed, 73*h)},
			notify: []event{{Finished, "a", "", Failed, 3}}, want: Change{New: 1, Failed: 1, Changed: true}, record: "Failed 3"},
		{name: "expired, and still listed", state: steady().remembering(3, row("a", Refreshing, 73*h)), rows: []Task{row("a", Refreshing, 73*h)}, record: " 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, _ := json.Marshal(tt.state)
			p := tt.state.Plan(noon, DefaultLimits())
			b := listing(p, tt.rows...)
			b.Err = tt.err
			if tt.policy.Sinks == nil {
				tt.policy.Sinks = toTwo
			}
			c := tt.state.Diff(p, b, noon, tt.policy)
			var got []event
			for _, n := range c.Notify {
				got = append(got, event{n.Kind, n.Task.TaskID, n.From, n.Task.Status, n.Sinks})
			}
			if diff := cmp.Diff(tt.notify, got); diff != "" {
				t.Error(diff)
			}
			if got := c.State.remembered(row("a", "", 0)); got != tt.record {
				t.Errorf("remembered as %q, want %q", got, tt.record)
			}
			tt.policy.NotifyFirst = false
			if again := c.State.Diff(p, b, noon, tt.policy); len(again.Notify) > 0 {
				t.Errorf("notified again: %+v", again.Notify)
			}
			c.State, c.Notify = State{}, nil
			if diff := cmp.Diff(tt.want, c); diff != "" {
				t.Error(diff)
			}
			if after, _ := json.Marshal(tt.state); string(after) != string(before) {
				t.Error("the state that came in was modified")
			}
		})
	}
}

// A finished row says between which polls it finished.
func TestEventsSayWhenTheRowFinished(t *testing.T) {
	s := steady(row("a", Refreshing, time.Hour))
	p := s.Plan(noon, DefaultLimits())
	c := s.Diff(p, listing(p, row("a", Complete, time.Hour), row("b", Complete, time.Hour)), noon, Policy{})
	for _, n := range c.Notify {
		switch {
		case n.Task.TaskID == "a" && n.EndedAfter.Equal(noon.Add(-time.Minute)) && n.EndedBefore.Equal(noon):
		case n.Task.TaskID == "b" && n.EndedAfter.IsZero() && n.EndedBefore.IsZero():
		default:
			t.Errorf("%s: between %v and %v", n.Task.TaskID, n.EndedAfter, n.EndedBefore)
		}
	}
	if len(c.Notify) != 2 {
		t.Errorf("%d events", len(c.Notify))
	}
}

// A row that the API lists for ever is notified once, though it is forgotten by its
// creation time again and again.
func TestARowListedForEverIsNotifiedOnce(t *testing.T) {
	for name, created := range map[string]time.Time{"long ago": noon.Add(-100 * time.Hour), "never": {}, "in the future": noon.Add(1000 * time.Hour)} {
		s, now, notified := steady(), noon, 0
		for range 300 {
			odd := row("odd", Complete, 0)
			odd.Created = created
			p := s.Plan(now, DefaultLimits())
			c := s.Diff(p, listing(p, odd), now, Policy{})
			notified += len(c.Notify)
			if s = c.State; len(s.Finished) != 1 {
				t.Fatalf("%s: %d rows remembered", name, len(s.Finished))
			}
			now = now.Add(time.Hour)
		}
		if notified != 1 {
			t.Errorf("%s: notified %d times", name, notified)
		}
	}
}

// Without room a row stays as it was, and is read again: first all of it, then the sinks
// that had none.
func TestDiffHoldsBackWhatHasNoRoom(t *testing.T) {
	s := steady(row("a", Refreshing, 40*time.Minute))
	rows := []Task{row("a", Complete, 40*time.Minute), row("b", Failed, 50*time.Minute), row("c", Complete, 2*time.Minute)}
	got := map[string][]Sinks{}
	now := noon
	for n, room := range []Sinks{0, 0, 1, 1, 3, 3} {
		p := s.Plan(now, DefaultLimits())
		c := s.Diff(p, listing(p, rows...), now, Policy{Sinks: func(Event) Sinks { return 3 }, Room: func(_ Event, want Sinks) Sinks { return want & room }})
		for _, e := range c.Notify {
			got[e.Task.TaskID] = append(got[e.Task.TaskID], e.Sinks)
		}
		if held := room != 3; held != (c.Held > 0) || held != c.Truncated {
			t.Errorf("run %d: %d held", n, c.Held)
		}
		s, now = c.State, now.Add(time.Minute)
		if p := s.Plan(now, DefaultLimits()); room != 3 && !reads(p, rows[1]) {
			t.Errorf("run %d: b is not read again", n)
		}
	}
	for id, sinks := range got {
		if diff := cmp.Diff([]Sinks{1, 2}, sinks); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	if len(got) != 3 || len(s.InFlight) != 0 {
		t.Errorf("%v", got)
	}
}

func reads(p Plan, t Task) bool {
	for _, w := range append(append([]Window{p.Fresh}, p.Status...), p.Later...) {
		if w.Span().has(t.Created) {
			return true
		}
	}
	return false
}

// When a row in flight was last seen is written while that tells much of how long it took:
// about a young row in every poll, later at every tenth of its age.
func TestSeenIsWrittenWhileItTellsMuch(t *testing.T) {
	for _, tt := range []struct {
		age, seen time.Duration
		want      bool
	}{
		{5 * time.Minute, time.Minute, true}, {9 * time.Minute, time.Minute, true}, {30 * time.Minute, time.Minute, false},
		{30 * time.Minute, 4 * time.Minute, true}, {time.Hour, 5 * time.Minute, false}, {time.Hour, 7 * time.Minute, true},
	} {
		s := steady().with(func(o *InFlight) { o.FirstSeen, o.Seen = noon.Add(-tt.age), noon.Add(-tt.seen) }, row("a", Refreshing, tt.age))
		p := s.Plan(noon, DefaultLimits())
		if c := s.Diff(p, listing(p, row("a", Refreshing, tt.age)), noon, Policy{}); c.Changed != tt.want {
			t.Errorf("in flight for %v, written %v ago: worth writing is %v", tt.age, tt.seen, c.Changed)
		}
	}
}

// A row that stalls or expires is notified to each sink once, as each has room.
func TestStalledAndExpiredReachEachSinkOnce(t *testing.T) {
	for kind, rows := range map[Kind][]Task{Stalled: {row("a", Refreshing, time.Hour)}, Expired: {row("a", Refreshing, 73*time.Hour)}} {
		s, now := steady(rows...), noon
		var got []Sinks
		for _, room := range []Sinks{0, 1, 1, 3, 3} {
			p := s.Plan(now, DefaultLimits())
			b := listing(p, rows...)
			if kind == Expired {
				b = listing(p)
			}
			c := s.Diff(p, b, now, Policy{StalledAfter: time.Minute, Sinks: func(e Event) Sinks {
				if e.Kind != kind {
					return 0
				}
				return 3
			}, Room: func(_ Event, want Sinks) Sinks { return want & room }})
			for _, n := range c.Notify {
				got = append(got, n.Sinks)
			}
			s, now = c.State, now.Add(time.Minute)
		}
		if diff := cmp.Diff([]Sinks{1, 2}, got); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

// A state that can hold no more takes nothing new, and goes on with what it knows.
func TestAFullStateHoldsBackWhatIsNew(t *testing.T) {
	s := steady(row("a", Refreshing, time.Hour))
	p := s.Plan(noon, DefaultLimits())
	c := s.Diff(p, listing(p, row("a", Refreshing, time.Hour), row("b", Complete, time.Hour), row("c", Pending, time.Hour)), noon, Policy{Full: true})
	if c.Held != 2 || len(c.Notify) != 0 || len(c.State.InFlight) != 1 || len(c.State.Finished) != 0 {
		t.Errorf("%+v", c)
	}
	if p := c.State.Plan(noon.Add(time.Minute), DefaultLimits()); !reads(p, row("b", Complete, time.Hour)) {
		t.Error("what was held back is not read again")
	}
}

// Memory is only given up by a clock that somebody else confirms.
func TestFinishedRowsAreForgottenByAConfirmedClock(t *testing.T) {
	day := 24 * time.Hour
	for _, tt := range []struct {
		name       string
		api, store time.Duration // after noon; 0: it said nothing
		answered   bool
		left       int
	}{
		{"nobody confirms a clock four days ahead", 0, 0, true, 2},
		{"the API did not answer", 0, 4 * day, false, 2},
		{"the API says it is noon", 1, 4 * day, true, 1},
		{"the store says it is noon", 0, 1, true, 1},
		{"four days have passed", 4 * day, 0, true, 0},
		{"only the store's clock is four days ahead", 1, 4 * day, true, 1},
		{"only the API's clock is ten days ahead", 10 * day, 1, true, 1},
	} {
		s := steady(row("x", Refreshing, time.Hour)).remembering(3, row("a", Complete, 97*time.Hour), row("b", Complete, 94*time.Hour))
		now := noon.Add(4 * day)
		p := s.Plan(now, DefaultLimits())
		b := Batch{Err: &Error{Class: Denied}}
		if tt.answered {
			b = listing(p)
		}
		b.Now = time.Time{}
		pol := Policy{}
		if tt.api > 0 {
			b.Now = noon.Add(tt.api)
		}
		if tt.store > 0 {
			pol.Clock = noon.Add(tt.store)
		}
		c := s.Diff(p, b, now, pol)
		left := 0
		for _, id := range []string{"a", "b"} {
			if c.State.remembered(row(id, "", 0)) != "" {
				left++
			}
		}
		if left != tt.left || (c.Expired == 1) != (tt.left == 0) {
			t.Errorf("%s: %d rows left, want %d; %d expired", tt.name, left, tt.left, c.Expired)
		}
	}
}

// A clock that was ahead has claimed to read what was still to come.
func TestAClockThatWasAheadSkipsNothing(t *testing.T) {
	s := steady()
	ahead := noon.Add(4 * 24 * time.Hour)
	p := s.Plan(ahead, DefaultLimits())
	b := listing(p)
	b.Now = noon
	s = s.Diff(p, b, ahead, Policy{}).State
	now := noon.Add(time.Hour)
	p = s.Plan(now, DefaultLimits())
	if fresh := row("fresh", Complete, -59*time.Minute); !reads(p, fresh) {
		t.Errorf("not read: %v", asks(p))
	}
}

func TestStateSurvivesItsHead(t *testing.T) {
	s := steady(row("a", Refreshing, time.Hour))
	s.Baseline, s.Stuck = noon, 2
	w := windowFor(Span{noon.Add(-time.Hour), noon})
	w.Next, w.Total, w.Own, w.Listed = 3, 120, true, hashes{7: true, 1 << 63: true}
	s.Windows = []Window{w}
	head, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got State
	if err := json.Unmarshal(head, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got, cmp.AllowUnexported(Window{})); diff != "" {
		t.Error(diff)
	}
}

// Whatever a state's head holds, it is refused or costs no more than a small multiple of
// its size, and no plan made of it breaks a rule of the API.
func FuzzStateHead(f *testing.F) {
	s := steady(row("a", Refreshing, time.Hour))
	w := windowFor(Span{noon.Add(-time.Hour), noon})
	w.Listed = hashes{7: true}
	s.Windows = []Window{w}
	head, _ := json.Marshal(s)
	f.Add(head)
	f.Add([]byte(`{"open":[{"task_id":"1"}],"swept":[{"from":"2000-01-01T00:00:00Z","to":"2000-01-02T00:00:00Z"}],"scope":"x"}`))
	f.Fuzz(func(t *testing.T, head []byte) {
		var s State
		if json.Unmarshal(head, &s) != nil {
			return
		}
		if old, err := UpgradeState(head, nil); err == nil {
			old.Plan(noon, DefaultLimits())
		}
		p := s.Plan(noon, DefaultLimits())
		for _, w := range append(append([]Window{p.Fresh}, p.Status...), p.Later...) {
			if err := brokenRule(Query{From: w.From, To: w.To}, noon); err != nil {
				t.Error(err)
			}
		}
		s.Diff(p, listing(p), noon, Policy{})
	})
}

// What format 1 remembered is taken over; a state that watched only some tasks has read
// nothing in full, and what it does not know of that time is history.
func TestUpgrade(t *testing.T) {
	head := []byte(`{"began":"1999-12-01T00:00:00Z","origin":"1999-11-28T00:00:00Z","scope":"SCOPE",
		"swept":[{"from":"1999-12-30T00:00:00Z","to":"2000-01-01T11:59:00Z"}],"reconciled":"2000-01-01T11:50:00Z",
		"open":[{"task_id":"a","object_type":"file","object_path":"http://example.com/a","status":"Refreshing","created_at":"2000-01-01T11:00:00Z","first_seen":"2000-01-01T11:01:00Z","stalled":true}]}`)
	for scope, want := range map[string]string{"": "notified", "file|": "history"} {
		finished := Records{{Hash: row("z", "", 0).Hash(), Created: unixSeconds(noon.Add(-2 * time.Hour)), Sinks: AllSinks}}
		s, err := UpgradeState([]byte(strings.Replace(string(head), "SCOPE", scope, 1)), finished)
		if err != nil || len(s.InFlight) != 1 || !s.InFlight[0].Stalled || len(s.Finished) != 1 || s.Began.IsZero() {
			t.Fatalf("%+v, %v", s, err)
		}
		p := s.Plan(noon, DefaultLimits())
		c := s.Diff(p, listing(p, row("a", Complete, time.Hour), row("late", Complete, 3*time.Minute), row("z", Complete, 2*time.Hour)), noon, Policy{})
		got := map[string]bool{}
		for _, n := range c.Notify {
			got[n.Task.TaskID] = true
		}
		if !got["a"] || got["z"] || got["late"] != (want == "notified") {
			t.Errorf("scope %q: notified %v, want late %s", scope, got, want)
		}
	}
}

func TestQuietPollIsRememberedAboutOnceAnHour(t *testing.T) {
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

// Sinks that nobody knows any more are forgotten, and the row stays known.
func TestOnlySinks(t *testing.T) {
	s := steady().remembering(AllSinks, row("a", Complete, time.Hour)).remembering(6, row("b", Failed, time.Hour))
	got := s.OnlySinks(3)
	if a, b := got.remembered(row("a", "", 0)), got.remembered(row("b", "", 0)); a != "Complete 3" || b != "Failed 2" {
		t.Errorf("%q, %q", a, b)
	}
	if s.remembered(row("a", "", 0)) == "Complete 3" {
		t.Error("the state that came in was modified")
	}
}
