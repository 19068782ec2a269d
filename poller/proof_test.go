package poller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// attack is an API on a bad day, for a poller with few pages a run.
type attack struct {
	rng    *rand.Rand
	api    *simAPI
	faults string
	pages  int // a run
	proof  proof

	appears map[Key]time.Time // listed only from then on
	leaves  map[Key]time.Time // not listed from then on
	calm    time.Time         // no faults from then on
	moving  bool              // rows change places within a second
}

const attackFor = 3 * time.Hour

// newAttack mixes faults by the seed: each in half of the attacks.
func newAttack(seed uint64) *attack {
	rng := rand.New(rand.NewPCG(seed, 11))
	start := simStart.Add(time.Duration(rng.IntN(300)) * time.Second)
	rows := traffic(rng, start.Add(-time.Duration(1+rng.IntN(20))*time.Hour), start.Add(attackFor),
		stream{"file", 200 + rng.IntN(3000), 1 + rng.IntN(120), true, time.Minute, 20 * time.Minute},
		stream{"preload", rng.IntN(600), 10, false, 5 * time.Minute, 30 * time.Minute})
	a := &attack{rng: rng, api: newSimAPI(rows), pages: 6 + rng.IntN(60), proof: byCount,
		appears: map[Key]time.Time{}, leaves: map[Key]time.Time{}, calm: start.Add(attackFor)}
	a.api.interval, a.api.rng = 0, rng
	a.api.hidden = func(r simRow, now time.Time) bool {
		leaves, ok := a.leaves[r.Key]
		return now.Before(a.appears[r.Key]) || ok && !now.Before(leaves)
	}
	a.choose()
	return a
}

func (a *attack) choose() {
	might := func(name string) bool {
		if a.rng.IntN(2) == 0 {
			a.faults += " " + name
			return true
		}
		return false
	}
	for _, r := range a.api.rows {
		a.appears[r.Key] = r.Created
	}
	if might("late") {
		for _, r := range a.api.rows {
			if a.rng.IntN(50) == 0 {
				a.appears[r.Key] = r.Created.Add(time.Duration(a.rng.IntN(1800)) * time.Second)
			}
		}
	}
	if might("vanishing") {
		for _, r := range a.api.rows {
			if a.rng.IntN(40) == 0 {
				a.leaves[r.Key] = r.done.Add(time.Duration(a.rng.IntN(7200)) * time.Second)
			}
		}
	}
	a.moving = might("unstable")
	a.api.exacting = might("exacting")
	if might("lagging") {
		a.api.lag = func() time.Duration {
			if a.quiet() || a.rng.IntN(8) > 0 {
				return 0
			}
			return time.Duration(a.rng.IntN(180)) * time.Second
		}
	}
	if might("totals") {
		a.api.total = func(n int) int {
			if a.quiet() || a.rng.IntN(8) > 0 {
				return n
			}
			return max(0, n+a.rng.IntN(9)-4)
		}
	}
	if might("throttled") {
		a.api.throttle = func(time.Time) bool { return !a.quiet() && a.rng.IntN(15) == 0 }
	}
	might("dying")
}

func (a *attack) quiet() bool { return !time.Now().Before(a.calm) }

// run polls until long after the attack. It returns how often each row was notified by
// runs that were recorded, and when; and the times that were claimed to be read while
// they held a row that nobody knew.
func (a *attack) run() (times map[Key][]time.Time, unsound []string, most int) {
	times = map[Key][]time.Time{}
	var s State
	time.Sleep(time.Until(a.calm.Add(-attackFor)))
	for time.Now().Before(a.calm.Add(5 * time.Hour)) {
		a.api.unstable = a.moving && !a.quiet()
		now := time.Now()
		l := DefaultLimits()
		l.Pages = a.pages
		p := s.Plan(now, l)
		r := NewReader(a.api, s, 1) // more at a time, and a seed would not repeat itself
		r.Limit(a.pages)
		r.proof = a.proof
		r.Poll(context.Background(), s, p, func(int) time.Time { return time.Time{} })
		c := s.Diff(p, r.Batch(), now, Policy{NotifyFirst: true, Clock: now})
		if dies := strings.Contains(a.faults, "dying") && !a.quiet() && a.rng.IntN(6) == 0; c.Changed && !dies {
			for _, n := range c.Notify {
				if n.Kind == Finished {
					times[n.Task.Key] = append(times[n.Task.Key], now)
				}
			}
			unsound = append(unsound, a.unknown(s, c.State, now)...)
			s = c.State
			most = max(most, len(s.Windows))
		}
		time.Sleep(time.Duration(30+a.rng.IntN(60)) * time.Second)
	}
	return times, unsound, most
}

// unknown are the rows of the seconds that this run claims to have read, which were
// listed all the time and which it does not know.
func (a *attack) unknown(before, after State, now time.Time) []string {
	var out []string
	known := map[uint64]bool{}
	for _, r := range after.Finished {
		known[r.Hash] = true
	}
	for _, o := range after.InFlight {
		known[o.Hash()] = true
	}
	for _, r := range a.api.rows {
		in := func(spans []Span) bool {
			return slices.ContainsFunc(spans, func(s Span) bool { return s.has(r.Created) })
		}
		if _, gone := a.leaves[r.Key]; gone || !in(after.Scanned) || in(before.Scanned) || known[r.Hash()] {
			continue
		}
		if a.appears[r.Key].Before(now.Add(-3*time.Minute)) && r.Created.After(now.Add(-70*time.Hour)) {
			out = append(out, fmt.Sprintf("%v at %v", r.Key, now.Sub(simStart)))
		}
	}
	return out
}

// The bound: a row that is listed as finished is notified within so long, whatever the
// attack. Faults cost runs while they last; two hours after them everything is known, and
// what was missed by bad luck is found when rows are read again at the age of an hour.
const afterAttack = 4 * time.Hour

// TestProofUnderAttack: under every mix of faults each finished row is notified once, a
// time that is claimed to be read hides no row, and what is remembered stays small.
func TestProofUnderAttack(t *testing.T) {
	seeds := 12
	if *long {
		seeds = 1000
	}
	if testing.Short() {
		seeds = 4
	}
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			a := newAttack(seed)
			times, unsound, most := a.run()
			if len(unsound) > 0 {
				t.Errorf("seed %d (%s): claimed to be read, and hidden there: %v", seed, a.faults, unsound)
			}
			a.check(t, seed, times)
			if most > mostWindows {
				t.Errorf("seed %d (%s): %d windows under way", seed, a.faults, most)
			}
			if a.api.refused != nil {
				t.Error(a.api.refused)
			}
		})
	}
}

func (a *attack) check(t *testing.T, seed uint64, times map[Key][]time.Time) {
	for _, r := range a.api.rows {
		_, gone := a.leaves[r.Key]
		seen := later(r.done, a.appears[r.Key])
		switch got := times[r.Key]; {
		case len(got) > 1:
			t.Errorf("seed %d (%s): %v was notified %d times", seed, a.faults, r.Key, len(got))
		case len(got) == 0 && !gone && seen.Before(a.calm):
			t.Errorf("seed %d (%s): %v was never notified; created %v, listed from %v, finished %v",
				seed, a.faults, r.Key, r.Created.Sub(simStart), a.appears[r.Key].Sub(simStart), r.done.Sub(simStart))
		case len(got) == 1 && got[0].After(later(seen, a.calm).Add(afterAttack)):
			t.Errorf("seed %d (%s): %v was notified %v late", seed, a.faults, r.Key, got[0].Sub(seen))
		}
	}
}

// A wrong proof is caught by the list that it is blind for, and, with -long, by the
// attacks.
func TestWrongProofsAreCaught(t *testing.T) {
	atEdge := func(w Window) Span { return Span{w.From, w.To.Add(time.Second)} }
	for _, tt := range []struct {
		name  string
		wrong proof
		rows  int
		known int // rows that are remembered, and have left the list
		spoil func(*list)
		edge  bool // what is remembered lies at the end of the window
	}{
		{name: "count remembered rows at the edge", wrong: proof{atEdge, byCount.proved}, rows: 121, known: 1, edge: true, spoil: appear},
		{name: "trust one pass", wrong: proof{byCount.remembered, func(*Window, *count) bool { return true }}, rows: 120, spoil: hide(4, 1)},
		{name: "ignore vanished rows", wrong: proof{byCount.remembered, func(w *Window, c *count) bool { return c.known(w) >= w.Total }}, rows: 120, known: 5, spoil: hide(4, 3)},
		{name: "trust a number that agrees by chance", wrong: proof{byCount.remembered, func(w *Window, c *count) bool { return c.known(w) == w.Total || w.proved(c) }}, rows: 120, known: 3, spoil: hide(4, 3)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, p := range map[string]proof{"right": byCount, "wrong": tt.wrong} {
				w, s := everything(), State{}
				for i := range tt.known {
					gone := row(fmt.Sprint("gone", i), Complete, 30*time.Hour)
					if tt.edge {
						gone.Created = w.To
					}
					s.Finished = s.Finished.with([]Record{{Hash: gone.Hash(), Created: unixSeconds(gone.Created)}})
				}
				l := &list{rows: numbered(tt.rows)}
				tt.spoil(l)
				proven, known := readInTwoRuns(t, l, s, w, p)
				if all := known == tt.rows+tt.known; !proven || all != (name == "right") {
					t.Errorf("%s: proven %v, %d of %d rows", name, proven, known-tt.known, tt.rows)
				}
			}
			// Attacks come to no remembered row in just the second of a window's end within
			// a thousand seeds: there the list above is the proof.
			if *long && !tt.edge {
				t.Run("attacks", func(t *testing.T) { caughtByAttack(t, tt.wrong) })
			}
		})
	}
}

// A window's own listings count from pass to pass, until the total shrinks: then rows have
// left, and as many may be hidden.
func TestOwnListingsEndWithAShrinkingTotal(t *testing.T) {
	for before, want := range map[int]bool{8: true, 10: false} {
		w := everything()
		w.Own, w.Passes, w.Before, w.Total, w.Listed = true, 1, before, 8, hashes{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true}
		this := &count{pass: hashes{1: true, 2: true, 3: true, 4: true, 5: true, 6: true}}
		if got := w.proved(this); got != want {
			t.Errorf("8 rows listed in two passes, 6 of them in this one, totals %d and 8: proven %v", before, got)
		}
	}
}

// readInTwoRuns reads two pages in one run and the rest in another.
func readInTwoRuns(t *testing.T, l Lister, s State, w Window, p proof) (proven bool, known int) {
	for _, pages := range []int{2, mostPages} {
		r := NewReader(l, s, 1)
		r.proof = p
		r.Limit(pages)
		r.Read(t.Context(), time.Time{}, w)
		b := r.Batch()
		w, proven = b.Windows[0], len(b.Rest()) == 0
		for _, task := range b.Tasks {
			if at := unixSeconds(task.Created); !s.Finished.has(task.Hash(), at) {
				s.Finished = s.Finished.with([]Record{{Hash: task.Hash(), Created: at}})
			}
		}
	}
	return proven, len(s.Finished)
}

// A row that is listed twice is one duplicate, also when another run meets it on another page
// of the same pass: counted again, it would pass for the row that is hidden there.
func TestADuplicateThatChangesItsPageCountsOnce(t *testing.T) {
	rows := numbered(149)
	for i := range rows {
		rows[i].Created = noon.Add(-time.Hour)
	}
	twice := slices.Concat(rows[:1], rows)
	l := &list{rows: twice}
	l.before = func(call int) {
		if call == 3 { // the second run
			l.rows = slices.Concat(rows[1:49], rows[147:], rows[49:99], twice[:2], rows[99:147])
		}
	}
	w := windowFor(Span{noon.Add(-time.Hour), noon.Add(time.Second - time.Hour)})
	w.Piece = true
	proven, known := readInTwoRuns(t, l, steady().remembering(1, rows[147]), w, byCount)
	if !proven || known != len(rows) {
		t.Errorf("proven %v, with %d of %d rows known", proven, known, len(rows))
	}
}

// appear lists one more row on top once two pages were read: the third repeats a row.
func appear(l *list) {
	hidden := l.rows[0]
	l.rows = l.rows[1:]
	l.before = func(call int) {
		if call == 3 {
			l.rows = append([]Task{hidden}, l.rows...)
		}
	}
}

// hide leaves n rows out of the answer to one call.
func hide(call, n int) func(*list) {
	return func(l *list) {
		l.after = func(c int, p *Page) {
			if c == call {
				p.Tasks = p.Tasks[:len(p.Tasks)-n]
			}
		}
	}
}

func caughtByAttack(t *testing.T, wrong proof) {
	for seed := range uint64(1000) {
		caught := false
		synctest.Test(t, func(t *testing.T) {
			a := newAttack(seed)
			a.proof = wrong
			_, unsound, _ := a.run()
			caught = len(unsound) > 0
		})
		if caught {
			t.Logf("caught by seed %d", seed)
			return
		}
	}
	t.Error("nobody noticed")
}

// runsToRead is how many runs of so many pages a backlog takes, from the first that finds
// it until every row was notified, and what it would take if nothing moved.
func runsToRead(t *testing.T, seed uint64, pages int, spoil func(*attack)) (runs, ideal int) {
	rng := rand.New(rand.NewPCG(seed, 13))
	rows := traffic(rng, simStart.Add(-10*time.Hour), simStart, stream{"file", 2400 * 3, 40, true, time.Minute, 2 * time.Minute})
	a := &attack{rng: rng, api: newSimAPI(rows), pages: pages, appears: map[Key]time.Time{}, leaves: map[Key]time.Time{}, calm: simStart.Add(1000 * time.Hour)}
	a.api.interval = 0
	spoil(a)
	time.Sleep(3 * time.Minute)
	var s State
	notified := map[Key]bool{}
	rows = a.api.rows
	ideal = (pagesFor(len(rows)) + pages - 2) / (pages - 1) // one page a run is for what is new
	for len(notified) < len(rows) {
		if runs++; runs > 20*ideal {
			t.Fatalf("%d runs, and %d of %d rows", runs, len(notified), len(rows))
		}
		now := time.Now()
		l := DefaultLimits()
		l.Pages = pages
		p := s.Plan(now, l)
		r := NewReader(a.api, s, 8)
		r.Limit(pages)
		r.Poll(context.Background(), s, p, func(int) time.Time { return time.Time{} })
		b := r.Batch()
		c := s.Diff(p, b, now, Policy{NotifyFirst: true, Clock: now})
		var e *Error
		if b.Err != nil && !errors.As(b.Err, &e) {
			t.Fatal(b.Err)
		}
		for _, n := range c.Notify {
			notified[n.Task.Key] = true
		}
		if c.Changed {
			s = c.State
		}
		time.Sleep(time.Minute)
	}
	return runs, ideal
}

// TestRunsNeeded holds the poller to 2.5 times the runs that a list that keeps still
// would need.
func TestRunsNeeded(t *testing.T) {
	for name, spoil := range map[string]func(*attack){
		"still":     func(*attack) {},
		"exacting":  func(a *attack) { a.api.exacting = true },
		"throttled": func(a *attack) { a.api.throttle = func(time.Time) bool { return a.rng.IntN(40) == 0 } },
		"lagging": func(a *attack) {
			a.api.lag = func() time.Duration { return time.Duration(a.rng.IntN(2)) * time.Minute }
		},
		"totals":   func(a *attack) { a.api.total = func(n int) int { return n + a.rng.IntN(3) - 1 } },
		"unstable": func(a *attack) { a.api.unstable = true },
		"vanishing": func(a *attack) {
			a.api.hidden = func(r simRow, now time.Time) bool { return r.Hash()%50 == 0 && now.Sub(r.done) > 40*time.Minute }
			a.api.rows = slices.DeleteFunc(a.api.rows, func(r simRow) bool { return r.Hash()%50 == 0 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pages := range []int{3, 10, 100} {
				synctest.Test(t, func(t *testing.T) {
					runs, ideal := runsToRead(t, 1, pages, spoil)
					t.Logf("%d pages a run: %d runs, ideal %d", pages, runs, ideal)
					if float64(runs) > 2.5*float64(ideal)+1 {
						t.Errorf("%d runs, ideal %d", runs, ideal)
					}
				})
			}
		})
	}
}
