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
	scenarios := []struct {
		name string
		days int
		rows func(rng *rand.Rand, from, to time.Time) []fakeRow
	}{
		{"default quotas", 4, func(rng *rand.Rand, from, to time.Time) []fakeRow {
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
			return append(rows, append(submit(rng, urls(0), simStart.Add(7*time.Hour), 1999, "half"),
				never(submit(rng, urls(0), simStart.Add(7*time.Hour), 2000, "half")[1999:])...)...)
		}},
		{"idle", 4, func(*rand.Rand, time.Time, time.Time) []fakeRow { return nil }},
	}
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			end := simStart.Add(time.Duration(sc.days) * 24 * time.Hour)
			sim := &simulation{t: t, api: newFakeAPI(sc.rows(rng, simStart.Add(-72*time.Hour), end)), seen: map[Key]bool{}}
			sim.run(simStart, end)
			t.Log(sim.summary())
		})
	}
}

// simulation ticks once a minute, as a timer would.
type simulation struct {
	t     *testing.T
	api   *fakeAPI
	state State // as remembered

	first      int // requests of the first sweep
	firstRows  int
	days       []dayCount
	ratios     float64
	ticks      int
	told       map[Key]time.Time
	worstDelay time.Duration
	second     int
	reconcile  int
	seen       map[Key]bool
}

type dayCount struct{ requests, bound int }

func (d dayCount) ratio() float64 { return float64(d.requests) / float64(d.bound) }

func (sim *simulation) run(from, to time.Time) {
	sim.told = map[Key]time.Time{}
	finish := map[Key]time.Time{}
	for _, r := range sim.api.rows {
		finish[r.Key] = r.done
	}
	next := 0
	for now := from; now.Before(to); now = now.Add(time.Minute) {
		sim.api.now = now
		fresh := 0
		for ; next < len(sim.api.rows) && !sim.api.rows[next].Created.After(now); next++ {
			fresh++
		}
		open := len(sim.state.Open)
		calls := sim.api.calls
		c := sim.tick(now)
		calls = sim.api.calls - calls
		for _, e := range c.Events {
			if !sim.told[e.Task.Key].IsZero() {
				sim.t.Fatalf("told twice: %+v", e)
			}
			sim.told[e.Task.Key] = now
			if d := now.Sub(finish[e.Task.Key]); d > sim.worstDelay {
				sim.worstDelay = d
			}
		}
		if now.Equal(from) {
			sim.first, sim.firstRows = calls, fresh
			continue
		}
		if day := int(now.Sub(from).Hours() / 24); day == len(sim.days) {
			sim.days = append(sim.days, dayCount{})
		}
		bound := pagesFor(open + fresh)
		d := &sim.days[len(sim.days)-1]
		d.requests += calls
		d.bound += bound
		sim.ratios += float64(calls) / float64(bound)
		sim.ticks++
	}
	if sim.api.refused != nil {
		sim.t.Error(sim.api.refused)
	}
}

func (sim *simulation) tick(now time.Time) Change {
	p := sim.state.Plan(now, DefaultLimits())
	b := Fetch(context.Background(), sim.api, p.Queries, FetchOptions{})
	if q := sim.state.LookUps(p, b); len(q) > 0 {
		sim.second += len(q)
		b = b.Merge(Fetch(context.Background(), sim.api, q, FetchOptions{}))
	}
	c := sim.state.Diff(p, b, now, Policy{Room: 1 << 30})
	if c.Changed {
		sim.state = c.State
	}
	return c
}

func (sim *simulation) summary() string {
	var sum dayCount
	worst := 0.0
	for _, d := range sim.days {
		sum.requests += d.requests
		sum.bound += d.bound
		worst = max(worst, d.ratio())
	}
	return fmt.Sprintf("first sweep %d pages for %d rows; %d requests in %d ticks, bound %d: ratio %.3f (per tick %.3f), worst day %.3f; told %d, slowest %v; second round %d",
		sim.first, sim.firstRows, sum.requests, sim.ticks, sum.bound, sum.ratio(), sim.ratios/float64(sim.ticks), worst, len(sim.told), sim.worstDelay, sim.second)
}
