package watch

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// archive is a world whose first poll found n finished rows of every sort, and notified
// nobody of them.
func archive(t *testing.T, n int, o apitest.Options) *world {
	t.Helper()
	w := newWorld(t, "ops", "hook")
	w.api = apitest.New(o)
	for i := range n {
		steps := apitest.Finish(0)
		if i%3 == 2 {
			steps = apitest.Fail(0, "Origin Timeout")
		}
		w.add(apitest.Task{Key: archived(i), Created: time.Now().Add(-time.Duration(i) * 2 * time.Second), Steps: steps})
	}
	time.Sleep(time.Second)
	if report, err := w.quick(Request{Action: ActionPoll}); err != nil || report.Silent != n {
		t.Fatalf("%+v, %v", report, err)
	}
	time.Sleep(time.Minute)
	return w
}

// archived are rows of two to a task id, three types and two domains.
func archived(i int) poller.Key {
	return poller.Key{
		TaskID:     fmt.Sprint(5000 + i/2),
		ObjectType: ObjectTypes[i%3],
		ObjectPath: fmt.Sprintf("https://%s.example.com/%d.mp4", []string{"img", "cdn"}[i%2], i),
	}
}

// quick is a run with time for everything.
func (w *world) quick(req Request) (Report, error) {
	p := w.process()
	p.timeout = time.Hour
	report, err, _ := p.run(req, func(a *App) { a.QPS = 100 })
	return report, err
}

// times is how often each row was notified, by number.
func (b *inbox) times(n int) []int {
	counts := make([]int, n)
	for i := range n {
		counts[i] = b.notified[archived(i)]
	}
	return counts
}

func (w *world) expectTimes(n, want int) {
	w.t.Helper()
	for _, b := range w.sinks {
		for i, got := range b.times(n) {
			if got != want {
				w.t.Errorf("%s was notified %d times of row %d, want %d", b.name, got, i, want)
				return
			}
		}
	}
}

// What a baseline passed over in silence is notified by the first backfill, and by no
// later one unless it is asked to.
func TestBackfillNotifiesWhatWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows = 70
		w := archive(t, rows, apitest.Options{Strict: true})
		dryRun := w.withoutTrace(Request{Action: ActionBackfill, DryRun: true})
		report := w.do(Request{Action: ActionBackfill})
		if report.New != rows || report.Failed != rows/3 || report.Covered != 2*rows || report.Silent != 0 {
			t.Errorf("%+v, want %d rows notified to two sinks", report, rows)
		}
		if dryRun.New != report.New || dryRun.Complete != report.Complete || dryRun.Failed != report.Failed || dryRun.Fetched != report.Fetched {
			t.Errorf("the dry run said %+v, the run %+v", dryRun, report)
		}
		w.expectTimes(rows, 1)
		writes := w.store.Writes()
		if again := w.do(Request{Action: ActionBackfill}); again.New+again.Sent > 0 || w.store.Writes() != writes {
			t.Errorf("the second backfill: %+v and %d writes", again, w.store.Writes()-writes)
		}
		w.withoutTrace(Request{Action: ActionBackfill, Renotify: true, DryRun: true})
		if again := w.do(Request{Action: ActionBackfill, Renotify: true}); again.New != rows || again.Covered != 2*rows {
			t.Errorf("renotify: %+v", again)
		}
		w.expectTimes(rows, 2)
		for _, b := range w.sinks {
			if n := len(b.notifications[archived(0)]); n != 2 || b.repeats() > 0 {
				t.Errorf("%s: %d delivery ids for a row notified twice, %d repeats", b.name, n, b.repeats())
			}
		}
		if again := w.do(Request{Action: ActionBackfill}); again.New+again.Sent > 0 || w.poll().Sent > 0 {
			t.Errorf("after renotify: %+v", again)
		}
	})
}

// A message says what it was sent for, whoever sends it: a backfill that dies leaves its
// messages to a poll.
func TestMessagesSayWhatTheyWereSentFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := archive(t, 7, apitest.Options{Strict: true})
		w.sinks[0].style = sink.PerTask
		dying := w.process()
		dying.fault = strikes("send ops", 1, killed)
		dying.run(Request{Action: ActionBackfill})
		dead := len(w.head().Outbox.Pending)
		time.Sleep(5 * time.Minute)
		w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(0)})
		time.Sleep(time.Minute)
		w.poll()
		w.do(Request{Action: ActionBackfill, Renotify: true, TaskID: "5000"})
		for _, b := range w.sinks {
			if len(b.accepted) != b.actions[""]+b.actions["backfill"]+b.actions["renotify"] || b.actions[""] != 1 || b.actions["renotify"] != 1 || b.actions["backfill"] == 0 {
				t.Errorf("%s got messages of the actions %v", b.name, b.actions)
			}
		}
		if dead == 0 {
			t.Error("the backfill that died left nothing behind")
		}
	})
}

// withoutTrace is a dry run, which must not leave one.
func (w *world) withoutTrace(req Request) Report {
	w.t.Helper()
	p := w.process()
	names, head := w.store.Names(), w.load()
	report, err, _ := p.run(req)
	if err != nil || !report.DryRun || report.Sent > 0 {
		w.t.Errorf("%+v, %v", report, err)
	}
	if !slices.Equal(names, w.store.Names()) || string(head.Data) != string(w.load().Data) || len(p.sent()) > 0 {
		w.t.Error("the dry run left a trace")
	}
	for _, op := range p.steps {
		if op == "store create" || op == "store put" || op == "store remove" {
			w.t.Errorf("the dry run tried to %s", op)
		}
	}
	return report
}

// Each filter notifies about exactly its rows, and an unfiltered backfill afterwards the rest.
func TestBackfillFilters(t *testing.T) {
	const rows = 36
	has := func(f func(i int, k poller.Key) bool) func(int) bool {
		return func(i int) bool { return f(i, archived(i)) }
	}
	for name, c := range map[string]struct {
		req  Request
		want func(i int) bool
	}{
		"status":        {Request{Statuses: []string{"Failed"}}, func(i int) bool { return i%3 == 2 }},
		"both statuses": {Request{Statuses: []string{"Failed", "Complete"}}, func(int) bool { return true }},
		"type":          {Request{ObjectTypes: []string{"preload"}}, has(func(_ int, k poller.Key) bool { return k.ObjectType == "preload" })},
		"types":         {Request{ObjectTypes: []string{"file", "directory"}}, has(func(_ int, k poller.Key) bool { return k.ObjectType != "preload" })},
		"type, status":  {Request{ObjectTypes: []string{"file"}, Statuses: []string{"Complete"}}, func(i int) bool { return i%3 == 0 }},
		"domain":        {Request{Domains: []string{"cdn.example.com"}}, func(i int) bool { return i%2 == 1 }},
		"domains":       {Request{Domains: []string{"c*.example.com", "none.example.com"}}, func(i int) bool { return i%2 == 1 }},
		"domain, type":  {Request{Domains: []string{"cdn.example.com"}, ObjectTypes: []string{"file"}}, func(i int) bool { return i%2 == 1 && i%3 == 0 }},
		"task id":       {Request{TaskID: "5004"}, func(i int) bool { return i/2 == 4 }},
		"object path":   {Request{ObjectPath: archived(7).ObjectPath}, func(i int) bool { return i == 7 }},
		"a minute":      {Request{From: "1999-12-31T23:59:00Z", To: "1999-12-31T23:59:30Z"}, func(i int) bool { return i > 15 && i <= 30 }},
		"since":         {Request{Since: "90s"}, func(i int) bool { return i <= 14 }},
		"since, to":     {Request{Since: "90s", To: "1999-12-31T23:59:50Z"}, func(i int) bool { return i > 5 && i <= 14 }},
		"nothing":       {Request{TaskID: "1"}, func(int) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := archive(t, rows, apitest.Options{Strict: true})
				c.req.Action = ActionBackfill
				if err := c.req.Validate(); err != nil {
					t.Fatal(err)
				}
				want := 0
				report := w.do(c.req)
				for i := range rows {
					notified := 0
					if c.want(i) {
						notified, want = 1, want+1
					}
					for _, b := range w.sinks {
						if got := b.notified[archived(i)]; got != notified {
							t.Errorf("%s was notified %d times of row %d, want %d", b.name, got, i, notified)
						}
					}
				}
				if report.New != want || report.Truncated {
					t.Errorf("%+v, want %d new", report, want)
				}
				w.do(Request{Action: ActionBackfill})
				w.expectTimes(rows, 1)
			})
		})
	}
}

// A backfill for one sink notifies only that one. It must not hide from the other
// what no poll has seen yet, nor what is still under way.
func TestBackfillForOneSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows = 12
		w := archive(t, rows, apitest.Options{})
		w.add(apitest.Task{Key: key(0), Created: time.Now(), Steps: apitest.Finish(2 * time.Minute)})
		time.Sleep(time.Minute)
		w.poll() // sees row 0 unfinished
		time.Sleep(time.Minute)
		w.finished(1, 1) // which no poll has seen
		report := w.do(Request{Action: ActionBackfill, Sinks: []string{"ops"}})
		if report.New != rows || report.Covered != rows {
			t.Errorf("%+v, want %d rows notified to one sink", report, rows)
		}
		if ops, hook := w.sinks[0].times(rows), w.sinks[1].times(rows); slices.Min(ops) != 1 || slices.Max(hook) != 0 {
			t.Errorf("ops was notified %v times, hook %v", ops, hook)
		}
		time.Sleep(time.Minute)
		w.poll()
		w.notifiedOnce(2)
	})
}

// A backfill goes on only where the same one stopped: whatever else is asked for begins anew.
func TestOtherBackfillsBeginAnew(t *testing.T) {
	seen := map[string]Request{}
	for _, req := range []Request{
		{}, {Since: "24h"}, {From: "2026-11-20T00:00:00Z"}, {To: "2026-11-20T00:00:00Z"}, {Statuses: []string{"Failed"}}, {ObjectTypes: []string{"file"}},
		{Domains: []string{"a.example.com"}}, {TaskID: "1"}, {ObjectPath: "/a"}, {Sinks: []string{"ops"}}, {Sinks: []string{"hook"}}, {Renotify: true},
	} {
		req.Action = ActionBackfill
		name := (&run{req: req}).fingerprint()
		if other, ok := seen[name]; ok {
			t.Errorf("%+v would go on where %+v stopped", req, other)
		}
		seen[name] = req
	}
}

// A backfill that runs out of time says so; the same call goes on where it stood,
// sends nothing twice, and is not disturbed by the polls in between. After hours the
// API may have forgotten where it stood.
func TestBackfillGoesOn(t *testing.T) {
	for _, renotify := range []bool{false, true} {
		for _, pause := range []time.Duration{time.Minute, 40 * time.Minute} {
			t.Run(fmt.Sprintf("renotify %v, pause %v", renotify, pause), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { goesOn(t, renotify, pause) })
			})
		}
	}
}

func goesOn(t *testing.T, renotify bool, pause time.Duration) {
	const rows = 3000
	w := archive(t, rows, apitest.Options{Strict: true})
	notified := 1
	if renotify {
		notified = 2
		if _, err := w.quick(Request{Action: ActionBackfill}); err != nil {
			t.Fatal(err)
		}
	}
	req := Request{Action: ActionBackfill, Renotify: renotify}
	calls, counted := 0, 0
	for {
		p := w.process()
		p.timeout = 16 * time.Second // time for some 32 pages of 60
		report, err, _ := p.run(req, func(a *App) { a.API = asker{p, w.api.Lister(2 * time.Second)} })
		if err != nil {
			t.Fatal(err)
		}
		calls, counted = calls+1, counted+report.New
		if !report.Truncated {
			break
		}
		if calls == 10 {
			t.Fatal("it never ends")
		}
		time.Sleep(pause)
		w.poll()
	}
	if calls < 2 || counted != rows {
		t.Errorf("%d calls found %d rows, want %d in several calls", calls, counted, rows)
	}
	w.expectTimes(rows, notified)
	if w.head().Backfill != nil {
		t.Error("the end is not remembered")
	}
}

// A long backfill is notified slice by slice; rows at the joints are notified once.
func TestBackfillInSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows = 2*slicePages*poller.PageSize + 700
		w := archive(t, rows, apitest.Options{})
		for notified := range 2 {
			report, err := w.quick(Request{Action: ActionBackfill, Renotify: true})
			if err != nil || report.New != rows || report.Fetched != rows || report.Truncated || report.Covered != 2*rows {
				t.Errorf("%+v, %v; want %d rows, each counted once", report, err, rows)
			}
			w.expectTimes(rows, notified+1)
		}
	})
}

// The window is cut to what the API keeps: a strict one would refuse to answer.
func TestBackfillWindowIsClamped(t *testing.T) {
	for name, req := range map[string]Request{
		"30 days":      {Since: "30d"},
		"since 1970":   {From: "1970-01-01T00:00:00Z"},
		"into the day": {Since: "3d", To: "2099-01-01T00:00:00Z"},
		"default":      {},
		"too old":      {From: "1970-01-01T00:00:00Z", To: "1970-01-02T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := archive(t, 10, apitest.Options{Strict: true})
				time.Sleep(70 * time.Hour)
				w.poll()
				req.Action = ActionBackfill
				report, want := w.do(req), 10
				if name == "too old" {
					want = 0
				}
				if report.New != want || report.Truncated {
					t.Errorf("%+v, want %d rows", report, want)
				}
			})
		})
	}
}

// A backfill cannot hold more than the outbox takes. It says so, and the same call
// goes on once there is room.
func TestBackfillWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows = 200
		w := archive(t, rows, apitest.Options{})
		w.fill(notifier.MaxBytes / len(w.sinks) / notifier.EventBytes(poller.Event{}))
		report, err, _ := w.process().run(Request{Action: ActionBackfill})
		if Code(err) != CodeDead || !report.Truncated || report.Covered != rows {
			t.Errorf("with one sink's share of the outbox full, the other gets all: %+v, %v", report, err)
		}
		w.fill(0)
		w.do(Request{Action: ActionBackfill})
		w.expectTimes(rows, 1)
	})
}

// fill puts one dead delivery of so many events into the outbox, in place of any other.
func (w *world) fill(events int) {
	w.t.Helper()
	head, d := w.load(), w.head()
	d.Outbox.Dead = nil
	if events > 0 {
		d.Outbox.Dead = []notifier.Delivery{{LastError: "gone", Message: sink.Message{ID: "d_filler", Sink: "ops", Created: time.Now(), Events: make([]poller.Event, events)}}}
	}
	data, err := d.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.store.Swap(w.t.Context(), head, data); err != nil {
		w.t.Fatal(err)
	}
}

// Backfills and polls at the same time, while rows finish: every row is notified once.
func TestBackfillBesidePolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows, fresh = 400, 120
		w := archive(t, rows, apitest.Options{})
		for i := range fresh {
			w.add(apitest.Task{Key: key(i), Created: time.Now().Add(time.Duration(i) * time.Second), Steps: apitest.Finish(3 * time.Second)})
		}
		done := make(chan Report)
		start := func(req Request) {
			go func() {
				report, err, _ := w.process().run(req)
				if err != nil {
					t.Error(err)
				}
				done <- report
			}()
		}
		conflicts, found := map[bool]int{}, 0
		for range fresh / 3 {
			start(Request{Action: ActionPoll})
			start(Request{Action: ActionBackfill, Since: "1h"})
			start(Request{Action: ActionBackfill, Statuses: []string{"Failed"}})
			for range 3 {
				report := <-done
				conflicts[report.Conflict]++
				found += report.New
			}
			time.Sleep(3 * time.Second)
		}
		time.Sleep(2 * time.Minute)
		found += w.poll().New + w.do(Request{Action: ActionBackfill}).New
		if found != rows+fresh {
			t.Errorf("the reports speak of %d rows, want %d", found, rows+fresh)
		}
		w.expectTimes(rows, 1)
		w.notifiedOnce(fresh)
		t.Log("runs that lost the race:", conflicts[true], "of", conflicts[true]+conflicts[false])
	})
}

// The same request goes on where it stopped, and after an hour it begins anew: what was
// created meanwhile is meant, too.
func TestTruncatedBackfillOfYesterday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		for i := range 3000 {
			w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Duration(i) * time.Second), Steps: apitest.Finish(0)})
		}
		cut := func() Report {
			p := w.process()
			p.timeout = 20 * time.Second
			r, err, _ := p.run(Request{Action: ActionBackfill}, w.pace(1, 0))
			if err != nil || !r.Truncated {
				t.Fatalf("%+v, %v: want one that is cut short", r, err)
			}
			return r
		}
		cut()
		w.add(apitest.Task{Key: key(5000), Created: time.Now(), Steps: apitest.Finish(0)})
		time.Sleep(30 * time.Minute)
		w.do(Request{Action: ActionBackfill})
		if w.sinks[0].notified[key(2999)] != 1 || w.sinks[0].notified[key(5000)] != 0 {
			t.Errorf("half an hour later: the oldest row %d times, one that is newer than the window %d times; want 1 and 0",
				w.sinks[0].notified[key(2999)], w.sinks[0].notified[key(5000)])
		}

		for i := range 3000 {
			w.add(apitest.Task{Key: key(10_000 + i), Created: time.Now().Add(-time.Duration(i) * time.Second), Steps: apitest.Finish(0)})
		}
		cut()
		w.add(apitest.Task{Key: key(6000), Created: time.Now(), Steps: apitest.Finish(0)})
		time.Sleep(61 * time.Minute) // nobody waits an hour for the rest, and the next call may be tomorrow's
		w.do(Request{Action: ActionBackfill})
		if w.sinks[0].notified[key(6000)] != 1 || w.sinks[0].notified[key(12_999)] != 1 {
			t.Errorf("an hour later: a row created after the first call %d times, the oldest one %d times; want 1 and 1",
				w.sinks[0].notified[key(6000)], w.sinks[0].notified[key(12_999)])
		}
	})
}
