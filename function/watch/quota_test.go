package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/template"
)

// quotaDouble is an API that knows the quota, and counts how often it is asked.
type quotaDouble struct {
	mu    sync.Mutex
	left  map[string]int // of 100 each; those that are not here are full
	err   error
	hangs bool
	asked int
}

func (q *quotaDouble) Quota(ctx context.Context) ([]poller.Quota, error) {
	q.mu.Lock()
	q.asked++
	hangs, err := q.hangs, q.err
	var all []poller.Quota
	for _, objectType := range []string{"file", "directory", "preload"} {
		left := 100
		if n, low := q.left[objectType]; low {
			left = n
		}
		all = append(all, poller.Quota{ObjectType: objectType, Left: left, Total: 100})
	}
	q.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, fmt.Errorf("read the quota: %w", ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (q *quotaDouble) app(a *App) { a.Quota = q }

var errQuotaDenied = &poller.Error{Class: poller.Denied, Code: "Forbidden.RAM", Err: errors.New("not authorized")}

// quotaWorld is a world in which a row has finished, and the quota was read twice: when
// the row came, and an hour later, since it finished after that. Nothing is due.
func quotaWorld(t *testing.T, q *quotaDouble) *world {
	t.Helper()
	w := newWorld(t, "ops", "hook")
	w.submit(0)
	for _, pause := range []time.Duration{time.Minute, time.Hour, time.Hour, 0} {
		w.do(Request{Action: ActionPoll}, q.app)
		time.Sleep(pause)
	}
	if q.asked != 2 {
		t.Fatalf("the quota was read %d times", q.asked)
	}
	q.asked = 0
	return w
}

// submit adds a row that is finished by the next minute.
func (w *world) submit(i int) {
	w.t.Helper()
	w.add(apitest.Task{Key: key(i), Created: time.Now(), Steps: apitest.Finish(30 * time.Second)})
}

// Steps of 90 minutes, polled every ten; a letter each for what happens at its
// beginning, whether the quota is read in it, and how often each sink has been notified.
// They begin at 2:01 UTC, which is 10:01 where the quota is counted: the eleventh step
// is the first of the next day.
func TestQuotaOverDays(t *testing.T) {
	for _, h := range []struct {
		name   string
		events string // . nothing; else a submission: s, with which file (f) or preload (p) runs low, or all is renewed (r)
		asked  string
		heard  string
	}{
		{"idle", "....", "....", "0000"},
		{"plenty", "s.ss", "x.xx", "0000"},
		{"low, once", "fsss", "xxxx", "1111"},
		{"one after the other", "fp.s", "xx.x", "1222"},
		{"both at once", "Fs", "xx", "11"},
		{"renewed and low again on one day", "frfs", "xxxx", "1111"},
		{"low on the next day, too", "f.........ss", "x.........xx", "111111111122"},
		{"renewed on the next day", "f.........rs", "x.........xx", "111111111111"},
		{"low before and after midnight", ".........fp.", ".........xx.", "000000000122"},
	} {
		t.Run(h.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &quotaDouble{}
				w := quotaWorld(t, q)
				asked, heard := "", ""
				for i, event := range h.events {
					before := q.asked
					q.happens(event)
					if event != '.' {
						w.submit(i + 1)
					}
					for range 9 {
						time.Sleep(10 * time.Minute)
						w.do(Request{Action: ActionPoll}, q.app)
					}
					asked += [3]string{".", "x", "twice"}[q.asked-before]
					heard += fmt.Sprint(w.sinks[0].notices[template.LowQuota])
				}
				if asked != h.asked || heard != h.heard {
					t.Errorf("events %s\nasked  %s\nwant   %s\nheard  %s\nwant   %s", h.events, asked, h.asked, heard, h.heard)
				}
				if !reflect.DeepEqual(w.sinks[0].notices, w.sinks[1].notices) {
					t.Errorf("one sink heard %v, the other %v", w.sinks[0].notices, w.sinks[1].notices)
				}
			})
		})
	}
}

func (q *quotaDouble) happens(event rune) {
	switch event {
	case 'f':
		q.left = map[string]int{"file": 9}
	case 'p':
		q.left = map[string]int{"file": 9, "preload": 0}
	case 'F':
		q.left = map[string]int{"file": 0, "preload": 0}
	case 'r':
		q.left = nil
	}
}

// However much is submitted, the quota is read once an hour; and what the last
// submissions have left of it is read, too, although nothing can be submitted any more.
func TestQuotaIsReadHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quotaDouble{}
		w := quotaWorld(t, q)
		began := time.Now()
		var heard time.Duration
		for minute := range 5 * 60 {
			if minute < 65 {
				w.submit(minute + 1)
			}
			if minute == 64 {
				q.left = map[string]int{"file": 0}
			}
			time.Sleep(time.Minute)
			w.do(Request{Action: ActionPoll}, q.app)
			if heard == 0 && w.sinks[0].notices[template.LowQuota] == 1 {
				heard = time.Since(began)
			}
		}
		if q.asked != 3 || heard < 2*time.Hour || heard > 2*time.Hour+5*time.Minute {
			t.Errorf("asked %d times in five hours, notified after %v; want 3 and two hours", q.asked, heard)
		}
	})
}

// What the notice says, to whom, and what the report counts. No route leads to the
// sinks here: like every notice about refreshwatch it goes to all of them.
func TestQuotaNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quotaDouble{left: map[string]int{"file": 3, "preload": 0}}
		w := newWorld(t, "ops", "hook")
		w.submit(0)
		p := w.process()
		p.fault = func(op string) effect {
			if strings.HasPrefix(op, "send") {
				return failed
			}
			return fine
		}
		routes := func(a *App) {
			a.Routes = notifier.Routes{{Match: notifier.Match{Status: []string{"Failed"}}, To: []string{"ops"}}}
		}
		report, err, _ := p.run(Request{Action: ActionPoll}, q.app, routes)
		if err != nil || report.APICalls != 2 || report.Retrying != 2 {
			t.Errorf("%+v, %v; want two calls and two messages that wait", report, err)
		}
		for i, d := range w.head().Outbox.Pending {
			want := &template.Notice{
				From: time.Now().UTC(), Code: "quota", Hint: QuotaAdvice, Message: "left today: file 3/100, preload 0/100",
				Quota: []poller.Quota{{ObjectType: "file", Left: 3, Total: 100}, {ObjectType: "preload", Left: 0, Total: 100}},
			}
			d.Notice.From = want.From
			if d.Kind != template.LowQuota || d.Sink != both[i] || !reflect.DeepEqual(d.Notice, want) {
				t.Errorf("%s: %s %+v", d.Sink, d.Kind, d.Notice)
			}
		}
		time.Sleep(time.Minute)
		if report := w.do(Request{Action: ActionPoll}, q.app, routes); report.APICalls != 1 || report.Sent != 2 || report.Retrying != 0 {
			t.Errorf("a minute later: %+v, want the two messages sent and one call", report)
		}
	})
}

// A quota that cannot be read is no trouble of the poll: no error, no log line, no
// notice, and tasks are notified of in the same run. It is tried again later.
func TestQuotaThatCannotBeRead(t *testing.T) {
	for _, row := range []struct {
		name  string
		q     *quotaDouble
		after time.Duration
	}{
		{"denied", &quotaDouble{err: errQuotaDenied}, 24 * time.Hour},
		{"unknown to the API", &quotaDouble{err: &poller.Error{Class: poller.Rejected, Code: "InvalidAction.NotFound"}}, 24 * time.Hour},
		{"unreadable", &quotaDouble{err: &poller.Error{Class: poller.Unreadable, Code: "BadAnswer"}}, time.Hour},
		{"throttled", &quotaDouble{err: &poller.Error{Class: poller.Transient, Code: "Throttling.User"}}, time.Hour},
		{"no answer", &quotaDouble{hangs: true}, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			w := newWorld(t, "ops")
			w.log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			w.submit(0)
			time.Sleep(time.Minute)
			began := time.Now()
			report := w.do(Request{Action: ActionPoll}, row.q.app, func(a *App) { a.NotifyFirst = true })
			if took := time.Since(began); report.Sent != 1 || report.APICalls != 1 || log.Len() > 0 || took > 5*time.Second {
				t.Errorf("%s: %+v after %v\n%s", row.name, report, took, &log)
			}
			for time.Since(began)+8*time.Minute < row.after {
				time.Sleep(7 * time.Minute)
				w.do(Request{Action: ActionPoll}, row.q.app)
			}
			if row.q.asked != 1 {
				t.Errorf("%s: asked %d times before %v were over", row.name, row.q.asked, row.after)
			}
			row.q.err, row.q.hangs, row.q.left = nil, false, map[string]int{"file": 0}
			time.Sleep(10 * time.Minute)
			w.do(Request{Action: ActionPoll}, row.q.app)
			if row.q.asked != 2 || len(w.sinks[0].notices) != 1 || w.sinks[0].notices[template.LowQuota] != 1 || log.Len() > 0 {
				t.Errorf("%s: %v after it can be read, asked %d times\n%s", row.name, w.sinks[0].notices, row.q.asked, &log)
			}
		})
	}
}

// Runs that do not read the quota, and what the next one does.
func TestQuotaIsNotAlwaysRead(t *testing.T) {
	short := func(p *process) { p.timeout = 6 * time.Second }
	for _, row := range []struct {
		name string
		req  Request
		edit func(*process)
		due  bool // the next poll reads it
	}{
		{"a dry run", Request{Action: ActionPoll, DryRun: true}, nil, true},
		{"short of time", Request{Action: ActionPoll}, short, true},
		{"a backfill", Request{Action: ActionBackfill, Since: "1h"}, nil, false},
		{"a redrive", Request{Action: ActionRedrive}, nil, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := &quotaDouble{}
			w := quotaWorld(t, q)
			w.submit(1)
			time.Sleep(time.Minute)
			p := w.process()
			if row.edit != nil {
				row.edit(p)
			}
			if _, err, _ := p.run(row.req, q.app); err != nil || q.asked != 0 {
				t.Errorf("%s: %v, asked %d times", row.name, err, q.asked)
			}
			w.do(Request{Action: ActionPoll}, q.app)
			if (q.asked == 1) != row.due {
				t.Errorf("%s: asked %d times after the next poll", row.name, q.asked)
			}
		})
	}
}

// An API that refuses to list, and one that needs all the time to do so, are not asked
// for the quota, either, although it is due.
func TestQuotaComesLast(t *testing.T) {
	refusing := func(w *world, a *App) {
		w.api.Fault(apitest.NoPermission())
		a.API = w.client()
	}
	slowly := func(w *world, a *App) {
		for i := range 130 {
			w.submit(i + 2)
		}
		a.API = w.api.Lister(30 * time.Second)
	}
	for _, edit := range []func(*world, *App){refusing, slowly} {
		synctest.Test(t, func(t *testing.T) {
			q := &quotaDouble{}
			w := quotaWorld(t, q)
			w.submit(1)
			time.Sleep(time.Minute)
			p := w.process()
			p.timeout = 6 * time.Second
			p.run(Request{Action: ActionPoll}, q.app)
			report, err, _ := w.process().run(Request{Action: ActionPoll}, q.app, func(a *App) { edit(w, a) })
			if q.asked != 0 || !w.head().Quota.Due || !report.Truncated && err == nil {
				t.Errorf("%+v, %v; asked %d times", report, err, q.asked)
			}
		})
	}
}

// A process may die at any step of the tick that notifies of a low quota: every sink
// hears of it, once a day, and twice only where nobody recorded that it had.
func TestQuotaSurvivesDeath(t *testing.T) {
	for _, death := range []effect{killed, died, lost, failed} {
		for step := 0; ; step++ {
			reached := true
			synctest.Test(t, func(t *testing.T) {
				q := &quotaDouble{}
				w := quotaWorld(t, q)
				q.left = map[string]int{"file": 0}
				w.submit(1)
				victim, at, op := w.process(), 0, ""
				victim.fault = func(s string) effect {
					if at++; at-1 != step {
						return fine
					}
					op = s
					return death
				}
				victim.run(Request{Action: ActionPoll}, q.app)
				reached = op != ""
				for range 3 {
					time.Sleep(2 * time.Minute)
					w.do(Request{Action: ActionPoll}, q.app)
				}
				for _, b := range w.sinks {
					ids := 0
					for id := range b.covers {
						if b.covers[id] == "0" {
							ids++
						}
					}
					if again := b.repeats(); ids != 1 || again > 0 && (death == failed || len(victim.sent()) == 0) {
						t.Errorf("effect %d at step %d (%s): %s has %d notices, %d again", death, step, op, b.name, ids, again)
					}
				}
			})
			if !reached {
				if step < 8 {
					t.Errorf("only %d steps were tried", step)
				}
				break
			}
		}
	}
}

// Of runs at the same time one notifies.
func TestQuotaOfConcurrentRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quotaDouble{}
		w := quotaWorld(t, q)
		q.left = map[string]int{"file": 0}
		w.submit(1)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { w.process().run(Request{Action: ActionPoll}, q.app) })
		}
		wg.Wait()
		for range 3 {
			time.Sleep(2 * time.Minute)
			w.do(Request{Action: ActionPoll}, q.app)
		}
		for _, b := range w.sinks {
			if b.notices[template.LowQuota] != 1 {
				t.Errorf("%s was notified %d times", b.name, b.notices[template.LowQuota])
			}
		}
	})
}

// Clocks that differ around midnight do not notify of one day twice, and a clock that
// was wrong for once silences nobody.
func TestQuotaAndClocks(t *testing.T) {
	midnight := time.Date(2026, 11, 26, 16, 0, 0, 0, time.UTC) // in China
	answer := quotaAnswer{left: []poller.Quota{{ObjectType: "file", Left: 1, Total: 100}}}
	for _, row := range []struct {
		name string
		at   []time.Duration // from midnight, by the clock of the run
		want []bool          // notified
	}{
		{"two clocks", []time.Duration{-time.Hour, time.Second, -time.Second, time.Second, -time.Second, time.Hour}, []bool{true, true, false, false, false, false}},
		{"a week ahead, and back", []time.Duration{-time.Hour, 7 * 24 * time.Hour, -time.Minute, time.Minute}, []bool{true, true, true, true}},
		{"a week behind, and back", []time.Duration{-time.Hour, -7 * 24 * time.Hour, -time.Minute, time.Minute}, []bool{true, true, true, true}},
	} {
		var memory QuotaWatch
		var got []bool
		for _, at := range row.at {
			next, low := memory.after(answer, midnight.Add(at))
			memory, got = next, append(got, len(low) > 0)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: notified %v, want %v", row.name, got, row.want)
		}
	}
	for _, row := range []struct {
		next time.Duration
		want bool
	}{{-time.Second, true}, {0, true}, {time.Second, false}, {24 * time.Hour, false}, {25 * time.Hour, true}} {
		if got := (QuotaWatch{Due: true, Next: midnight.Add(row.next)}).isTime(midnight); got != row.want {
			t.Errorf("to be read in %v: is it time? %v", row.next, got)
		}
	}
}

// status shows the quota where it can be read, changes nothing, and says nothing where
// it cannot.
func TestStatusShowsTheQuota(t *testing.T) {
	for _, row := range []struct {
		name  string
		quota QuotaReader
		want  int
	}{
		{"readable", &quotaDouble{left: map[string]int{"file": 0}}, 3},
		{"denied", &quotaDouble{err: errQuotaDenied}, 0},
		{"no answer", &quotaDouble{hangs: true}, 0},
		{"nobody to ask", nil, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := quotaWorld(t, &quotaDouble{})
			writes, began := w.store.Writes(), time.Now()
			report := w.do(Request{Action: ActionStatus}, func(a *App) { a.Quota = row.quota })
			calls := min(row.want, 1)
			if len(report.Status.Quota) != row.want || report.APICalls != calls || time.Since(began) > 5*time.Second || w.store.Writes() != writes {
				t.Errorf("%s: %+v, %d calls after %v", row.name, report.Status.Quota, report.APICalls, time.Since(began))
			}
		})
	}
}
