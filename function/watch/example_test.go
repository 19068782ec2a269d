package watch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// printer is a sink that prints.
type printer struct{}

func (printer) Send(_ context.Context, m sink.Message) error {
	for _, e := range m.Events {
		fmt.Println("notified:", e.Task.ObjectPath, "is", e.Task.Status)
	}
	return nil
}

// The whole job against a simulated API: the first poll records what has finished, the
// second notifies about what finished since.
func ExampleApp_Run() {
	api := apitest.New(apitest.Options{})
	object := poller.Key{TaskID: "15680240", ObjectType: "file", ObjectPath: "https://cdn.example.com/a.mp4"}
	api.Add(apitest.Task{Key: object, Created: time.Now().Add(-time.Minute), Steps: apitest.Stuck(time.Second)})
	app := watch.App{
		API:     api.Lister(0),
		Store:   checkpointtest.NewMem(),
		Targets: []notifier.Target{{Name: "ops", Sink: printer{}}},
		Routes:  notifier.Routes{{To: []string{"ops"}}},
		QPS:     4, Log: slog.New(slog.DiscardHandler),
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for range 2 {
		report, err := app.Run(ctx, watch.Request{Action: watch.ActionPoll})
		fmt.Println("new", report.New, "sent", report.Sent, "in flight", report.InFlight, err)
		api.Set(object, poller.Complete, "100%", "")
	}
	// Output:
	// new 0 sent 0 in flight 1 <nil>
	// notified: https://cdn.example.com/a.mp4 is Complete
	// new 1 sent 1 in flight 0 <nil>
}

func ExampleParseEvent() {
	for _, event := range []string{
		``,
		`{"triggerTime":"2026-11-20T08:30:00Z","triggerName":"tick","payload":"{\"action\":\"backfill\",\"since\":\"24h\"}"}`,
		`{"action":"backfill","statuses":["Faild"],"since":"yesterday"}`,
	} {
		req, err := watch.ParseEvent([]byte(event))
		if err != nil {
			fmt.Printf("%s\n%v\n", watch.Code(err), err)
			continue
		}
		fmt.Printf("%s %q\n", req.Action, req.Since)
	}
	// Output:
	// poll ""
	// backfill "24h"
	// usage
	// statuses: unknown value "Faild". Did you mean Failed?
	// since: invalid duration "yesterday". Write it like 24h, 90m or 3d.
}

// Whoever shows a mistake takes it apart by its type, never by its text.
func ExampleUsage() {
	_, err := watch.ParseEvent([]byte(`{"action":"pol"}`))
	var run *watch.RunError
	if errors.As(err, &run) {
		for _, m := range poller.Mistakes(run) {
			fmt.Printf("setting %q, problem %q, next %q\n", m.Setting, m.Problem, m.Next)
		}
	}
	// Output: setting "action", problem "unknown value \"pol\"", next "Did you mean poll?"
}
