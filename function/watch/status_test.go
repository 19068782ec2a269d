package watch

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// A password in an object's path stays in the checkpoint: neither the status nor a
// list shows it, in flight or waiting to be sent.
func TestStatusAndListHideUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		object := func(n int) poller.Key {
			k := key(n)
			k.ObjectPath = "https://svc:hunter2@cdn.example.com:8443/5%off.mp4"
			return k
		}
		w.add(apitest.Task{Key: object(1), Created: time.Now(), Steps: apitest.Finish(time.Second)},
			apitest.Task{Key: object(2), Created: time.Now(), Steps: apitest.Finish(time.Hour)})
		time.Sleep(time.Minute)
		p := w.process()
		p.fault = func(op string) effect {
			if strings.HasPrefix(op, "send") {
				return failed
			}
			return fine
		}
		p.run(Request{Action: ActionPoll}, func(a *App) { a.NotifyFirst = true })
		report := w.do(Request{Action: ActionStatus})
		said, _ := json.Marshal(report)
		if len(report.Status.InFlight) != 1 || len(report.Status.Outbox)+len(report.Status.Dead) == 0 {
			t.Fatalf("status %s", said)
		}
		list := List(t.Context(), asker{w.process(), w.api.Lister(20 * time.Millisecond)}, Request{Since: "1h"}, time.Now())
		listed, _ := json.Marshal(list.Tasks)
		for _, shown := range [][]byte{said, listed} {
			if strings.Contains(string(shown), "hunter2") || !strings.Contains(string(shown), "https://***@cdn.example.com:8443/5%off.mp4") {
				t.Errorf("%s", shown)
			}
		}
		if got := w.head().Poller.InFlight[0].ObjectPath; got != object(2).ObjectPath {
			t.Errorf("the checkpoint holds %s", got)
		}
	})
}
