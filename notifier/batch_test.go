package notifier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func events(n int, taskID func(int) string) []Routed {
	var all []Routed
	for i := range n {
		key := poller.Key{TaskID: taskID(i), ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%d", i)}
		all = append(all, Routed{Event: poller.Event{Kind: poller.Finished, Task: poller.Task{Key: key, Status: poller.Complete}, Observed: noon}})
	}
	return all
}

func oneTask(int) string      { return "1" }
func ownTask(i int) string    { return fmt.Sprint(i) }
func threeTasks(i int) string { return fmt.Sprint(i % 3) }

func TestBatch(t *testing.T) {
	for name, tt := range map[string]struct {
		grouping sink.Grouping
		events   []Routed
		want     []int // events in each delivery
		digest   bool
	}{
		"nothing":                               {sink.PerTask, nil, nil, false},
		"rows of one task share a message":      {sink.PerTask, events(40, oneTask), []int{40}, false},
		"a message each task":                   {sink.PerTask, events(9, threeTasks), []int{3, 3, 3}, false},
		"five messages are no flood":            {sink.PerTask, events(5, ownTask), []int{1, 1, 1, 1, 1}, false},
		"six are":                               {sink.PerTask, events(6, ownTask), []int{6}, true},
		"10,000 rows stay under ten messages":   {sink.PerTask, events(10_000, ownTask), []int{2500, 2500, 2500, 2500}, true},
		"one task of 2,000 rows is one message": {sink.PerTask, events(2000, oneTask), []int{2000}, false},
		"bodies of fifty":                       {sink.Batched, events(120, oneTask), []int{50, 50, 20}, false},
	} {
		t.Run(name, func(t *testing.T) {
			deliveries := Batch("ops", tt.grouping, tt.events, noon)
			var got []int
			ids := map[string]bool{}
			for _, d := range deliveries {
				got = append(got, len(d.Events))
				ids[d.ID] = true
				if d.Digest != tt.digest {
					t.Errorf("digest is %v", d.Digest)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%v events a delivery, want %v", got, tt.want)
			}
			if len(ids) != len(deliveries) {
				t.Errorf("%d ids for %d deliveries", len(ids), len(deliveries))
			}
			for i, again := range Batch("ops", tt.grouping, tt.events, noon.Add(time.Hour)) {
				if again.ID != deliveries[i].ID {
					t.Errorf("the id of delivery %d changed", i)
				}
			}
		})
	}
}

// Kinds and mentions never share a message, and long paths make smaller bodies.
func TestBatchKeepsApart(t *testing.T) {
	mixed := events(4, oneTask)
	mixed[1].Mention = "<!here>"
	mixed[2].Event.Kind = poller.Stalled
	if got := len(Batch("ops", sink.Batched, mixed, noon)); got != 3 {
		t.Errorf("%d deliveries for two kinds and two mentions, want 3", got)
	}
	long := events(10, oneTask)
	for i := range long {
		long[i].Event.Task.ObjectPath = "/" + strings.Repeat("x", 9000)
	}
	if got := len(Batch("ops", sink.Batched, long, noon)); got != 5 {
		t.Errorf("%d deliveries of 9,000-byte paths, want 5 of two each", got)
	}
}
