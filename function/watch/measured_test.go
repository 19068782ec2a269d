package watch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// What the first version did was measured from outside, and wrong. Each of these tests
// is one of the measurements, with the right value.

// paced is the API behind a ceiling on requests, whose answers take their time.
type paced struct {
	poller.Lister
	interval, latency time.Duration
	mu                *sync.Mutex
	free              *time.Time
}

func (p paced) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	p.mu.Lock()
	now := time.Now()
	at := now
	if p.free.After(now) {
		at = *p.free
	}
	*p.free = at.Add(p.interval)
	p.mu.Unlock()
	if poller.Sleep(ctx, at.Sub(now)+p.latency) != nil {
		return poller.Page{}, ctx.Err()
	}
	return p.Lister.List(ctx, q, page)
}

// pace puts the API of every run behind a ceiling, with answers that take so long.
func (w *world) pace(qps float64, latency time.Duration) func(*App) {
	return func(a *App) {
		a.QPS = qps
		a.API = paced{a.API, time.Duration(float64(time.Second) / qps), latency, new(sync.Mutex), new(time.Time)}
	}
}

// within polls every minute with so much time a run, until nothing is left to do, and
// returns the reports.
func (w *world) within(timeout time.Duration, most int, change ...func(*App)) []Report {
	w.t.Helper()
	var reports []Report
	for range most {
		began := time.Now()
		p := w.process()
		p.timeout = timeout
		r, err, _ := p.run(Request{Action: ActionPoll}, change...)
		if err != nil {
			w.t.Fatalf("run %d: %v", len(reports)+1, err)
		}
		reports = append(reports, r)
		time.Sleep(time.Until(began.Add(time.Minute)))
	}
	return reports
}

// submission are n rows of one task id, created now, that finish after so long.
func (w *world) submission(id string, n int, after time.Duration) []poller.Key {
	w.t.Helper()
	var keys []poller.Key
	for i := range n {
		k := poller.Key{TaskID: id, ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%s/%d.mp4", id, i)}
		w.add(apitest.Task{Key: k, Created: time.Now(), Steps: apitest.Finish(after)})
		keys = append(keys, k)
	}
	return keys
}

func (w *world) expectOnce(keys []poller.Key) {
	w.t.Helper()
	missing, twice := 0, 0
	for _, b := range w.sinks {
		for _, k := range keys {
			switch n := b.notified[k]; {
			case n == 0:
				missing++
			case n > 1:
				twice++
			}
		}
	}
	if missing > 0 || twice > 0 {
		w.t.Errorf("%d of %d rows were never notified, %d more than once", missing, len(keys), twice)
	}
}

// 5,000 rows came between two polls of an API that takes five seconds an answer: the first
// version notified 2,453 of them, and then none for ever.
func TestMeasuredSlowAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		var keys []poller.Key
		for i := range 50 {
			keys = append(keys, w.submission(fmt.Sprint(7000+i), 100, time.Second)...)
			time.Sleep(time.Second)
		}
		reports := w.within(50*time.Second, 6, w.pace(4, 5*time.Second))
		w.expectOnce(keys)
		for i, r := range reports {
			if r.Stuck > 0 || r.Gap != nil || i == len(reports)-1 && r.Truncated {
				t.Errorf("run %d: %+v", i+1, r)
			}
		}
	})
}

// One submission of 2,000 URLs in one second at one request a second: 49 of 2,000, at
// every tick.
func TestMeasuredLowCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		time.Sleep(time.Minute)
		keys := w.submission("7000", 2000, 90*time.Second)
		time.Sleep(time.Minute)
		w.within(50*time.Second, 6, w.pace(1, 0))
		w.expectOnce(keys)
	})
}

// One submission of 2,000 URLs in one second, in an order that changes between requests:
// 123 requests instead of 41 in every run, and truncated for three days.
func TestMeasuredUnstableOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.api = apitest.New(apitest.Options{})
		w.api.Fault(apitest.Shuffled())
		w.poll()
		time.Sleep(time.Minute)
		keys := w.submission("7000", 2000, 5*time.Minute)
		reports := w.within(50*time.Second, 30, w.pace(4, 0))
		w.expectOnce(keys)
		for _, r := range reports[20:] {
			if r.Truncated || r.APICalls > 5 {
				t.Errorf("long after: %+v", r)
			}
		}
	})
}

// 160 pages at five requests a second in 44 s: it ended after 27 s, since 15 s were kept
// for messages that did not exist.
func TestMeasuredTimeForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		for i := range 160*poller.PageSize - 10 {
			w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Duration(i) * 30 * time.Second), Steps: apitest.Finish(0)})
		}
		r := w.within(44*time.Second, 1, w.pace(5, 0))[0]
		if r.Truncated || r.APICalls != 160 || r.Silent != 160*poller.PageSize-10 {
			t.Errorf("%+v, want all of it in one run", r)
		}
	})
}

// 20 % of 1,000 rows in flight over 70 hours: a quiet tick cost 29 requests, and reading
// everything costs 20.
func TestMeasuredQuietTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		for i := range 1000 {
			steps := apitest.Finish(0)
			if i%5 == 0 {
				steps = apitest.Stuck(0)
			}
			w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Duration(i) * 250 * time.Second), Steps: steps})
		}
		w.poll()
		for range 60 {
			time.Sleep(time.Minute)
			if r := w.poll(); r.APICalls > 21 {
				t.Fatalf("%+v, want at most 21 requests", r)
			}
		}
	})
}

// A window that nobody could read in full left the three days without a word, since only
// the mark was looked at.
func TestMeasuredHoleThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		w.within(50*time.Second, 10) // nothing is missed so far
		began := time.Now()
		w.finished(0, 200)
		w.api.Fault(apitest.LyingTotal(7).When(func(q apitest.Request) bool { return !q.From.After(began) && q.To.After(began) })) // for ever
		time.Sleep(time.Minute)
		var gap *poller.Span
		notified := 0
		for range 80 {
			for range 3 {
				if r, _, _ := w.process().run(Request{Action: ActionPoll}); r.Gap != nil {
					gap = r.Gap
					notified++
				}
				time.Sleep(20 * time.Minute)
			}
		}
		if gap == nil || gap.From.After(began) || !gap.To.After(began) || notified > 2 || w.sinks[0].notices["gap"] != notified {
			t.Errorf("gap %v, reported %d times, notices %v; want the time around %v", gap, notified, w.sinks[0].notices, began)
		}
		for i := range 200 {
			if n := w.sinks[0].notified[key(i)]; n != 1 {
				t.Fatalf("row %d was notified %d times; a total that lies hides no row", i, n)
			}
		}
	})
}

// A row that is listed with a creation time of days ago was notified at every tick, each
// time under a new id.
func TestMeasuredOldCreationTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		old := poller.Task{Key: key(1), Status: poller.Failed, Created: time.Now().Add(-97 * time.Hour)}
		for range 30 {
			time.Sleep(10 * time.Minute)
			w.do(Request{Action: ActionPoll}, func(a *App) { a.API = alwaysListed{a.API, old} })
		}
		if n := w.sinks[0].notified[old.Key]; n != 1 {
			t.Errorf("notified %d times", n)
		}
	})
}

// alwaysListed adds a row to the last page of every window.
type alwaysListed struct {
	poller.Lister
	task poller.Task
}

func (l alwaysListed) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	p, err := l.Lister.List(ctx, q, page)
	if err == nil && q.TaskID == "" && len(p.Tasks) < poller.PageSize {
		p.Tasks = append(p.Tasks, l.task)
		p.Total++
	}
	return p, err
}

// A change of WATCH_* silenced what was watched before and after it.
func TestMeasuredChangeOfScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		scope := func(types ...string) func(*App) {
			return func(a *App) { a.Scope = poller.Scope{ObjectTypes: types} }
		}
		w.do(Request{Action: ActionPoll}, scope("file"))
		time.Sleep(time.Minute)
		before := w.submission("7000", 10, 30*time.Minute) // in flight over the change
		preload := poller.Key{TaskID: "7100", ObjectType: "preload", ObjectPath: "https://cdn.example.com/a.mp4"}
		late := poller.Key{TaskID: "7101", ObjectType: "preload", ObjectPath: "https://cdn.example.com/b.mp4"}
		w.add(apitest.Task{Key: preload, Created: time.Now(), Steps: apitest.Finish(time.Minute)}, apitest.Task{Key: late, Created: time.Now(), Steps: apitest.Finish(time.Hour)})
		for range 5 {
			time.Sleep(time.Minute)
			if r := w.do(Request{Action: ActionPoll}, scope("file")); r.InFlight != 10 || r.New != 0 {
				t.Fatalf("what is not watched counts: %+v", r)
			}
		}
		between := w.submission("7001", 10, time.Second) // finished between two polls, one before and one after
		time.Sleep(time.Minute)
		for range 30 {
			w.do(Request{Action: ActionPoll}, scope("file", "preload"))
			time.Sleep(3 * time.Minute)
		}
		w.expectOnce(append(append(before, between...), late)) // what was in flight when it came to be watched, too
		if n := w.sinks[0].notified[preload]; n != 0 {
			t.Errorf("what had finished unwatched was notified %d times", n)
		}
	})
}

// A task id such as "1,2", or none, made every run fail or read everything.
func TestMeasuredOddTaskIDs(t *testing.T) {
	for name, id := range map[string]string{"a list": "1,2", "none": "", "not a number": "a b"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "hook")
				for i := range 2000 { // so that the window is not read in full
					w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Duration(i) * time.Minute), Steps: apitest.Finish(0)})
				}
				w.poll()
				time.Sleep(time.Minute)
				odd := poller.Key{TaskID: id, ObjectType: "file", ObjectPath: "https://cdn.example.com/odd.mp4"}
				task := poller.Task{Key: odd, Status: poller.Refreshing, Created: time.Now().Truncate(time.Second)}
				for i := range 40 {
					if i == 30 {
						task.Status = poller.Complete
					}
					r := w.do(Request{Action: ActionPoll}, func(a *App) { a.API = listedInTime{a.API, task} })
					if i > 0 && r.APICalls > 5 && r.APICalls != 7 { // 7: when old rows are read again
						t.Fatalf("tick %d: %+v", i, r)
					}
					time.Sleep(time.Minute)
				}
				if n := w.sinks[0].notified[odd]; n != 1 {
					t.Errorf("notified %d times", n)
				}
			})
		})
	}
}

// listedInTime adds a row to the windows that hold its creation time, and rejects look-ups
// of ids that are none.
type listedInTime struct {
	poller.Lister
	task poller.Task
}

func (l listedInTime) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	if q.TaskID == l.task.TaskID && q.TaskID != "" {
		return poller.Page{}, &poller.Error{Class: poller.Rejected, Code: "InvalidTaskId.Malformed", Err: errFault}
	}
	p, err := l.Lister.List(ctx, q, page)
	if in := !l.task.Created.Before(q.From) && !l.task.Created.After(q.To); err == nil && in && q.TaskID == "" {
		p.Total++
		if len(p.Tasks) < poller.PageSize {
			p.Tasks = append(p.Tasks, l.task)
		}
	}
	return p, err
}

// A row that ended as Timeout or Canceled was silent for three days, and then expired.
func TestMeasuredFinalStatuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		for i, s := range []poller.Status{poller.Timeout, poller.Canceled, poller.Complete, poller.Failed} {
			w.add(apitest.Task{Key: key(i), Created: time.Now(), Steps: []apitest.Step{{After: time.Minute, Status: s}}})
		}
		w.within(50*time.Second, 1)
		time.Sleep(2 * time.Minute)
		r := w.poll()
		if r.New != 4 || r.Complete != 1 || r.Failed != 2 || r.Canceled != 1 || r.InFlight != 0 {
			t.Errorf("%+v", r)
		}
		for i := range 4 {
			said := w.sinks[0].notifications[key(i)]
			if len(said) != 1 || said[0].Event.EndedAfter.IsZero() || !said[0].Event.EndedBefore.After(said[0].Event.EndedAfter) {
				t.Errorf("row %d: %+v", i, said)
			}
		}
	})
}

// Runs that read nothing and closed nothing passed for successes.
func TestMeasuredStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		w.api.Fault(apitest.LyingTotal(3)) // of every window
		var got []int
		for range 5 {
			time.Sleep(time.Minute)
			r, err, _ := w.process().run(Request{Action: ActionPoll})
			got = append(got, r.Stuck)
			if needsPerson := Code(err) == CodeStuck; needsPerson != (r.Stuck >= 3) || !r.Truncated {
				t.Errorf("%+v, %v", r, err)
			}
		}
		w.api.Heal()
		time.Sleep(time.Minute)
		if r := w.poll(); r.Stuck != 0 {
			t.Errorf("healed: %+v", r)
		}
		if want := []int{1, 2, 3, 4, 5}; !slices.Equal(got, want) {
			t.Errorf("stuck %v, want %v", got, want)
		}
	})
}

// A backfill of 5,000 at two requests a second, in calls of 50 s: 1,950 after four calls,
// for ever. One of 7,800 stopped at half when rows arrived meanwhile, and a dry run then
// reported half.
func TestMeasuredBackfill(t *testing.T) {
	const rows = 3000
	for _, dry := range []bool{false, true} {
		t.Run(fmt.Sprint("dry run ", dry), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "hook")
				var keys []poller.Key
				for i := range rows {
					w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Duration(i) * time.Minute), Steps: apitest.Finish(0)})
					keys = append(keys, key(i))
				}
				if r, err := w.quick(Request{Action: ActionPoll}); err != nil || r.Silent != rows {
					t.Fatalf("%+v, %v", r, err)
				}
				arrive := 0
				w.api.Fault(apitest.Arrival(func() apitest.Task {
					arrive++
					return apitest.Task{Key: key(100_000 + arrive), Created: time.Now(), Steps: apitest.Finish(0)}
				}))
				timeout, calls := 50*time.Second, 0
				if dry {
					timeout = 10 * time.Minute
				}
				var r Report
				for calls = 1; calls < 20; calls++ {
					p := w.process()
					p.timeout = timeout
					var err error
					if r, err, _ = p.run(Request{Action: ActionBackfill, DryRun: dry}, w.pace(2, 0)); err != nil {
						t.Fatal(err)
					}
					if !r.Truncated {
						break
					}
					time.Sleep(10 * time.Second)
				}
				if dry {
					if r.New < rows || r.Truncated || calls != 1 {
						t.Errorf("%d calls, %+v", calls, r)
					}
					return
				}
				w.expectOnce(keys)
				if r.Truncated || calls > 3 {
					t.Errorf("%d calls, the last: %+v", calls, r)
				}
			})
		})
	}
}
