package notifier_test

import (
	"fmt"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// Every route that matches applies, and a sink gets an event once.
func ExampleRoutes() {
	routes := notifier.Routes{
		{Match: notifier.Match{Status: []string{"Failed"}, Path: []string{"/vip/*"}}, To: []string{"oncall"}, Mention: "<!subteam^S0123>", Stop: true},
		{Match: notifier.Match{Status: []string{"Failed"}}, To: []string{"team"}},
		{To: []string{"team", "audit"}},
	}
	for _, task := range []poller.Task{
		{Key: poller.Key{ObjectPath: "https://cdn.example.com/vip/a.mp4"}, Status: poller.Failed},
		{Key: poller.Key{ObjectPath: "https://cdn.example.com/b.mp4"}, Status: poller.Failed},
		{Key: poller.Key{ObjectPath: "https://cdn.example.com/c.mp4"}, Status: poller.Complete},
	} {
		fmt.Println(routes.Recipients(poller.Event{Task: task}))
	}
	// Output:
	// [{oncall <!subteam^S0123>}]
	// [{team } {audit }]
	// [{team } {audit }]
}

// A run claims what is due, sends it, and settles what became of it.
func ExampleOutbox_Claim() {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	outbox := notifier.Outbox{}.Add([]notifier.Delivery{
		{Message: sink.Message{ID: "d_1", Sink: "team", Created: now}},
		{Message: sink.Message{ID: "d_2", Sink: "removed", Created: now}},
	})
	configured := func(sink string) bool { return sink == "team" }

	outbox, mine := outbox.Claim("run-1", configured, now, now.Add(time.Minute))
	fmt.Println("run-1 sends", len(mine), "delivery")

	_, theirs := outbox.Claim("run-2", configured, now, now.Add(time.Minute))
	fmt.Println("run-2 sends", len(theirs), "while run-1 may be at work")

	accepted := []notifier.Result{{ID: "d_1", Attempts: 1}}
	outbox, _ = outbox.Settle("run-1", accepted, now, now)
	fmt.Println("still waiting:", outbox.Pending[0].ID)
	// Output:
	// run-1 sends 1 delivery
	// run-2 sends 0 while run-1 may be at work
	// still waiting: d_2
}
