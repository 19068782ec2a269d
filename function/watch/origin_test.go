package watch

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun/apitest"
)

func TestProvenance(t *testing.T) {
	vod := Origin{Product: "vod", Region: "cn-shanghai"}
	inAccount := func(o Origin, account string) Origin { o.Account = account; return o }
	withKey := func(o Origin, key string) Origin { o.KeyID = key; return o }
	region := func(o Origin, region string) Origin { o.Region = region; return o }
	tests := []struct {
		name    string
		before  []Origin // runs that wrote the checkpoint
		now     Origin
		refused bool
		newKey  bool
	}{
		{"a checkpoint of format 1 says nothing", nil, inAccount(vod, "1"), false, false},
		{"the same", []Origin{inAccount(vod, "1")}, inAccount(vod, "1"), false, false},
		{"another product", []Origin{vod}, Origin{Product: "cdn"}, true, false},
		{"from a product without regions to one with", []Origin{{Product: "cdn"}}, vod, true, false},
		{"another region", []Origin{vod}, region(vod, "ap-southeast-1"), true, false},
		{"another account", []Origin{inAccount(vod, "1")}, inAccount(vod, "2"), true, false},
		{"an account that is not known here", []Origin{inAccount(vod, "1")}, withKey(vod, "a"), false, false},
		{"the account becomes known", []Origin{withKey(vod, "a")}, inAccount(vod, "1"), false, false},
		{"the account stays known in between", []Origin{inAccount(vod, "1"), withKey(vod, "a")}, inAccount(vod, "2"), true, false},
		{"the same key", []Origin{withKey(vod, "a")}, withKey(vod, "a"), false, false},
		{"another key", []Origin{withKey(vod, "a")}, withKey(vod, "b"), false, true},
		{"back to the former key", []Origin{withKey(vod, "a"), withKey(vod, "b")}, withKey(vod, "a"), false, false},
		{"temporary keys say nothing", []Origin{withKey(vod, "a")}, vod, false, false},
		{"another key of the account that is known", []Origin{inAccount(withKey(vod, "a"), "1")}, inAccount(withKey(vod, "b"), "1"), false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p Provenance
			for _, o := range tt.before {
				p = p.with(o)
			}
			if err := p.Check(tt.now); (err != nil) != tt.refused {
				t.Errorf("check: %v, want refused %v", err, tt.refused)
			}
			if got := p.isNewKey(tt.now); got != tt.newKey {
				t.Errorf("new key: %v, want %v", got, tt.newKey)
			}
		})
	}
}

func TestProvenanceKeepsFewKeysAndNoName(t *testing.T) {
	var p Provenance
	for i := range 20 {
		p = p.with(Origin{KeyID: fmt.Sprint("LTAI", i)})
	}
	p = p.with(Origin{KeyID: "LTAI19"})
	if len(p.Keys) != mostKeys || p.isNewKey(Origin{KeyID: "LTAI12"}) || !p.isNewKey(Origin{KeyID: "LTAI11"}) {
		t.Errorf("after 20 keys it remembers %d: %v", len(p.Keys), p.Keys)
	}
	for _, k := range p.Keys {
		if len(k) != 16 {
			t.Errorf("%q is no hash of 64 bits", k)
		}
	}
}

// The tasks of another account, product or region are not compared with this
// checkpoint: the run stops before it asks anything, and says what to do.
func TestForeignCheckpointStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		own := Origin{Product: "vod", Region: "cn-shanghai", Account: "1001"}
		as := func(o Origin) func(*App) { return func(a *App) { a.Origin = o } }
		w.do(Request{Action: ActionPoll}, as(own))
		for i := range 3 {
			w.add(apitest.Task{Key: key(i), Created: time.Now(), Steps: apitest.Finish(time.Second)})
		}
		time.Sleep(time.Minute)
		writes := w.store.Writes()
		for _, other := range []Origin{
			{Product: "cdn", Account: "1001"},
			{Product: "vod", Region: "ap-southeast-1", Account: "1001"},
			{Product: "vod", Region: "cn-shanghai", Account: "2002"},
		} {
			for _, action := range []string{ActionPoll, ActionBackfill, ActionRedrive, ActionStatus} {
				p := w.process()
				report, err, _ := p.run(Request{Action: action}, as(other))
				if report.Status != nil {
					t.Errorf("%s of %+v shows what is stored", action, other)
				}
				if Code(err) != CodeCheckpointForeign || !strings.Contains(err.Error(), "CHECKPOINT") {
					t.Errorf("%s of %+v: %v, want %s", action, other, err, CodeCheckpointForeign)
				}
				if strings.Contains(fmt.Sprint(p.steps), "api") || w.store.Writes() != writes {
					t.Errorf("%s of %+v asked the API or wrote: %v", action, other, p.steps)
				}
			}
		}
		if r := w.do(Request{Action: ActionPoll}, as(own)); r.Covered != 3 {
			t.Errorf("the own account's poll notified about %d tasks, want 3", r.Covered)
		}
	})
}

// Another access key on a command line: what had finished by then and was never seen in
// flight is recorded without notification, with a warning; what was seen in flight, and
// what finishes from now on, is notified.
func TestAnotherKeyRecordsHistory(t *testing.T) {
	for _, first := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "ops")
			var log strings.Builder
			w.log = slog.New(slog.NewTextHandler(&log, nil))
			with := func(keyID string) func(*App) {
				return func(a *App) { a.Origin, a.NotifyFirst = Origin{Product: "vod", KeyID: keyID}, first }
			}
			poll := Request{Action: ActionPoll}
			w.add(apitest.Task{Key: key(0), Created: time.Now(), Steps: apitest.Finish(5 * time.Minute)}) // seen in flight
			w.do(poll, with("A"))
			time.Sleep(time.Minute)
			w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(time.Minute)}) // finished unseen
			w.add(apitest.Task{Key: key(2), Created: time.Now(), Steps: apitest.Finish(20 * time.Minute)})
			time.Sleep(10 * time.Minute)

			// A key that the API refuses has recorded nothing, and the next one is new all the same.
			w.api.Fault(apitest.NoPermission())
			if _, err, _ := w.process().run(poll, with("B")); Code(err) != CodeAPIDenied || strings.Contains(log.String(), "another access key") {
				t.Errorf("FIRST_RUN=notify %v: a refused key: %v; log: %s", first, err, &log)
			}
			w.api.Heal()
			log.Reset()

			r := w.do(poll, with("B"))
			if r.Covered != 1 || r.Silent != 1 || !strings.Contains(log.String(), "backfill") {
				t.Errorf("FIRST_RUN=notify %v: with another key %+v, want one notified, one silent and a warning that names backfill; log: %s", first, r, &log)
			}
			log.Reset()
			time.Sleep(20 * time.Minute)
			w.add(apitest.Task{Key: key(3), Created: time.Now(), Steps: apitest.Finish(time.Second)})
			time.Sleep(time.Minute)
			if r = w.do(poll, with("B")); r.Covered != 2 || r.Silent != 0 || log.Len() > 0 {
				t.Errorf("FIRST_RUN=notify %v: afterwards %+v, want two notified; log: %s", first, r, &log)
			}
			if r = w.do(Request{Action: ActionBackfill}, with("B")); r.Covered != 1 || w.sinks[0].notified[key(1)] != 1 {
				t.Errorf("FIRST_RUN=notify %v: backfill %+v, want the silent one", first, r)
			}
		})
	}
}

// Whatever runs first with another key, the next poll still takes what it finds finished
// for history: a redrive and a backfill write, and so does a poll that gets no answer.
func TestAnotherKeyIsNotAdoptedByTheWay(t *testing.T) {
	for _, first := range []Request{{Action: ActionRedrive}, {Action: ActionBackfill, Since: "1m"}, {Action: ActionPoll}} {
		t.Run(first.Action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "ops")
				with := func(keyID string) func(*App) {
					return func(a *App) { a.Origin = Origin{Product: "vod", KeyID: keyID} }
				}
				poll := Request{Action: ActionPoll}
				w.do(poll, with("A"))
				w.sinks[0].verdict = refused
				w.add(apitest.Task{Key: key(0), Created: time.Now(), Steps: apitest.Finish(time.Second)})
				time.Sleep(time.Minute)
				_, _, _ = w.process().run(poll, with("A")) // leaves a dead letter, for the redrive
				w.sinks[0].verdict = nil
				for i := range 20 { // a stranger's
					w.add(apitest.Task{Key: key(1 + i), Created: time.Now(), Steps: apitest.Finish(time.Second)})
				}
				time.Sleep(10 * time.Minute)

				writes := w.store.Writes()
				if first.Action == ActionPoll {
					w.api.Fault(apitest.BadGateway())
				}
				_, _, _ = w.process().run(first, with("B"))
				w.api.Heal()
				if first.Action != ActionBackfill && w.store.Writes() == writes {
					t.Fatal("the first run was to write")
				}
				time.Sleep(time.Minute)
				if r, err, _ := w.process().run(poll, with("B")); r.Covered > 1 || r.Silent != 20 {
					t.Errorf("%+v, %v: want the stranger's 20 rows silent", r, err)
				}
			})
		})
	}
}

// refused is a sink's permanent no.
func refused(sink.Message) error {
	return &sink.Error{Class: sink.Refused, Code: "http_404", Err: errFault}
}
