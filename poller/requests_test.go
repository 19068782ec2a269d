package poller

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var simStart = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// stream is one kind of traffic: so many rows a day, submitted a few at a time.
type stream struct {
	objectType string
	perDay     int
	batch      int // most rows of one submission
	oneID      bool
	fastest    time.Duration
	slowest    time.Duration
}

func urls(perDay int) stream {
	return stream{"file", perDay, 20, true, 5 * time.Minute, 6 * time.Minute}
}
func directories(perDay int) stream {
	return stream{"directory", perDay, 1, true, 5 * time.Minute, 6 * time.Minute}
}
func preloads(perDay int) stream {
	return stream{"preload", perDay, 10, false, 5 * time.Minute, 30 * time.Minute}
}

func quotas(times int) []stream {
	return []stream{urls(2000 * times), directories(100 * times), preloads(500 * times)}
}

// traffic spreads the streams over time at random.
func traffic(rng *rand.Rand, from, to time.Time, streams ...stream) []fakeRow {
	var rows []fakeRow
	for n, s := range streams {
		for left := int(float64(s.perDay) * to.Sub(from).Hours() / 24); left > 0; {
			size := min(1+rng.IntN(s.batch), left)
			left -= size
			at := from.Add(time.Duration(rng.Int64N(int64(to.Sub(from))))).Truncate(time.Second)
			rows = append(rows, submit(rng, s, at, size, fmt.Sprintf("%d-%d", n, left))...)
		}
	}
	return rows
}

// submit is one submission of size rows.
func submit(rng *rand.Rand, s stream, at time.Time, size int, id string) []fakeRow {
	var rows []fakeRow
	for i := range size {
		key := Key{id, s.objectType, fmt.Sprintf("http://example.com/%s/%d", id, i)}
		if !s.oneID {
			key.TaskID = fmt.Sprintf("%s-%d", id, i)
		}
		r := fakeRow{Task: Task{Key: key, Created: at}, refreshing: at.Add(20 * time.Second), end: Complete}
		r.done = at.Add(s.fastest + time.Duration(rng.Int64N(int64(s.slowest-s.fastest)+1)))
		if rng.IntN(30) == 0 {
			r.end = Failed
		}
		rows = append(rows, r)
	}
	return rows
}

func never(rows []fakeRow) []fakeRow {
	for i := range rows {
		rows[i].done = rows[i].Created.Add(1000 * time.Hour)
	}
	return rows
}

// TestRequestsPerTick plays days of traffic against the fewest requests that could
// read what is unfinished or new.
func TestRequestsPerTick(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	scenarios := []struct {
		name string
		days int
		rows func(rng *rand.Rand, from, to time.Time) []fakeRow
	}{
		{"default quotas", 2, func(rng *rand.Rand, from, to time.Time) []fakeRow {
			return traffic(rng, from, to, quotas(1)...)
		}},
		{"ten times that", 1, func(rng *rand.Rand, from, to time.Time) []fakeRow {
			return traffic(rng, from, to, quotas(10)...)
		}},
		{"one purge of 2,000", 1, func(rng *rand.Rand, from, to time.Time) []fakeRow {
			return append(traffic(rng, from, to, preloads(500)),
				submit(rng, urls(0), simStart.Add(10*time.Hour), 2000, "purge")...)
		}},
		{"500 prefetches", 1, func(rng *rand.Rand, from, to time.Time) []fakeRow {
			return traffic(rng, from, to, preloads(500))
		}},
		{"500 prefetches in an hour", 1, func(rng *rand.Rand, from, to time.Time) []fakeRow {
			return traffic(rng, simStart.Add(10*time.Hour), simStart.Add(11*time.Hour), preloads(500*24))
		}},
		{"a few stuck", 3, func(rng *rand.Rand, from, to time.Time) []fakeRow {
			rows := traffic(rng, from, to, quotas(1)...)
			for i, at := range []time.Duration{time.Hour, 2 * time.Hour, 5 * time.Hour, 5*time.Hour + time.Second, 9 * time.Hour} {
				s := []stream{urls(0), preloads(0)}[i%2]
				rows = append(rows, never(submit(rng, s, simStart.Add(at), 1, fmt.Sprint("stuck", i)))...)
			}
			return rows
		}},
		{"one stuck of a purge", 1, func(rng *rand.Rand, from, to time.Time) []fakeRow {
			purge := submit(rng, urls(0), simStart.Add(7*time.Hour), 2000, "purge")
			never(purge[1999:])
			return append(traffic(rng, from, to, quotas(1)...), purge...)
		}},
		{"idle", 2, func(*rand.Rand, time.Time, time.Time) []fakeRow { return nil }},
	}
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			end := simStart.Add(time.Duration(sc.days) * 24 * time.Hour)
			sim := &simulation{t: t, api: newFakeAPI(sc.rows(rng, simStart.Add(-72*time.Hour), end)), told: map[Key]time.Time{}}
			sim.run(simStart, end)
			sim.check(end, sc.name == "idle")
		})
	}
}

// simulation ticks once a minute, as a timer would.
type simulation struct {
	t     *testing.T
	api   *fakeAPI
	state State // as remembered

	first   dayCount // the first sweep, its bound in whole pages
	days    []dayCount
	ratios  float64 // sum over the ticks
	ticks   int
	told    map[Key]time.Time
	slowest time.Duration // from a row's end until it was told
}

// dayCount is a day's requests, and the fewest that could have read the rows that
// were unfinished or new.
type dayCount struct{ requests, bound int }

func (d dayCount) ratio() float64 { return float64(d.requests) / float64(d.bound) }

func (sim *simulation) run(from, to time.Time) {
	next := 0
	for now := from; now.Before(to); now = now.Add(time.Minute) {
		sim.api.now = now
		created := 0
		for ; next < len(sim.api.rows) && !sim.api.rows[next].Created.After(now); next++ {
			created++
		}
		count := dayCount{-sim.api.calls, pagesFor(len(sim.state.Open) + created)}
		sim.tick(now)
		count.requests += sim.api.calls
		if now.Equal(from) {
			sim.first = count
			continue
		}
		if day := int(now.Sub(from).Hours() / 24); day == len(sim.days) {
			sim.days = append(sim.days, dayCount{})
		}
		d := &sim.days[len(sim.days)-1]
		d.requests, d.bound = d.requests+count.requests, d.bound+count.bound
		sim.ratios += count.ratio()
		sim.ticks++
	}
}

// tick is one poll; a state that is not worth a write is forgotten.
func (sim *simulation) tick(now time.Time) {
	p := sim.state.Plan(now, DefaultLimits())
	b := Fetch(context.Background(), sim.api, p.Queries, FetchOptions{})
	b = b.Merge(Fetch(context.Background(), sim.api, sim.state.LookUps(p, b), FetchOptions{}))
	c := sim.state.Diff(p, b, now, Policy{Room: 1 << 30})
	for _, e := range c.Events {
		if !sim.told[e.Task.Key].IsZero() {
			sim.t.Fatalf("told twice: %+v", e)
		}
		sim.told[e.Task.Key] = now
	}
	if c.Changed {
		sim.state = c.State
	}
}

// check asserts the figures, and that every end was told, soon.
func (sim *simulation) check(end time.Time, idle bool) {
	for _, r := range sim.api.rows {
		at := sim.told[r.Key]
		switch {
		case !at.IsZero():
			sim.slowest = max(sim.slowest, at.Sub(r.done))
		case r.done.After(simStart) && r.done.Before(end.Add(-3*time.Minute)):
			sim.t.Fatalf("never told: %+v", r)
		}
	}
	var sum dayCount
	worst := 0.0
	for _, d := range sim.days {
		sum = dayCount{sum.requests + d.requests, sum.bound + d.bound}
		worst = max(worst, d.ratio())
	}
	perTick := sim.ratios / float64(sim.ticks)
	sim.t.Logf("%d requests in %d ticks, at least %d: ratio %.3f (mean of the ticks %.3f, worst day %.3f)",
		sum.requests, sim.ticks, sum.bound, sum.ratio(), perTick, worst)
	sim.t.Logf("first sweep %d requests, at least %d; %d ends told, the slowest after %v",
		sim.first.requests, sim.first.bound, len(sim.told), sim.slowest.Round(time.Second))
	if idle && sum.requests != sim.ticks {
		sim.t.Errorf("an idle account costs %d requests in %d ticks", sum.requests, sim.ticks)
	}
	if sum.ratio() > 1.25 || perTick > 1.26 || worst > 1.6 {
		sim.t.Error("too many requests")
	}
	if float64(sim.first.requests) > float64(sim.first.bound)*1.03 {
		sim.t.Error("the first sweep costs too much")
	}
	if sim.slowest > 3*time.Minute {
		sim.t.Error("told too late")
	}
	if sim.api.refused != nil {
		sim.t.Error(sim.api.refused)
	}
}
