package poller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asks writes queries as a reader would: which rows, and their age in minutes.
func asks(p Plan) []string {
	var out []string
	for _, q := range p.Queries {
		var words []string
		for _, w := range []string{string(q.Status), q.ObjectType, q.Domain, q.TaskID} {
			if w != "" {
				words = append(words, w)
			}
		}
		if q.TaskID == "" {
			from, to := noon.Sub(q.span().From), noon.Sub(q.span().To)
			words = append(words, fmt.Sprintf("%v..%v", from, max(to, 0)))
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

// many are finished rows of one type, created every step from an age on.
func many(n int, objectType string, age, step time.Duration) []Task {
	var rows []Task
	for i := range n {
		t := row(fmt.Sprint(objectType, age, "/", i), Complete, age+time.Duration(i)*step)
		t.ObjectType = objectType
		rows = append(rows, t)
	}
	return rows
}

func TestPlan(t *testing.T) {
	preload := func(t Task) Task { t.ObjectType = "preload"; return t }
	m := time.Minute
	busy := many(300, "file", 6*m, 5*time.Second) // 6 to 31 minutes ago, 12 a minute
	tests := []struct {
		name  string
		state State
		limit func(*Limits)
		want  []string
	}{
		{name: "the very first run reads the window", state: State{}, want: []string{"71h49m0s..0s"}},
		{name: "an idle account is read in full", state: steady(), want: []string{"71h49m0s..0s"}},
		{name: "many old rows: only what is new", state: steady().remembering(true, many(60, "file", 7*m, 0)...), want: []string{"6m58s..0s"}},
		{name: "a full page is filled up", state: steady().remembering(true, many(100, "file", 7*m, m)...), want: []string{"40m58s..0s"}},
		{name: "new rows expected", state: steady().remembering(true, busy...), want: []string{"8m3s..0s"}},

		{name: "an old row of another type", state: steady(preload(row("a", Refreshing, 40*m))).remembering(true, busy...),
			want: []string{"8m3s..0s", "a"}},
		{name: "two that one question shows", state: steady(preload(row("a", Refreshing, 40*m)), preload(row("b", Refreshing, 50*m))).remembering(true, busy...),
			want: []string{"8m3s..0s", "preload 50m0s..39m59s"}},
		{name: "two types that one question shows", state: steady(preload(row("a", Refreshing, 40*m)), row("b", Refreshing, 50*m)).remembering(true, busy...),
			want: []string{"8m3s..0s", "50m0s..39m59s"}},
		{name: "two with much between", state: steady(row("a", Refreshing, 40*m), row("b", Refreshing, 50*m)).remembering(true, busy...).remembering(true, many(200, "file", 45*m, 0)...),
			want: []string{"8m3s..0s", "b", "a"}},
		{name: "one that the new rows' page shows", state: steady(row("a", Refreshing, 20*m)), want: []string{"71h49m0s..0s"}},
		{name: "a type the API cannot filter by", state: func() State {
			odd := row("a", Refreshing, 40*m)
			odd.ObjectType = "regex"
			return steady(odd).remembering(true, busy...)
		}(), want: []string{"8m3s..0s", "a"}},
		{name: "no creation time", state: func() State {
			odd := row("a", Refreshing, 0)
			odd.Created = time.Time{}
			return steady(odd).remembering(true, busy...)
		}(), want: []string{"7m58s..0s", "a"}},
		{name: "older than the API answers", state: steady(row("a", Refreshing, 4319*m)).remembering(true, busy...), want: []string{"8m3s..0s"}},

		{name: "asked a moment ago, when there is much to ask", state: watchedFor(20*m, m, preload(row("a", Refreshing, 40*m))).remembering(true, busy...), want: []string{"8m3s..0s"}},
		{name: "stuck and asked a moment ago", state: watchedFor(10*time.Hour, 5*m, row("a", Refreshing, 600*m)).remembering(true, busy...), want: []string{"8m3s..0s"}},
		{name: "stuck and due", state: watchedFor(10*time.Hour, 31*m, row("a", Refreshing, 600*m)).remembering(true, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "several stuck", state: watchedFor(10*time.Hour, 31*m, row("a", Refreshing, 600*m), row("b", Refreshing, 700*m), row("c", Refreshing, 800*m)).
			remembering(true, busy...).remembering(true, many(200, "file", 650*m, 0)...).remembering(true, many(200, "file", 750*m, 0)...),
			want: []string{"8m3s..0s", "Refreshing file 13h20m0s..9h59m59s"}},
		{name: "stuck and about to leave", state: watchedFor(70*time.Hour, 5*m, row("a", Refreshing, 4280*m)).remembering(true, busy...), want: []string{"8m3s..0s", "a"}},
		{name: "one that hangs of a great submission", state: watchedFor(10*time.Hour, 31*m, row("a", Refreshing, 600*m)).remembering(true, busy...).remembering(true, many(1999, "file", 600*m, 0)...),
			want: []string{"8m3s..0s", "Refreshing file 10h0m0s..9h59m59s"}},

		{name: "what was never read, newest first", state: func() State {
			s := steady().remembering(true, busy...)
			s.Swept = []Span{{noon.Add(-172 * time.Hour), noon.Add(-50 * time.Hour)}, {noon.Add(-40 * time.Hour), noon.Add(-30 * time.Hour)}, {noon.Add(-10 * time.Hour), noon.Add(-m)}}
			return s
		}(), want: []string{"8m3s..0s", "30h0m0s..10h0m0s", "50h0m0s..40h0m0s"}},
		{name: "what is about to leave goes first", state: func() State {
			s := steady().remembering(true, busy...)
			s.Swept = []Span{{noon.Add(-40 * time.Hour), noon.Add(-30 * time.Hour)}, {noon.Add(-10 * time.Hour), noon.Add(-m)}}
			return s
		}(), want: []string{"8m3s..0s", "71h49m0s..71h34m0s", "30h0m0s..10h0m0s", "71h34m0s..40h0m0s"}},
		{name: "old rows once more", state: reconciledAgo(m*61).remembering(true, busy...), want: []string{"8m3s..0s", "2h1m0s..1h0m0s", "14h1m0s..13h0m0s", "26h1m0s..25h0m0s", "38h1m0s..37h0m0s", "50h1m0s..49h0m0s", "62h1m0s..61h0m0s"}},
		{name: "old rows once more, after an outage", state: reconciledAgo(m*600).remembering(true, many(7200, "file", 6*m, 36*time.Second)...), want: []string{"25m46s..0s", "3h0m0s..1h0m0s"}},
		{name: "but not without the pages", state: reconciledAgo(m*61).remembering(true, busy...), limit: func(l *Limits) { l.Pages = 3 }, want: []string{"8m3s..0s"}},

		{name: "scope: one type and one domain", state: steady(), limit: func(l *Limits) { l.Scope = Scope{[]string{"Example.com"}, []string{"file"}} }, want: []string{"file example.com 71h49m0s..0s"}},
		{name: "scope: a domain alone cannot be asked for", state: steady(), limit: func(l *Limits) { l.Scope = Scope{Domains: []string{"example.com"}} }, want: []string{"71h49m0s..0s"}},
		{name: "scope: nor can a pattern", state: steady(), limit: func(l *Limits) { l.Scope = Scope{[]string{"*.example.com"}, []string{"file"}} }, want: []string{"file 71h49m0s..0s"}},
		{name: "scope: several types over a long time", state: steady(), limit: func(l *Limits) { l.Scope = Scope{ObjectTypes: []string{"file", "preload"}} }, want: []string{"file 71h49m0s..0s", "preload 71h49m0s..0s"}},
		{name: "scope: a type the API cannot filter by", state: steady(), limit: func(l *Limits) { l.Scope = Scope{ObjectTypes: []string{"file", "regex"}} }, want: []string{"71h49m0s..0s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := DefaultLimits()
			if tt.limit != nil {
				tt.limit(&l)
			}
			if diff := cmp.Diff(tt.want, asks(tt.state.Plan(noon, l))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// watchedFor is steady, with rows first seen and last asked so long ago.
func watchedFor(seen, asked time.Duration, rows ...Task) State {
	s := steady(rows...)
	for i := range s.Open {
		s.Open[i].FirstSeen, s.Open[i].Asked = noon.Add(-seen), noon.Add(-asked)
	}
	return s
}

func reconciledAgo(d time.Duration) State {
	s := steady()
	s.Reconciled = noon.Add(-d)
	return s
}

// Two runs a moment apart both ask about every unfinished row, however old.
func TestPlanAsksAboutEveryYoungRowEachTime(t *testing.T) {
	l, now := DefaultLimits(), noon
	old := row("old", Refreshing, 48*time.Hour)
	var s State
	for range 3 {
		p := s.Plan(now, l)
		if !(Open{Task: old}).coveredBy(p.Queries) {
			t.Fatalf("not asked about at %v: %v", now, asks(p))
		}
		s = s.Diff(p, listing(p, append(many(200, "file", time.Hour, time.Second), old)...), now, Policy{Room: 1000}).State
		now = now.Add(3 * time.Second)
	}
}

func TestLookUps(t *testing.T) {
	s := steady(row("listed", Refreshing, time.Hour), row("missing", Refreshing, time.Hour), row("unread", Refreshing, 30*time.Hour))
	p := s.Plan(noon, DefaultLimits())
	b := Batch{Tasks: []Task{row("listed", Refreshing, time.Hour)}, Whole: []Query{ask(Span{noon.Add(-2 * time.Hour), noon})}, Calls: 1}
	qs := s.LookUps(p, b)
	if len(qs) != 1 || qs[0].TaskID != "missing" {
		t.Errorf("asked %+v", qs)
	}
	var crowd []Task
	for i := range 50 {
		crowd = append(crowd, row(fmt.Sprint(i), Refreshing, time.Hour))
	}
	if qs := steady(crowd...).LookUps(p, b); len(qs) != mostLookUps {
		t.Errorf("%d look-ups", len(qs))
	}
	b.Whole = []Query{{From: noon.Add(-2 * time.Hour), To: noon, ObjectType: "preload"}}
	if qs := s.LookUps(p, b); len(qs) != 0 {
		t.Errorf("a question about others proves nothing: %+v", qs)
	}
}

// No plan, from whatever state, breaks a rule of the API or of its stricter kin,
// leaves an unfinished young row out, or grows without bound.
func TestNoPlanBreaksARule(t *testing.T) {
	types := []string{"file", "directory", "preload", "regex", ""}
	domains := []string{"a.example.com", "*.example.com", "B.example.com"}
	some := func(rng *rand.Rand, list []string) (out []string) {
		for _, s := range list {
			if rng.IntN(3) == 0 {
				out = append(out, s)
			}
		}
		return out
	}
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 2))
		l := DefaultLimits()
		l.Scope = Scope{some(rng, domains), some(rng, types)}
		ago := func(most time.Duration) time.Time {
			return noon.Add(-time.Duration(rng.Int64N(int64(most)))).Truncate(time.Second)
		}
		s := State{Began: ago(200 * time.Hour), Scope: l.Scope.fingerprint(), Reconciled: ago(3 * time.Hour)}
		for range rng.IntN(4) {
			at := ago(80 * time.Hour)
			s.Swept = union(s.Swept, Span{at, earlier(noon, at.Add(time.Duration(rng.IntN(100))*time.Hour))})
		}
		for i := range rng.IntN(40) {
			r := row(fmt.Sprint(i), []Status{Pending, Refreshing, "Odd"}[rng.IntN(3)], noon.Sub(ago(74*time.Hour)))
			r.ObjectType = types[rng.IntN(len(types))]
			s.Open = append(s.Open, Open{Task: r, FirstSeen: ago(time.Hour), Asked: ago(time.Hour)})
		}
		s.Done = someSeen(rng.IntN(3000))
		now := noon.Add(time.Duration(rng.Int64N(int64(time.Second))))
		p := s.Plan(now, l)
		f := Filter{ObjectTypes: some(rng, types), Domains: some(rng, domains), Statuses: []Status{Complete, Failed, Pending}[:rng.IntN(3)]}
		all := append(slices.Clone(p.Queries), BackfillPlan(Span{ago(99 * time.Hour), now}, now, l, f).Queries...)
		for _, q := range append(all, s.LookUps(p, Batch{Whole: p.Queries})...) {
			if err := brokenRule(q, now.Add(10*time.Minute)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if len(all) > 200 {
			t.Fatalf("seed %d: %d questions", seed, len(all))
		}
		for _, o := range s.watching(l.Scope).Open {
			if l.Scope.Has(o.Task) && o.due(now, l) && !o.canWait(now) && l.window(now).has(o.Created) && o.Created.After(noon.Add(-71*time.Hour)) && !o.coveredBy(p.Queries) {
				t.Fatalf("seed %d: nobody asks about %+v in %v", seed, o, asks(p))
			}
		}
	}
}

func TestBackfillPlan(t *testing.T) {
	day := Span{noon.Add(-24 * time.Hour), noon}
	tests := []struct {
		name string
		w    Span
		f    Filter
		want []string
	}{
		{"everything", day, Filter{}, []string{"24h0m0s..0s"}},
		{"further back than the API answers", Span{noon.Add(-500 * time.Hour), noon}, Filter{}, []string{"71h49m0s..0s"}},
		{"all too long ago", Span{noon.Add(-500 * time.Hour), noon.Add(-400 * time.Hour)}, Filter{}, nil},
		{"a status alone cannot be asked for", day, Filter{Statuses: []Status{Failed}}, []string{"24h0m0s..0s"}},
		{"a status of a type", day, Filter{Statuses: []Status{Failed}, ObjectTypes: []string{"file", "preload"}}, []string{"Failed file 24h0m0s..0s", "Failed preload 24h0m0s..0s"}},
		{"a task", day, Filter{TaskID: "7"}, []string{"7"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, asks(BackfillPlan(tt.w, noon, DefaultLimits(), tt.f))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
