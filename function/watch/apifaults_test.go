package watch

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/template"
)

// client is the real one, connected to the world's API without a socket.
func (w *world) client() *aliyun.Client {
	w.t.Helper()
	c, err := aliyun.New(aliyun.Config{
		Region: "cn-shanghai", MaxQPS: 4, Transport: w.api,
		Keys: aliyun.KeyFunc(func() aliyun.Credentials {
			return aliyun.Credentials{AccessKeyID: apitest.AccessKeyID, Secret: apitest.Secret}
		}),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// polls is a tick through the real client.
func (w *world) polls(c *aliyun.Client) (Report, error) {
	report, err, _ := w.process().run(Request{Action: ActionPoll}, func(a *App) { a.API = c })
	return report, err
}

// An API that gives no usable answer changes nothing in what is notified: the run fails
// with its class, what was due goes out all the same, people hear of it once, and
// the first answer notifies about what was missed.
func TestEveryAPIFault(t *testing.T) {
	faults := append(apitest.Faults(), apitest.Redirect(http.StatusFound, "https://elsewhere.example.com/"))
	for _, f := range faults {
		t.Run(f.Name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { suffersAPI(t, f) }) })
	}
}

func suffersAPI(t *testing.T, f apitest.Fault) {
	var log bytes.Buffer
	w := newWorld(t, "hook")
	w.log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, hook := w.client(), w.sinks[0]
	w.dueAndFinished(c)

	w.api.Fault(f)
	lasting := f.Class == poller.Denied || f.Class == poller.Rejected || f.Class == poller.Unreadable
	for n := 1; n <= 5; n++ {
		report, err := w.polls(c)
		var api *poller.Error
		switch {
		case Code(err) != Code(apiError(&poller.Error{Class: f.Class})) || !errors.As(err, &api) || api.Code != f.Code:
			t.Errorf("tick %d: %v, want class %q and code %q", n, err, f.Class, f.Code)
		case report.Fetched+report.New+report.APICalls > 0 || report.InFlight != faultRows:
			t.Errorf("tick %d made something of it: %+v", n, report)
		}
		if n == 1 && hook.notified[key(faultRows)] != 1 {
			t.Error("what was due was not delivered")
		}
		want := 0
		if lasting || n >= TroubleAfter {
			want = 1
		}
		if got := hook.notices[template.Trouble]; got != want {
			t.Errorf("after %d failed ticks people were notified %d times, want %d", n, got, want)
		}
		leaks(t, log.String()+fmt.Sprintf("%v %+v %#v", err, err, err), apitest.AccessKeyID, apitest.Secret, "Signature=")
		time.Sleep(time.Minute)
	}
	w.api.Heal()
	report, err := w.polls(c)
	if err != nil || report.New != faultRows || report.InFlight != 0 {
		t.Errorf("after healing: %+v, %v; want %d new", report, err, faultRows)
	}
	if hook.notices[template.Recovered] != 1 || hook.notices[template.Trouble] != 1 {
		t.Errorf("people were notified %v, want trouble and its end once", hook.notices)
	}
	w.notifiedOnce(faultRows + 1)
}

// faultRows are unfinished when a fault begins: three pages.
const faultRows = 130

// dueAndFinished leaves one message in the outbox and lets the other rows, which
// are known to be unfinished, end.
func (w *world) dueAndFinished(c *aliyun.Client) {
	w.t.Helper()
	for i := range faultRows + 1 {
		after := 150 * time.Second
		if i == faultRows {
			after = 30 * time.Second
		}
		w.add(apitest.Task{Key: key(i), Created: time.Now().Add(-time.Duration(i/2) * time.Second), Steps: append(apitest.Stuck(0), apitest.Step{
			After: time.Duration(i/2)*time.Second + after, Status: poller.Complete,
		})})
	}
	for n := range 2 {
		w.sinks[0].verdict = func(sink.Message) error {
			return &sink.Error{Class: sink.Later, Code: "http_503", After: 90 * time.Second}
		}
		if report, err := w.polls(c); err != nil || report.InFlight != faultRows+1-n {
			w.t.Fatalf("%+v, %v", report, err)
		}
		time.Sleep(time.Minute)
	}
	w.sinks[0].verdict = nil
	time.Sleep(time.Minute)
}

// notifiedOnce checks that every sink heard of the first n rows exactly once.
func (w *world) notifiedOnce(n int) {
	w.t.Helper()
	for _, b := range w.sinks {
		for i := range n {
			if got := b.notified[key(i)]; got != 1 {
				w.t.Errorf("%s was notified %d times of row %d (%+v)", b.name, got, i, b.notifications[key(i)])
			}
		}
	}
}

func leaks(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%q is in %q", s, text)
		}
	}
}

// pageFault is an API that answers, but not the truth, or not all of it.
type pageFault struct {
	name     string
	options  apitest.Options
	faults   func() []apitest.Fault // during one tick
	code     string                 // of that tick
	unproven int                    // 1: the tick knows that it has not seen everything; -1: perhaps
	new      int                    // what the tick finds; -1 for any number
}

func pageFaults() []pageFault {
	one := func(f apitest.Fault) func() []apitest.Fault {
		return func() []apitest.Fault { return []apitest.Fault{f} }
	}
	const all = faultRows + newRows
	return []pageFault{
		{name: "none", new: all},
		{name: "rows appear between pages", new: -1, faults: func() []apitest.Fault {
			return []apitest.Fault{apitest.Insertion(extra(10)...).When(apitest.OnPage(1))}
		}},
		{name: "rows leave between pages", new: all, faults: func() []apitest.Fault {
			var gone []poller.Key
			for i := range oldRows {
				gone = append(gone, key(1000+i))
			}
			return []apitest.Fault{apitest.Removal(gone...).When(apitest.OnPage(1))}
		}},
		{name: "total 60 too high", faults: one(apitest.LyingTotal(60)), unproven: 1, new: all},
		{name: "total 1 too high", faults: one(apitest.LyingTotal(1)), unproven: 1, new: all},
		{name: "total 1 too low", faults: one(apitest.LyingTotal(-1)), new: all},
		{name: "total 60 too low", faults: one(apitest.LyingTotal(-60)), new: all},
		{name: "total always 0", faults: one(apitest.LyingTotal(-10_000)), new: all},
		{name: "one row short", faults: one(apitest.ShortPage(1)), unproven: 1, new: -1},
		{name: "empty pages", faults: one(apitest.ShortPage(50)), unproven: 1, new: 0},
		{name: "a row in place of ten", faults: one(apitest.RepeatedRows(10)), unproven: -1, new: -1},
		{name: "no order within a second", faults: one(apitest.Shuffled()), unproven: -1, new: -1},
		{name: "a replica behind", faults: one(apitest.StaleReplica(3 * time.Minute)), new: -1},
		{name: "no status", faults: one(apitest.WithoutStatus()), new: 0},
		{name: "numeric ids", faults: one(apitest.NumericIDs()), new: all},
		{name: "throttled twice", faults: one(apitest.Throttling().Times(2)), new: all},
		{name: "page 2 never comes", faults: one(apitest.BadGateway().When(apitest.OnPage(2))), code: CodeAPIUnavailable, new: -1},
		{name: "page 2 hangs", faults: one(apitest.Hang().When(apitest.OnPage(2))), code: CodeAPIUnavailable, new: -1},
		{name: "lazy statuses", options: apitest.Options{Lazy: true}, new: -1},
		{name: "listed three minutes late", options: apitest.Options{Late: 3 * time.Minute}, new: -1},
		{name: "listed twenty minutes late", options: apitest.Options{Late: 20 * time.Minute}, new: -1},
		{name: "its clock 10 minutes ahead", options: apitest.Options{Skew: 10 * time.Minute}, new: -1},
		{name: "its clock 10 minutes behind", options: apitest.Options{Skew: -10 * time.Minute}, new: -1},
		{name: "oldest first", options: apitest.Options{OldestFirst: true}, new: all},
		{name: "the end does not count", options: apitest.Options{EndExclusive: true}, new: all},
		{name: "no list when empty", options: apitest.Options{NoListWhenEmpty: true}, new: all},
		{name: "unknown id is an error", options: apitest.Options{UnknownTaskIsError: true}, new: all},
		{name: "the siblings' rules", options: apitest.Options{Strict: true}, new: all},
		{name: "two requests a second", options: apitest.Options{MaxQPS: 2}, new: all},
	}
}

const (
	newRows = 20 // created and finished between two ticks
	oldRows = 60 // finished before anybody watched
)

func extra(n int) (tasks []apitest.Task) {
	for i := range n {
		tasks = append(tasks, apitest.Task{Key: key(faultRows + newRows + i), Created: time.Now(), Steps: apitest.Finish(0)})
	}
	return tasks
}

// Answers that lie cost time at most: the tick says what it could not prove, and
// once the API is sane again everything was notified once.
func TestEveryPageFault(t *testing.T) {
	for _, f := range pageFaults() {
		t.Run(f.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f.suffered(t) }) })
	}
}

func (f pageFault) suffered(t *testing.T) {
	w := newWorld(t, "hook")
	w.api = apitest.New(f.options)
	c := w.client()
	now := func() time.Time { return time.Now().Add(f.options.Skew) } // rows carry the API's time
	for i := range faultRows {
		w.add(apitest.Task{Key: key(i), Created: now().Add(-time.Duration(i) * time.Second), Steps: apitest.Finish(time.Duration(i)*time.Second + 30*time.Minute)})
	}
	for i := range oldRows {
		w.add(apitest.Task{Key: key(1000 + i), Created: now().Add(-time.Duration(i) * 2 * time.Second), Steps: apitest.Finish(0)})
	}
	time.Sleep(25 * time.Minute)
	for range 2 {
		if _, err := w.polls(c); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
	}
	for i := range newRows {
		w.add(apitest.Task{Key: key(faultRows + i), Created: now(), Steps: apitest.Finish(time.Second)})
	}
	time.Sleep(2 * time.Minute)

	extras := 0
	if f.faults != nil {
		faults := f.faults()
		w.api.Fault(faults...)
		if faults[0].Name == "insertion" {
			extras = len(extra(10))
		}
	}
	report, err := w.polls(c)
	if Code(err) != f.code || f.unproven >= 0 && report.Unproven > 0 != (f.unproven > 0) || f.new >= 0 && report.New != f.new {
		t.Errorf("the tick: %+v, %v; want code %q, %d new, unproven %d", report, err, f.code, f.new, f.unproven)
	}
	w.api.Heal()
	for range 18 {
		time.Sleep(10 * time.Minute)
		if _, err := w.polls(c); err != nil {
			t.Fatal(err)
		}
	}
	w.notifiedOnce(faultRows + newRows + extras)
	if n := w.sinks[0].repeats(); n > 0 {
		t.Errorf("%d messages came twice", n)
	}
}
