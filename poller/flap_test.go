package poller

import (
	"testing"
	"time"
)

// A row that is complete and failed in turns is notified a few times; the last of the
// messages says that it is the last. What is remembered of it stays true.
func TestAlternatingRowHasABrake(t *testing.T) {
	now := simStart
	task := Task{Key: Key{TaskID: "1", ObjectType: "file", ObjectPath: "https://cdn.example.com/a"}, Status: Complete, Created: now.Add(-time.Minute)}
	other := Task{Key: Key{TaskID: "2", ObjectType: "file", ObjectPath: "https://cdn.example.com/b"}, Status: Failed, Created: now.Add(-time.Minute)}
	var s State
	var notified []Event
	for tick := range 30 {
		now = now.Add(time.Minute)
		task.Status = []Status{Complete, Failed}[tick%2]
		plan := Plan{At: now, Limits: DefaultLimits()}
		change := s.Diff(plan, Batch{Tasks: []Task{task, other}, Calls: 1, Now: now}, now, Policy{NotifyFirst: true})
		for _, n := range change.Notify {
			if n.Task.TaskID == "1" {
				notified = append(notified, n.Event)
			}
		}
		s = change.State
		if got, known := s.FinishedAs(task); !known || got != task.Status {
			t.Fatalf("tick %d: remembered as %q, %v; want %q", tick, got, known, task.Status)
		}
		if text := s.Finished.AppendBinary(nil); tick == 29 {
			if again, err := DecodeRecords(text); err != nil || len(again) != len(s.Finished) || again[0] != s.Finished[0] {
				t.Errorf("%v: %v", err, again)
			}
		}
	}
	if len(notified) != 1+MostChanges {
		t.Fatalf("notified %d times, want once and of %d changes", len(notified), MostChanges)
	}
	for i, e := range notified {
		if last := i == MostChanges; e.LastChange != last {
			t.Errorf("message %d says last: %v", i, e.LastChange)
		}
	}
}
