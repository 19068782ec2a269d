package watch

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// bench is a run's surroundings in memory, with what they are asked counted.
type bench struct {
	*App
	api      *apitest.Server
	calls    atomic.Int64
	notified atomic.Int64 // rows
}

// newBench remembers so many finished rows of three days.
func newBench(b *testing.B, rows int) *bench {
	b.Helper()
	w := &bench{api: apitest.New(apitest.Options{})}
	w.App = &App{
		API: w, Store: checkpointtest.NewMem(), QPS: 1e6, Log: slog.New(slog.DiscardHandler),
		Targets: []notifier.Target{{Name: "ops", Sink: w}, {Name: "hook", Sink: w, Grouping: sink.Batched, Concurrency: 4}},
		Routes:  notifier.Routes{{To: both}},
	}
	w.finish(b, 0, rows, 70*time.Hour)
	if r := w.tick(b); r.Silent != rows || r.Truncated {
		b.Fatalf("the first tick: %+v", r)
	}
	return w
}

// finish adds rows that are over, created since so long ago.
func (w *bench) finish(b *testing.B, first, rows int, since time.Duration) {
	b.Helper()
	now := time.Now()
	for i := range rows {
		task := apitest.Task{Key: key(first + i), Created: now.Add(since/time.Duration(rows)*time.Duration(i) - since), Steps: apitest.Finish(0)}
		if err := w.api.Add(task); err != nil {
			b.Fatal(err)
		}
	}
}

func (w *bench) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	w.calls.Add(1)
	return w.api.Lister(0).List(ctx, q, page)
}

func (w *bench) Send(_ context.Context, d sink.Message) error {
	w.notified.Add(int64(len(d.Events)))
	return nil
}

func (w *bench) tick(b *testing.B) Report {
	b.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	r, err := w.Run(ctx, Request{Action: ActionPoll})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkTick is the whole job without a network: quiet, and with 20 rows that
// finished since the last tick.
func BenchmarkTick(b *testing.B) {
	for _, rows := range []int{0, 100, 7_800, 100_000} {
		w := newBench(b, rows)
		b.Run(fmt.Sprintf("quiet/%d", rows), func(b *testing.B) { w.measure(b, 0) })
		w.finish(b, rows, 20, time.Second)
		b.Run(fmt.Sprintf("news/%d", rows), func(b *testing.B) { w.measure(b, 20) })
	}
}

// measure repeats the tick after the one that is remembered, each time from the
// same document.
func (w *bench) measure(b *testing.B, news int) {
	before := w.Store.(*checkpointtest.Mem)
	defer func() { w.Store = before }()
	head, err := before.Load(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	w.calls.Store(0)
	w.notified.Store(0)
	writes := 0
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		store := checkpointtest.NewMem()
		if head.Generation > 0 {
			store.Set("00000000000000000001", head.Data)
		}
		w.Store = store
		if r := w.tick(b); r.New != news {
			b.Fatalf("%+v", r)
		}
		writes += store.Writes()
	}
	b.ReportMetric(float64(w.calls.Load())/float64(b.N), "requests/tick")
	b.ReportMetric(float64(writes)/float64(b.N), "writes/tick")
	b.ReportMetric(float64(w.notified.Load())/float64(b.N), "notified/tick")
}

// BenchmarkRoute finds out who is to be notified of 10,000 rows, in which messages.
func BenchmarkRoute(b *testing.B) {
	r := run{App: &App{
		Targets: []notifier.Target{{Name: "ops"}, {Name: "hook", Grouping: sink.Batched}},
		Routes: notifier.Routes{
			{Match: notifier.Match{Status: []string{"Failed"}, Domain: []string{"*.example.com"}, Path: []string{"/vip/*"}}, To: []string{"ops"}, Mention: "<!here>"},
			{To: both},
		},
	}}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var events []poller.Notification
	for i := range 10_000 {
		status := poller.Complete
		if i%10 == 0 {
			status = poller.Failed
		}
		events = append(events, poller.Notification{Sinks: poller.AllSinks, Event: poller.Event{Kind: poller.Finished, Task: poller.Task{Key: key(i), Status: status, Created: now}, Observed: now}})
	}
	b.ReportAllocs()
	messages := 0
	for b.Loop() {
		messages = len(r.outbox(poller.Change{Notify: events}, now).Pending)
	}
	b.ReportMetric(float64(messages), "messages")
}
