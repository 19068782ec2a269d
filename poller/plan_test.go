package poller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asks writes windows as a reader would: which rows, and their age.
func asks(p Plan) []string {
	var out []string
	for _, w := range slices.Concat([]Window{p.Fresh}, p.Status, p.Later) {
		switch {
		case w.ObjectPath != "":
			out = append(out, w.TaskID+" "+w.ObjectPath)
		case w.TaskID != "":
			out = append(out, w.TaskID)
		default:
			text := fmt.Sprintf("%v..%v", noon.Sub(w.Span().From), max(0, noon.Sub(w.Span().To)))
			if w.Next > 1 {
				text += fmt.Sprintf(" from page %d", w.Next)
			}
			out = append(out, text)
		}
	}
	return out
}

// many are finished rows, created every step from an age on.
func many(n int, age, step time.Duration) []Task {
	var rows []Task
	for i := range n {
		rows = append(rows, row(fmt.Sprint(age, "/", i), Complete, age+time.Duration(i)*step))
	}
	return rows
}

// with is s with more in flight.
func (s State) with(change func(*InFlight), rows ...Task) State {
	for _, o := range steady(rows...).InFlight {
		if change != nil {
			change(&o)
		}
		s.InFlight = append(s.InFlight, o)
	}
	return s
}

func TestPlan(t *testing.T) {
	m := time.Minute
	busy := many(300, 6*m, 5*time.Second) // 6 to 31 minutes ago, 12 a minute
	asked := func(ago time.Duration) func(*InFlight) {
		return func(o *InFlight) { o.FirstSeen, o.Asked = o.Created, noon.Add(-ago) }
	}
	under := func(age, to time.Duration, next int) Window {
		w := windowFor(Span{noon.Add(-age), noon.Add(-to)})
		w.Next, w.Total = next, 1000
		return w
	}
	rescanned := func(ago time.Duration) State { s := steady(); s.Rescanned = noon.Add(-ago); return s }
	tests := []struct {
		name  string
		state State
		pages int
		want  []string
	}{
		{name: "the very first run reads the window", state: State{}, want: []string{"71h49m0s..0s"}},
		{name: "an idle account is read in full", state: steady(), want: []string{"71h49m0s..0s"}},
		{name: "many old rows: only what is new", state: steady().remembering(3, many(60, 7*m, 0)...), want: []string{"6m58s..0s"}},
		{name: "a full page is filled up", state: steady().remembering(3, many(100, 7*m, m)...), want: []string{"40m58s..0s"}},
		{name: "new rows are expected", state: steady().remembering(3, busy...), want: []string{"8m3s..0s"}},

		{name: "a row in flight that the page of what is new shows", state: steady(row("a", Refreshing, 8*m)).remembering(3, busy...), want: []string{"8m0s..0s"}},
		{name: "an older one, by id", state: steady(row("a", Refreshing, 40*m)).remembering(3, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "several, by ids, as long as that is cheaper", state: steady(row("a", Refreshing, 40*m), row("b", Refreshing, 50*m)).remembering(3, busy...), want: []string{"8m3s..0s", "a", "b"}},
		{name: "many: the window reaches back", state: steady(many(9, 40*m, m)...).remembering(3, busy...), want: []string{"71h49m0s..1s"}},
		{name: "one of a large submission, by path", state: steady(row("a", Refreshing, 40*m)).remembering(3, busy...).remembering(3, many(1999, 40*m, 0)...),
			want: []string{"8m3s..0s", "a http://example.com/a"}},
		{name: "most of a large submission: its second is listed", state: steady(many(400, 40*m, 0)...).remembering(3, many(2000, 20*m, 0)...),
			want: []string{"19m58s..1s", "40m0s..39m59s"}},
		{name: "no creation time", state: steady().with(func(o *InFlight) { o.Created = time.Time{} }, row("a", Refreshing, 0)).remembering(3, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "older than the API answers", state: steady(row("a", Refreshing, 4319*m)).remembering(3, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "an id that is a list: by its second", state: steady(row("1,2", Refreshing, 40*m)).remembering(3, busy...), want: []string{"8m3s..0s", "40m0s..39m59s"}},
		{name: "no id", state: steady(row("", Refreshing, 40*m)).remembering(3, busy...), want: []string{"8m3s..0s", "40m0s..39m59s"}},
		{name: "an id that the API rejects", state: steady().with(func(o *InFlight) { o.Refused = true }, row("a", Refreshing, 40*m)).remembering(3, busy...), want: []string{"8m3s..0s", "40m0s..39m59s"}},
		{name: "neither id nor time", state: steady().with(func(o *InFlight) { o.Created = time.Time{} }, row("", Refreshing, 0)).remembering(3, busy...), want: []string{"8m3s..0s"}},

		{name: "in flight for an hour: in every run", state: steady().with(asked(m), row("a", Refreshing, 60*m)).remembering(3, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "for ten hours: every five minutes", state: steady().with(asked(4*m), row("a", Refreshing, 600*m)).remembering(3, busy...), want: []string{"8m3s..0s"}},
		{name: "for ten hours, and due", state: steady().with(asked(5*m), row("a", Refreshing, 600*m)).remembering(3, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "about to leave", state: steady().with(asked(m), row("a", Refreshing, 4300*m)).remembering(3, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "everything costs no more than the whole window", state: steady().with(asked(time.Hour), many(200, 2*time.Hour, 20*m)...).remembering(3, many(800, m, 5*m)...), want: []string{"71h49m0s..1s"}},

		{name: "what was never read, what leaves next first", state: func() State {
			s := steady().remembering(3, busy...)
			s.Scanned = []Span{{noon.Add(-172 * time.Hour), noon.Add(-50 * time.Hour)}, {noon.Add(-40 * time.Hour), noon.Add(-30 * time.Hour)}, {noon.Add(-10 * time.Hour), noon.Add(-m)}}
			return s
		}(), want: []string{"8m3s..0s", "50h0m0s..40h0m0s", "30h0m0s..10h0m0s"}},
		{name: "a window under way goes on at its page", state: func() State {
			s := steady().remembering(3, busy...)
			s.Scanned = []Span{{noon.Add(-172 * time.Hour), noon.Add(-50 * time.Hour)}, {noon.Add(-10 * time.Hour), noon.Add(-m)}}
			s.Windows = []Window{under(50*time.Hour, 10*time.Hour, 7)}
			return s
		}(), want: []string{"8m3s..0s", "50h0m0s..10h0m0s from page 7"}},
		{name: "what is new begins where the last window ended, or where its pages have room", state: func() State {
			s := steady().remembering(3, busy...)
			s.Scanned = []Span{{noon.Add(-172 * time.Hour), noon.Add(-50 * time.Hour)}}
			s.Windows = []Window{under(50*time.Hour, m, 7)}
			return s
		}(), want: []string{"8m3s..0s", "50h0m0s..1m0s from page 7"}},
		{name: "a window that leaves the API's memory is cut", state: func() State {
			s := steady().remembering(3, busy...)
			s.Scanned, s.Windows = nil, []Window{under(72*time.Hour, m, 7)}
			return s
		}(), want: []string{"8m3s..0s", "71h49m0s..1m0s from page 7"}},
		{name: "what is not proven is left alone for a while", state: func() State {
			s := steady().remembering(3, busy...)
			s.Scanned = []Span{{noon.Add(-172 * time.Hour), noon.Add(-50 * time.Hour)}, {noon.Add(-10 * time.Hour), noon.Add(-m)}}
			w := under(50*time.Hour, 10*time.Hour, 1)
			w.Again = noon.Add(m)
			s.Windows = []Window{w}
			return s
		}(), want: []string{"8m3s..0s"}},
		{name: "unless a clock that was wrong has dated the pause", state: func() State {
			s := steady().remembering(3, busy...)
			s.Scanned = []Span{{noon.Add(-172 * time.Hour), noon.Add(-50 * time.Hour)}, {noon.Add(-10 * time.Hour), noon.Add(-m)}}
			w := under(50*time.Hour, 10*time.Hour, 1)
			w.Again = noon.Add(100 * time.Hour)
			s.Windows = []Window{w}
			return s
		}(), want: []string{"8m3s..0s", "50h0m0s..10h0m0s"}},
		{name: "after a long outage the oldest hour is read first", state: func() State {
			s := steady()
			s.Scanned = []Span{{noon.Add(-172 * time.Hour), noon.Add(-71 * time.Hour)}}
			return s
		}(), want: []string{"70h49m0s..0s", "71h0m0s..70h49m0s"}},
		{name: "a clock that was ahead has claimed what is still to come", state: func() State {
			s := steady().remembering(3, busy...)
			s.Scanned[0].To = noon.Add(10 * m)
			s.Windows = []Window{under(0, -10*m, 1)}
			return s
		}(), want: []string{"8m53s..0s"}},
		{name: "old rows once more", state: rescanned(61*m).remembering(3, busy...).remembering(3, many(3000, 2*time.Hour, m)...),
			want: []string{"8m3s..0s", "68h1m0s..67h0m0s", "35h1m0s..34h0m0s", "2h1m0s..1h0m0s"}},
		{name: "in flight, more than the run affords: a window of its own", state: steady(many(1000, 6*m, time.Second)...), pages: 12,
			want: []string{"6m0s..0s", "22m39s..6m0s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := DefaultLimits()
			l.Pages = tt.pages
			if diff := cmp.Diff(tt.want, asks(tt.state.Plan(noon, l))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A quiet run never costs more than the pages of the whole window and one, however
// rows in flight lie.
func TestAQuietRunIsBounded(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 5))
		rows := many(1+rng.IntN(3000), time.Minute, time.Duration(1+rng.IntN(80))*time.Second)
		var flying, done []Task
		share := rng.IntN(100)
		for _, r := range rows {
			if rng.IntN(100) < share {
				flying = append(flying, r)
			} else {
				done = append(done, r)
			}
		}
		s := steady(flying...).remembering(3, done...)
		p := s.Plan(noon, DefaultLimits())
		tally := newTally(s)
		cost := 0
		for _, w := range slices.Concat([]Window{p.Fresh}, p.Status, p.Later) {
			if w.filtered() {
				cost++
			} else {
				cost += pagesFor(tally.listed(w))
			}
		}
		if most := pagesFor(tally.within(DefaultLimits().window(noon))) + 1; cost > most {
			t.Fatalf("seed %d: %d pages, want at most %d: %v", seed, cost, most, asks(p)[:min(10, len(asks(p)))])
		}
	}
}

func TestLookUps(t *testing.T) {
	s := steady(row("listed", Refreshing, time.Hour), row("missing", Refreshing, time.Hour), row("unread", Refreshing, 30*time.Hour), row("1,2", Refreshing, time.Hour))
	p := s.Plan(noon, DefaultLimits())
	w := windowFor(Span{noon.Add(-2 * time.Hour), noon})
	w.end = whole
	b := Batch{Tasks: []Task{row("listed", Refreshing, time.Hour)}, Windows: []Window{w}, Calls: 1}
	ws := s.LookUps(p, b)
	if len(ws) != 1 || ws[0].TaskID != "missing" {
		t.Errorf("asked %+v", ws)
	}
	var crowd []Task
	for i := range 50 {
		crowd = append(crowd, row(fmt.Sprint(i), Refreshing, time.Hour))
	}
	if ws := steady(crowd...).LookUps(p, b); len(ws) != 20 {
		t.Errorf("%d look-ups", len(ws))
	}
	b.Windows[0].end = unread
	if ws := s.LookUps(p, b); len(ws) != 0 {
		t.Errorf("a window that was not read proves nothing: %+v", ws)
	}
}

// No plan, from whatever state, breaks a rule of the API or of its stricter kin, leaves
// a young row in flight out, or grows without bound.
func TestNoPlanBreaksARule(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 2))
		l := DefaultLimits()
		l.Pages = rng.IntN(50)
		ago := func(most time.Duration) time.Time {
			return noon.Add(-time.Duration(rng.Int64N(int64(most)))).Truncate(time.Second)
		}
		s := State{Began: ago(200 * time.Hour), Rescanned: ago(3 * time.Hour)}
		for range rng.IntN(4) {
			at := ago(80 * time.Hour)
			s.Scanned = union(s.Scanned, Span{at, earlier(noon, at.Add(time.Duration(rng.IntN(100))*time.Hour))})
		}
		for range rng.IntN(4) {
			at := ago(80 * time.Hour)
			w := windowFor(Span{at, earlier(noon, at.Add(time.Duration(1+rng.IntN(100))*time.Hour))})
			w.Next, w.Total = rng.IntN(20), rng.IntN(2000)
			s.Windows = append(s.Windows, w)
		}
		for i := range rng.IntN(40) {
			r := row([]string{fmt.Sprint(i), "", "1,2"}[rng.IntN(3)], []Status{Pending, Refreshing, "Odd"}[rng.IntN(3)], noon.Sub(ago(74*time.Hour)))
			r.ObjectPath = fmt.Sprint(i)
			s.InFlight = append(s.InFlight, InFlight{Task: r, FirstSeen: ago(time.Hour), Asked: ago(time.Hour)})
		}
		s.Finished = someRecords(rng.IntN(3000))
		now := noon.Add(time.Duration(rng.Int64N(int64(time.Second))))
		p := s.Plan(now, l)
		all := slices.Concat([]Window{p.Fresh}, p.Status, p.Later)
		for _, w := range append(all, s.LookUps(p, Batch{Windows: all})...) {
			if err := brokenRule(w.Query, now.Add(10*time.Minute)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if len(all) > 60 {
			t.Fatalf("seed %d: %d questions", seed, len(all))
		}
		for _, o := range s.InFlight {
			asked := slices.ContainsFunc(all, func(w Window) bool {
				return w.TaskID == o.TaskID && w.TaskID != "" || !w.filtered() && w.Span().has(o.Created)
			})
			if o.due(now, l) && l.window(now).has(o.Created) && o.Created.After(noon.Add(-71*time.Hour)) && !asked {
				t.Fatalf("seed %d: nobody asks about %+v in %v", seed, o, asks(p))
			}
		}
	}
}

func TestFilterWindows(t *testing.T) {
	day := Span{noon.Add(-24 * time.Hour), noon}
	full := []string{"24h0m0s..0s"}
	tests := []struct {
		name string
		w    Span
		f    Filter
		want []string
	}{
		{"everything", day, Filter{}, full},
		{"further back than the API answers", Span{noon.Add(-500 * time.Hour), noon}, Filter{}, []string{"71h49m0s..0s"}},
		{"all too long ago", Span{noon.Add(-500 * time.Hour), noon.Add(-400 * time.Hour)}, Filter{}, nil},
		{"a status alone cannot be asked for", day, Filter{Statuses: []Status{Failed}}, full},
		{"a status of a type", day, Filter{Statuses: []Status{Failed}, ObjectTypes: []string{"File", "preload"}}, []string{"Failed file  24h0m0s..0s", "Failed preload  24h0m0s..0s"}},
		{"a status that the API does not filter by", day, Filter{Statuses: []Status{Timeout}, ObjectTypes: []string{"file"}}, []string{" file  24h0m0s..0s"}},
		{"a type that the API does not filter by", day, Filter{ObjectTypes: []string{"file", "regex"}}, full},
		{"types and domains", day, Filter{ObjectTypes: []string{"file"}, Domains: []string{"A.example.com"}}, []string{" file a.example.com 24h0m0s..0s"}},
		{"a pattern", day, Filter{ObjectTypes: []string{"file"}, Domains: []string{"*.example.com"}}, []string{" file  24h0m0s..0s"}},
		{"too many questions", day, Filter{ObjectTypes: []string{"file", "preload"}, Domains: []string{"a", "b", "c", "d"}}, full},
		{"a task", day, Filter{TaskID: "7"}, []string{"7"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, w := range tt.f.Windows(tt.w, noon, DefaultLimits()) {
				text := asks(Plan{Fresh: w})[0]
				if w.ObjectType != "" {
					text = fmt.Sprintf("%s %s %s %s", w.Status, w.ObjectType, w.Domain, text)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
