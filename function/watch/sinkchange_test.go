package watch

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// What the README says of sinks and routes that change, step by step: rows are finished,
// the configuration is another one, a request is made, and every sink has so many rows.
func TestSinksAndRoutesChange(t *testing.T) {
	poll, backfill := Request{Action: ActionPoll}, Request{Action: ActionBackfill}
	to := func(sinks ...string) Request { return Request{Action: ActionBackfill, Sinks: sinks} }
	type step struct {
		what   string
		finish int
		sinks  string // configured
		routes string // to these; "" to all
		req    Request
		want   string // rows of each sink
	}
	steps := []step{
		{"a baseline", 2, "a", "", poll, "a0 b0 z0"},
		{"news", 3, "a", "", poll, "a3 b0 z0"},
		{"b is added, and owed nothing", 0, "a b", "", poll, "a3 b0 z0"},
		{"both get what finishes now", 1, "a b", "", poll, "a4 b1 z0"},
		{"a backfill for b sends what it never got, the baseline too", 0, "a b", "", to("b"), "a4 b6 z0"},
		{"and once", 0, "a b", "", to("b"), "a4 b6 z0"},
		{"a backfill for all leaves nobody out", 0, "a b", "", backfill, "a6 b6 z0"},
		{"a becomes z, a new sink", 0, "z b", "", poll, "a6 b6 z0"},
		{"which gets what finishes now", 1, "z b", "", poll, "a6 b7 z1"},
		{"and the rest when asked for", 0, "z b", "", to("z"), "a6 b7 z7"},
		{"a comes back under its old name, and gets nothing twice", 0, "a b z", "", to("a"), "a7 b7 z7"},
		{"routes lead to a alone", 1, "a b z", "a", poll, "a8 b7 z7"},
		{"a backfill goes by them", 0, "a b z", "a", backfill, "a8 b7 z7"},
		{"routes lead to all again, from now on", 1, "a b z", "", poll, "a9 b8 z8"},
		{"a backfill makes up for it", 0, "a b z", "", backfill, "a9 b9 z9"},
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a", "b", "z")
		rows := 0
		for _, s := range steps {
			for range s.finish {
				w.add(apitest.Task{Key: key(rows), Created: time.Now(), Steps: apitest.Finish(0)})
				rows++
			}
			time.Sleep(time.Minute)
			w.do(s.req, func(a *App) {
				all := a.Targets
				a.Targets = nil
				for _, target := range all {
					if strings.Contains(s.sinks, target.Name) {
						a.Targets = append(a.Targets, target)
					}
				}
				a.Routes = notifier.Routes{{To: strings.Fields(s.sinks)}}
				if s.routes != "" {
					a.Routes = notifier.Routes{{To: strings.Fields(s.routes)}}
				}
			})
			var got []string
			for _, b := range w.sinks {
				got = append(got, fmt.Sprint(b.name, len(b.notified)))
				for k, n := range b.notified {
					if n != 1 {
						t.Errorf("%s: sink %s was notified of %v %d times", s.what, b.name, poller.Key(k), n)
					}
				}
			}
			if text := strings.Join(got, " "); text != s.want {
				t.Errorf("%s: %s, want %s", s.what, text, s.want)
			}
		}
	})
}

// A run without sinks prints its messages. It does not know which sinks are removed, and
// drops nothing of what waits for them, however full the outbox.
func TestARunThatPrintsDropsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		w.poll()
		store := w.store.Process(nil)
		head, err := store.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		doc := w.head()
		long := strings.Repeat("x", notifier.MaxBytes/100)
		for i := range 101 {
			event := poller.Event{Kind: poller.Finished, Task: poller.Task{Key: key(i), Status: poller.Failed, Description: long}}
			doc.Outbox.Pending = append(doc.Outbox.Pending, notifier.Delivery{Message: sink.Message{
				ID: fmt.Sprint("d_", i), Sink: "ops", Kind: poller.Finished, Created: time.Now(), Events: []poller.Event{event}}})
		}
		data, err := doc.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Swap(t.Context(), head, data); err != nil {
			t.Fatal(err)
		}
		w.submit(200)
		time.Sleep(time.Minute)
		w.do(Request{Action: ActionPoll}, func(a *App) {
			a.Printed, a.Targets[0].Name = true, "stdout"
			a.Routes = notifier.Routes{{To: []string{"stdout"}}}
		})
		if n := len(w.head().Outbox.Pending); n != 101 || w.sinks[0].notified[key(200)] != 1 {
			t.Errorf("%d of 101 messages still wait for the sink, the new row was printed %d times", n, w.sinks[0].notified[key(200)])
		}
	})
}
