package notifier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// finishedRow is a row of a submission that was seen finished some time after noon.
func finishedRow(task, path string, status poller.Status, after time.Duration) Routed {
	return Routed{Event: poller.Event{Kind: poller.Finished, Observed: noon.Add(after), Task: poller.Task{
		Key: poller.Key{TaskID: task, ObjectType: "file", ObjectPath: path}, Status: status,
	}}}
}

// pending shows the outbox: task, rows, and until when they are held.
func pendingRows(o Outbox) string {
	var all []string
	for _, d := range o.Pending {
		var rows []string
		for _, e := range d.Events {
			rows = append(rows, e.Task.ObjectPath+string(e.Task.Status[:1]))
		}
		text := d.Events[0].Task.TaskID + ":" + strings.Join(rows, "+")
		if d.held() {
			text += fmt.Sprintf("@%s", d.HeldUntil.Sub(noon))
		}
		if d.Owner != "" {
			text += "!" + d.Owner
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// TestRegroup: what one submission of several rows comes to, step by step.
func TestRegroup(t *testing.T) {
	const wait = 2 * time.Minute
	type step struct {
		after    time.Duration // since noon
		new      []Routed
		inFlight string // task ids
		claim    string // a run that claims after it
		want     string
	}
	row := finishedRow
	tests := map[string][]step{
		"a submission is one message": {
			{0, []Routed{row("1", "a", poller.Complete, 0)}, "1", "r1", "1:aC@2m0s"},
			{time.Minute, []Routed{row("1", "b", poller.Complete, time.Minute)}, "1", "r2", "1:aC+bC@2m0s"},
			{90 * time.Second, []Routed{row("1", "c", poller.Failed, 90*time.Second)}, "", "r3", "1:aC+bC+cF!r3"},
		},
		"nothing in flight waits for nothing": {
			{0, []Routed{row("1", "a", poller.Complete, 0), row("1", "b", poller.Complete, 0)}, "2", "", "1:aC+bC"},
		},
		"a stuck row is not waited for": {
			{0, []Routed{row("1", "a", poller.Failed, 0)}, "1", "r1", "1:aF@2m0s"},
			{wait - time.Second, nil, "1", "r2", "1:aF@2m0s"},
			{wait, nil, "1", "r3", "1:aF!r3"},
		},
		"the wait begins with the first row": {
			{0, []Routed{row("1", "a", poller.Complete, 0)}, "1", "", "1:aC@2m0s"},
			{wait, []Routed{row("1", "b", poller.Complete, wait)}, "1", "r2", "1:aC+bC!r2"},
		},
		"what was claimed is never changed": {
			{0, []Routed{row("1", "a", poller.Complete, 0)}, "", "r1", "1:aC!r1"},
			{time.Minute, []Routed{row("1", "b", poller.Complete, time.Minute)}, "1", "r2", "1:aC!r1 1:bC@3m0s"},
			{2 * time.Minute, []Routed{row("1", "c", poller.Complete, 2*time.Minute)}, "", "r3", "1:aC!r1 1:bC+cC!r3"},
		},
		"submissions do not wait for each other": {
			{0, []Routed{row("1", "a", poller.Complete, 0), row("2", "x", poller.Complete, 0)}, "1", "r1", "2:xC!r1 1:aC@2m0s"},
		},
		"a row that changes while it is held is reported once": {
			{0, []Routed{row("1", "a", poller.Failed, 0)}, "1", "", "1:aF@2m0s"},
			{time.Minute, []Routed{row("1", "a", poller.Complete, time.Minute)}, "", "", "1:aC"},
		},
		"a clock that goes back ends the wait": {
			{time.Hour, []Routed{row("1", "a", poller.Complete, time.Hour)}, "1", "", "1:aC@1h2m0s"},
			{0, nil, "1", "", "1:aC"},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			var o Outbox
			for i, s := range steps {
				now := noon.Add(s.after)
				before := pendingRows(o)
				was := o
				o = o.Regroup("ops", s.new, Hold{Wait: wait, InFlight: func(task string) int { return strings.Count(s.inFlight, task) }}, now)
				if pendingRows(was) != before {
					t.Fatal("the old outbox was changed")
				}
				if s.claim != "" {
					o, _ = o.Claim(s.claim, func(string) bool { return true }, now, now.Add(time.Hour))
				}
				if got := pendingRows(o); got != s.want {
					t.Fatalf("step %d: %s, want %s", i, got, s.want)
				}
			}
		})
	}
}

// TestHeldIsClaimedInTime also by a run that does not poll, such as a redrive; and
// whatever was claimed is no longer held.
func TestHeldIsClaimedInTime(t *testing.T) {
	o := Outbox{}.Regroup("ops", []Routed{finishedRow("1", "a", poller.Complete, 0)},
		Hold{Wait: time.Minute, InFlight: func(string) int { return 1 }}, noon)
	everywhere := func(string) bool { return true }
	if _, mine := o.Claim("run", everywhere, noon.Add(time.Minute-1), noon.Add(time.Hour)); mine != nil || o.Held() != 1 {
		t.Errorf("claimed %s before its time, %d held", ids(mine), o.Held())
	}
	claimed, mine := o.Claim("run", everywhere, noon.Add(time.Minute), noon.Add(time.Hour))
	if len(mine) != 1 || claimed.Held() != 0 {
		t.Fatalf("claimed %s, %d held", ids(mine), claimed.Held())
	}
	// The run dies; a later poll finds another row of the submission.
	after := claimed.Regroup("ops", []Routed{finishedRow("1", "b", poller.Complete, 2*time.Minute)}, Hold{}, noon.Add(2*time.Hour))
	if after.Pending[0].ID != mine[0].ID || len(after.Pending) != 2 {
		t.Errorf("a claimed delivery was changed: %s", pendingRows(after))
	}
}

// TestOtherKindsDoNotWait: what stalls or expires is reported at once, and what another
// sink is to get is not touched.
func TestOtherKindsDoNotWait(t *testing.T) {
	always := Hold{Wait: time.Minute, InFlight: func(string) int { return 1 }}
	stalled := finishedRow("1", "a", poller.Refreshing, 0)
	stalled.Event.Kind = poller.Stalled
	o := Outbox{}.Regroup("ops", []Routed{stalled, finishedRow("1", "b", poller.Complete, 0)}, always, noon)
	if got := pendingRows(o); got != "1:aR 1:bC@1m0s" {
		t.Errorf("%s", got)
	}
	o = o.Regroup("dev", []Routed{finishedRow("1", "b", poller.Complete, 0)}, Hold{}, noon)
	if got := pendingRows(o); got != "1:aR 1:bC@1m0s 1:bC" {
		t.Errorf("%s", got)
	}
}

// TestIncomplete: a message says how many rows of its submission are in flight when it
// may be sent, not when its first row was held; a digest says nothing.
func TestIncomplete(t *testing.T) {
	flying := 3
	hold := Hold{Wait: time.Minute, InFlight: func(string) int { return flying }}
	o := Outbox{}.Regroup("ops", []Routed{finishedRow("1", "a", poller.Complete, 0)}, hold, noon)
	if got := o.Pending[0].InFlight; got != 3 {
		t.Errorf("held with %d in flight", got)
	}
	flying = 2
	o = o.Regroup("ops", []Routed{finishedRow("1", "b", poller.Complete, time.Minute)}, hold, noon.Add(time.Minute))
	if len(o.Pending) != 1 || o.Pending[0].InFlight != 2 {
		t.Errorf("%s with %d in flight", pendingRows(o), o.Pending[0].InFlight)
	}
	o, _ = o.Claim("run", func(string) bool { return true }, noon.Add(time.Minute), noon.Add(time.Hour))
	flying = 0
	o = o.Regroup("ops", []Routed{finishedRow("1", "c", poller.Complete, 2*time.Minute)}, hold, noon.Add(2*time.Minute))
	if o.Pending[0].InFlight != 2 || o.Pending[1].InFlight != 0 {
		t.Errorf("%d and %d in flight", o.Pending[0].InFlight, o.Pending[1].InFlight)
	}
	flying = 1
	var many []Routed
	for i := range maxMessages + 1 {
		many = append(many, finishedRow(fmt.Sprint(i), "a", poller.Complete, 0))
	}
	if o = (Outbox{}).Regroup("ops", many, Hold{InFlight: hold.InFlight}, noon); !o.Pending[0].Digest || o.Pending[0].InFlight != 0 {
		t.Errorf("%s with %d in flight", pendingRows(o), o.Pending[0].InFlight)
	}
}

// TestHeldOfAnotherAction: what a backfill has sent for is no part of a poll's message,
// and is not lost by it.
func TestHeldOfAnotherAction(t *testing.T) {
	asked := Batch("ops", sink.PerTask, []Routed{finishedRow("1", "a", poller.Complete, 0)}, noon)[0]
	asked.Action, asked.HeldUntil = "backfill", noon.Add(time.Minute)
	o := Outbox{Pending: []Delivery{asked}}.Regroup("ops", []Routed{finishedRow("1", "b", poller.Complete, 0)}, Hold{}, noon)
	if got := pendingRows(o); got != "1:aC@1m0s 1:bC" || o.Pending[0].Action != "backfill" || o.Pending[0].ID != asked.ID {
		t.Errorf("%s", got)
	}
}

// TestReleasedSubmissionsAreADigest when there are many of them.
func TestReleasedSubmissionsAreADigest(t *testing.T) {
	var rows []Routed
	for i := range maxMessages + 3 {
		rows = append(rows, finishedRow(fmt.Sprint(i), "a", poller.Complete, 0))
	}
	hold := Hold{Wait: time.Minute, InFlight: func(string) int { return 1 }}
	o := Outbox{}.Regroup("ops", rows, hold, noon)
	if o.Held() != len(rows) {
		t.Fatalf("%d of %d held", o.Held(), len(rows))
	}
	o = o.Regroup("ops", nil, hold, noon.Add(time.Minute))
	if len(o.Pending) != 1 || !o.Pending[0].Digest || len(o.Pending[0].Events) != len(rows) || o.Held() != 0 {
		t.Errorf("%s", pendingRows(o))
	}
}
