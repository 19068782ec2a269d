package watch

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
)

// A discard sends nothing, not even what waits for the sink and could be sent now; and a
// dry run names what a run would send, each message once.
func TestDiscardSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops", "hook")
		w.poll()
		time.Sleep(time.Minute)
		w.sinks[0].verdict = func(sink.Message) error { return &sink.Error{Class: sink.Later, Code: "http_503", Err: errFault} }
		w.finished(0, 2)
		w.poll()
		w.sinks[0].verdict = nil
		time.Sleep(time.Hour)

		for _, req := range []Request{{Action: ActionPoll}, {Action: ActionRedrive}, {Action: ActionBackfill}} {
			req.DryRun = true
			if got := w.do(req).Planned; len(got) != 1 || got["ops"] == 0 {
				t.Errorf("a dry %s plans %v, want what waits for ops", req.Action, got)
			}
		}
		for _, dry := range []bool{true, false} {
			discard := Request{Action: ActionRedrive, Sinks: []string{"ops"}, Discard: true, DryRun: dry}
			if r := w.do(discard); r.Sent != 0 || r.Retrying == 0 || len(r.Planned) > 0 || len(w.sinks[0].notified) > 0 {
				t.Errorf("dry run %v: a discard sent or would send: %+v", dry, r)
			}
		}
		want := w.do(Request{Action: ActionPoll, DryRun: true}).Planned
		if r := w.poll(); !maps.Equal(want, map[string]int{"ops": r.Sent}) {
			t.Errorf("planned %v, sent %d", want, r.Sent)
		}
	})
}
