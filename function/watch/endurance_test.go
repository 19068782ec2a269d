package watch

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// A month before a release:
//
//	go test ./function/watch -run TestEndurance -v -long -days 30
var days = flag.Int("days", 3, "how many days TestEndurance lives through")

// Days of a one-minute timer at VOD's default quotas, each with its share of faults:
// nothing is lost, nothing notified twice but by a fault, and what is remembered, stored
// and asked stays what it was in the first days.
func TestEndurance(t *testing.T) {
	needLong(t)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // half the time
	synctest.Test(t, func(t *testing.T) {
		e := newEndurance(t)
		for day := range *days {
			e.day(day)
		}
		e.wg.Wait()
		e.quiet()
		e.check()
	})
}

// endurance is a history with plain traffic, and a plan of what goes wrong when.
type endurance struct {
	*history
	crowded, apiDown, paused time.Time // until then: two timers, no answers, no timer

	created int // rows so far
	unread  int // of them, since the last poll that succeeded
	open    int // unfinished after that

	ticks, failed, mishaps int
	asked, bound           int // requests of a day, and the fewest that could do
	ratios                 []float64
	sizes                  []int // of the document, at the end of each day
	objects                int   // the most that were ever in the store
}

func newEndurance(t *testing.T) *endurance {
	h := &history{world: newWorld(t, both...), rng: rand.New(rand.NewPCG(30, 1)), notify: true, period: time.Minute}
	h.api = apitest.New(apitest.Options{Strict: true})
	h.sinks[0].style = sink.PerTask
	return &endurance{history: h}
}

// day is 1,440 minutes. The last two hours are calm.
func (e *endurance) day(n int) {
	e.submit(n)
	trouble := e.plan()
	for minute := range 24 * 60 {
		began := time.Now()
		for _, happens := range trouble[minute] {
			e.mishaps++
			happens()
		}
		if began.Before(e.crowded) {
			e.start(e.process(), Request{Action: ActionPoll}, e.between(0, time.Minute))
		}
		if !began.Before(e.paused) {
			e.tick(began)
		}
		if minute%60 == 0 {
			e.objects = max(e.objects, len(e.store.Names()))
		}
		time.Sleep(time.Until(began.Add(time.Minute)))
	}
	e.sizes = append(e.sizes, len(e.load().Data))
	e.ratios = append(e.ratios, float64(e.asked)/float64(e.bound))
	e.asked, e.bound = 0, 0
}

// submit adds the day's tasks: 2,000 URLs, 100 directories, 500 prefetches.
func (e *endurance) submit(day int) {
	midnight := time.Now()
	var rows []apitest.Task
	for _, kind := range []struct {
		objectType       string
		rows, most       int
		fastest, slowest time.Duration
	}{
		{"file", 2000, 20, 5 * time.Minute, 6 * time.Minute},
		{"directory", 100, 1, 5 * time.Minute, 6 * time.Minute},
		{"preload", 500, 10, 5 * time.Minute, 30 * time.Minute},
	} {
		for left := kind.rows; left > 0; {
			created := midnight.Add(e.between(0, 24*time.Hour))
			id := fmt.Sprintf("%s-%d-%d", kind.objectType, day, left)
			for range min(left, 1+e.rng.IntN(kind.most)) {
				left--
				key := poller.Key{TaskID: id, ObjectType: kind.objectType, ObjectPath: fmt.Sprintf("https://cdn.example.com/%d/%d", day, left)}
				rows = append(rows, apitest.Task{Key: key, Created: created, Steps: e.end(e.between(kind.fastest, kind.slowest))})
			}
		}
	}
	slices.SortFunc(rows, func(a, b apitest.Task) int { return a.Created.Compare(b.Created) })
	e.add(rows...)
	e.rows = append(e.rows, rows...)
}

// end is what becomes of a row. About one a day never ends.
func (e *endurance) end(after time.Duration) []apitest.Step {
	switch n := e.rng.IntN(2600); {
	case n == 0:
		return apitest.Stuck(after)
	case n < 90:
		return apitest.Fail(after, "Origin Timeout")
	}
	return apitest.Finish(after)
}

// plan is what goes wrong at which minutes of a day.
func (e *endurance) plan() map[int][]func() {
	plan := map[int][]func(){}
	daily := func(times int, happens func()) {
		for range times {
			minute := e.rng.IntN(20 * 60)
			plan[minute] = append(plan[minute], happens)
		}
	}
	daily(4, func() { e.api.Fault(e.lie()) })
	daily(1, func() { e.apiDown = time.Now().Add(e.between(0, time.Hour)) })
	daily(1, func() { e.paused = time.Now().Add(e.between(0, 2*time.Hour)) })
	daily(1, func() { e.crowded = time.Now().Add(15 * time.Minute) })
	daily(1, func() { e.start(e.process(), Request{Action: ActionBackfill, Since: "24h"}, 0) })
	daily(1, e.sinkDown)
	daily(12, func() { e.start(e.unlucky(), Request{Action: ActionPoll}, e.between(0, time.Minute)) })
	return plan
}

// sinkDown is an outage of one sink, of at most two hours.
func (e *endurance) sinkDown() {
	until := time.Now().Add(e.between(0, 2*time.Hour))
	e.sinks[e.rng.IntN(2)].verdict = func(sink.Message) error {
		if time.Now().After(until) {
			return nil
		}
		return &sink.Error{Class: sink.Later, Code: "http_503", Err: errFault}
	}
}

// unlucky is a process with a fault at one of its steps, or that dies there.
func (e *endurance) unlucky() *process {
	p, step := e.process(), 1+e.rng.IntN(10)
	what := []effect{failed, lost, killed, died, slow, tardy, late}[e.rng.IntN(7)]
	p.fault = func(string) effect {
		if step--; step == 0 {
			return what
		}
		return fine
	}
	return p
}

// start lets a process run beside the timer's.
func (e *endurance) start(p *process, req Request, in time.Duration) {
	e.wg.Go(func() {
		time.Sleep(in)
		past := &past{process: p, req: req, from: time.Now()}
		_, err, alive := p.run(req, func(a *App) { a.NotifyFirst = true })
		past.to, past.unrecorded = time.Now(), !alive || Code(err) == CodeCheckpoint
		e.mu.Lock()
		defer e.mu.Unlock()
		e.runs = append(e.runs, past)
	})
}

// tick is one poll of the timer. Its requests are compared with what it would take
// to read once what is unfinished or new.
func (e *endurance) tick(now time.Time) {
	p := e.process()
	if now.Before(e.apiDown) {
		p.fault = func(op string) effect {
			if op == "api" {
				return failed
			}
			return fine
		}
	}
	for ; e.created < len(e.rows) && !e.rows[e.created].Created.After(now); e.created++ {
		e.unread++
	}
	bound := max(1, (e.open+e.unread+poller.PageSize-1)/poller.PageSize)
	r, err, _ := p.run(Request{Action: ActionPoll}, func(a *App) { a.NotifyFirst = true })
	e.ticks++
	if err != nil {
		e.failed++
		return
	}
	e.asked, e.bound, e.open = e.asked+r.APICalls, e.bound+bound, r.InFlight
	e.unread = 0
}

func (e *endurance) check() {
	end, lost := time.Now(), 0
	for _, b := range e.sinks {
		for _, row := range e.rows {
			if e.checkNotified(b, row, end); len(b.notifications[row.Key]) == 0 && row.Steps[len(row.Steps)-1].Status.Finished() {
				lost++
			}
		}
		e.checkRepeats(b)
		e.t.Logf("sink %s: %d messages, notices %v, %d messages came twice", b.name, len(b.accepted), b.notices, b.repeats())
	}
	e.checkBounds()
	settled := e.sizes[min(3, len(e.sizes)-1):] // three days are remembered
	least, most := slices.Min(settled), slices.Max(settled)
	mean := 0.0
	for _, ratio := range e.ratios {
		mean += ratio / float64(len(e.ratios))
	}
	e.t.Logf("%d days: %d ticks, %d of them failed; %d mishaps; %d rows, %d lost", len(e.sizes), e.ticks, e.failed, e.mishaps, len(e.rows), lost)
	e.t.Logf("requests: %.3f of the fewest possible, worst day %.3f; document: %d to %d bytes once three days are remembered; at most %d objects in the store, %d writes",
		mean, slices.Max(e.ratios), least, most, e.objects, e.store.Writes())
	if float64(most) > 1.15*float64(least) {
		e.t.Errorf("the document does not stay as it is: %v", e.sizes)
	}
	// 1.14 without faults; runs that fail leave windows for the next ones to read.
	if mean > 1.75 || slices.Max(e.ratios) > 1.9 {
		e.t.Errorf("too many requests: %v", e.ratios)
	}
	if e.objects > 200 {
		e.t.Errorf("%d objects in the store", e.objects)
	}
}

// checkNotified: each end once, an end that never came once as expired.
func (e *endurance) checkNotified(b *inbox, row apitest.Task, end time.Time) {
	want := 1
	kind, status := poller.Finished, row.Steps[len(row.Steps)-1].Status
	if !status.Finished() {
		kind = poller.Expired
		if row.Created.After(end.Add(-apiWindow)) {
			want = 0
		}
	}
	got := b.notifications[row.Key]
	if len(got) != want {
		e.t.Errorf("%s was notified %d times of %v, created %v, %+v; want %d", b.name, len(got), row.Key, row.Created, row.Steps, want)
	}
	for _, x := range got {
		if x.Event.Kind != kind || x.Event.Task.Status != status {
			e.t.Errorf("%s was notified that %v is %s and %s, want %s and %s", b.name, row.Key, x.Event.Kind, x.Event.Task.Status, kind, status)
		}
	}
}
