package poller

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// The long simulations, and more seeds of the others:
//
//	go test ./poller -run 'TestSimulation|TestProof' -v -long
var long = flag.Bool("long", false, "run the long simulations too")

// simStart is when a bubble's clock starts.
var simStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

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
func traffic(rng *rand.Rand, from, to time.Time, streams ...stream) []simRow {
	var rows []simRow
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
func submit(rng *rand.Rand, s stream, at time.Time, size int, id string) []simRow {
	var rows []simRow
	for i := range size {
		key := Key{id, s.objectType, fmt.Sprintf("http://example.com/%s/%d", id, i)}
		if !s.oneID {
			key.TaskID = fmt.Sprintf("%s-%d", id, i)
		}
		r := simRow{Task: Task{Key: key, Created: at}, refreshing: at.Add(20 * time.Second), end: Complete}
		r.done = at.Add(s.fastest + time.Duration(rng.Int64N(int64(s.slowest-s.fastest)+1)))
		if rng.IntN(30) == 0 {
			r.end = Failed
		}
		rows = append(rows, r)
	}
	return rows
}

func never(rows []simRow) []simRow {
	for i := range rows {
		rows[i].done = rows[i].Created.Add(1000 * time.Hour)
	}
	return rows
}

// scenario is a kind of traffic, an API and a timer.
type scenario struct {
	name  string
	hours int
	long  bool
	rows  func(rng *rand.Rand, from, to time.Time) []simRow
	api   func(*simAPI)
	fetch time.Duration // what a run may ask for; 35 s of a run of 50
	every time.Duration // a minute
	first bool          // FIRST_RUN=notify

	most    float64       // requests per tick against the fewest possible
	slowest time.Duration // from a row's end to its notification
}

func scenarios() []scenario {
	slow := func(latency time.Duration) func(*simAPI) { return func(a *simAPI) { a.latency = latency } }
	plain := func(times int) func(*rand.Rand, time.Time, time.Time) []simRow {
		return func(rng *rand.Rand, from, to time.Time) []simRow { return traffic(rng, from, to, quotas(times)...) }
	}
	const m = time.Minute
	return []scenario{
		{name: "default quotas", hours: 24, rows: plain(1), most: 1.4, slowest: m},
		{name: "ten times that", long: true, hours: 6, rows: plain(10), most: 3, slowest: m},
		{name: "a hundred times that", hours: 6, long: true, rows: plain(100), most: 4, slowest: 5 * m},
		{name: "one purge of 2,000", hours: 12, most: 1.6, slowest: m, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			return append(traffic(rng, from, to, preloads(500)), submit(rng, urls(0), simStart.Add(4*time.Hour), 2000, "purge")...)
		}},
		{name: "the same, order unstable", hours: 12, long: true, most: 4, slowest: 8 * m, api: func(a *simAPI) { a.unstable = true }, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			return append(traffic(rng, from, to, preloads(500)), submit(rng, urls(0), simStart.Add(4*time.Hour), 2000, "purge")...)
		}},
		{name: "the same, one request a second", long: true, hours: 12, most: 2.5, slowest: 4 * m, api: func(a *simAPI) { a.interval = time.Second }, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			return append(traffic(rng, from, to, preloads(500)), submit(rng, urls(0), simStart.Add(4*time.Hour), 2000, "purge")...)
		}},
		{name: "five rows hang", hours: 48, most: 2.2, slowest: m, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			rows := traffic(rng, from, to, quotas(1)...)
			for i, at := range []time.Duration{time.Hour, 2 * time.Hour, 5 * time.Hour, 5*time.Hour + time.Second, 9 * time.Hour} {
				s := []stream{urls(0), preloads(0)}[i%2]
				rows = append(rows, never(submit(rng, s, simStart.Add(at), 1, fmt.Sprint("hangs", i)))...)
			}
			return rows
		}},
		{name: "one of a purge hangs", long: true, hours: 24, most: 2, slowest: m, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			purge := submit(rng, urls(0), simStart.Add(2*time.Hour), 2000, "purge")
			never(purge[1999:])
			return append(traffic(rng, from, to, quotas(1)...), purge...)
		}},
		{name: "200 of 1,000 hang", hours: 6, most: 8, slowest: m, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			rows := traffic(rng, simStart.Add(-70*time.Hour), to, stream{"file", 343, 1, true, 5 * m, 6 * m})
			for i := range rows {
				if i%5 == 0 {
					never(rows[i : i+1])
				}
			}
			return rows
		}},
		{name: "idle", hours: 48, most: 1, slowest: m, rows: func(*rand.Rand, time.Time, time.Time) []simRow { return nil }},
		{name: "a second a page", long: true, hours: 12, rows: plain(1), api: slow(time.Second), most: 1.6, slowest: m},
		{name: "5 seconds a page", long: true, hours: 12, rows: plain(1), api: slow(5 * time.Second), most: 2, slowest: 2 * m},
		{name: "20 seconds a page", long: true, hours: 12, rows: plain(1), api: slow(20 * time.Second), most: 3, slowest: 6 * m},
		{name: "5,000 rows at 5 seconds a page", hours: 12, first: true, api: slow(5 * time.Second), most: 5, slowest: 12 * m, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			return append(traffic(rng, from, to, preloads(200)), traffic(rng, simStart.Add(2*time.Hour), simStart.Add(2*time.Hour+m), stream{"file", 5000 * 1440, 20, true, 10, 20})...)
		}},
		{name: "one request a second", long: true, hours: 24, rows: plain(1), api: func(a *simAPI) { a.interval = time.Second }, most: 1.6, slowest: m},
		{name: "throttled every other minute", long: true, hours: 12, rows: plain(1), most: 2.5, slowest: 3 * m, api: func(a *simAPI) {
			a.throttle = func(now time.Time) bool { return now.Minute()%2 == 1 || now.Second() > 20 && now.Minute()%4 == 0 }
		}},
		{name: "rows arrive during every read", long: true, hours: 3, most: 3, slowest: m, rows: func(rng *rand.Rand, from, to time.Time) []simRow {
			return traffic(rng, simStart.Add(-time.Hour), to, stream{"file", 5 * 86400, 3, true, 5 * m, 6 * m})
		}},
	}
}

// TestSimulation plays hours and days of traffic, and prints what the polls cost and how
// late they notify.
func TestSimulation(t *testing.T) {
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			if !*long && (sc.long || testing.Short()) {
				t.Skip("with -long")
			}
			synctest.Test(t, func(t *testing.T) { simulate(t, sc) })
		})
	}
}

func simulate(t *testing.T, sc scenario) {
	rng := rand.New(rand.NewPCG(3, 4))
	hours := sc.hours
	if !*long {
		hours = min(hours, 5)
	}
	end := simStart.Add(time.Duration(hours) * time.Hour)
	sim := &simulation{scenario: sc, t: t, api: newSimAPI(sc.rows(rng, simStart.Add(-72*time.Hour), end)), notified: map[Key]time.Time{}}
	if sc.api != nil {
		sc.api(sim.api)
	}
	if sim.fetch == 0 {
		sim.fetch = 35 * time.Second
	}
	if sim.every == 0 {
		sim.every = time.Minute
	}
	sim.run(end)
	sim.check(end)
}

// simulation ticks as a timer would. poll is the product's part.
type simulation struct {
	scenario
	t        *testing.T
	api      *simAPI
	poll     simPoll
	notified map[Key]time.Time
	twice    int

	sweep, ticks, requests, bound, most int
}

func (sim *simulation) run(end time.Time) {
	next, bound := 0, 0
	swept := false
	for minute := simStart; minute.Before(end); minute = minute.Add(sim.every) {
		if wait := time.Until(minute); wait > 0 {
			time.Sleep(wait)
		}
		now := time.Now()
		for ; next < len(sim.api.rows) && !sim.api.rows[next].Created.After(now); next++ {
			bound++
		}
		calls := sim.api.calls
		lower := pagesFor(sim.poll.inFlight() + bound)
		keys, done := sim.poll.run(sim.api, sim.fetch, sim.first)
		if done {
			bound = 0
		}
		for _, key := range keys {
			if !sim.notified[key].IsZero() {
				sim.twice++
			}
			sim.notified[key] = time.Now()
		}
		calls = sim.api.calls - calls
		if !swept {
			sim.sweep += calls
			swept = sim.poll.swept()
			continue
		}
		sim.ticks++
		sim.requests, sim.bound, sim.most = sim.requests+calls, sim.bound+lower, max(sim.most, calls)
	}
}

func (sim *simulation) check(end time.Time) {
	t := sim.t
	var late []time.Duration
	lost := 0
	grace := max(5*time.Minute, 2*sim.slowest)
	for _, r := range sim.api.rows {
		at := sim.notified[r.Key]
		switch {
		case r.done.Before(simStart) && !sim.first || r.done.After(end.Add(-grace)) || r.Created.Before(simStart) && r.done.Before(simStart.Add(3*time.Hour)):
		case at.IsZero():
			lost++
		default:
			late = append(late, at.Sub(r.done))
		}
	}
	slices.Sort(late)
	quantile := func(q float64) time.Duration {
		if len(late) == 0 {
			return 0
		}
		return late[int(q*float64(len(late)-1))].Round(time.Second)
	}
	perTick, lower := float64(sim.requests)/float64(max(1, sim.ticks)), float64(sim.bound)/float64(max(1, sim.ticks))
	t.Logf("| %s | %d | %.2f (%.2f ×) | %d | %v | %v | %v | %d of %d |", sim.name, sim.sweep, perTick, perTick/max(lower, 0.001), sim.most,
		quantile(.5), quantile(.99), quantile(1), lost, lost+len(late))
	if sim.before() {
		return
	}
	if lost > 0 || sim.twice > 0 {
		t.Errorf("%d rows were never notified, %d more than once", lost, sim.twice)
	}
	if perTick > sim.scenario.most*lower {
		t.Errorf("%.2f requests a tick, want at most %.2f × %.2f", perTick, sim.scenario.most, lower)
	}
	if limit := sim.slowest + sim.fetch; quantile(1) > limit {
		t.Errorf("the slowest notification came after %v, want %v", quantile(1), limit)
	}
	if sim.api.refused != nil {
		t.Error(sim.api.refused)
	}
}
