//go:build unix

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"syscall"
	"testing"
	"time"

	"refreshwatch/function/fctest"
	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// plant is what one deployed function works with: the API, a store, a receiver.
type plant struct {
	t     *testing.T
	api   *apitest.Server
	role  fctest.Credentials
	hooks *notifiertest.Receiver
	env   []string

	checkpoint string
}

func newPlant(t *testing.T, latency time.Duration) *plant {
	t.Helper()
	role := fctest.Credentials{AccessKeyID: "STS.role-id", AccessKeySecret: "role-secret", SecurityToken: "role-token"}
	p := &plant{
		t: t, role: role, checkpoint: "file://" + t.TempDir(), hooks: &notifiertest.Receiver{WebhookSecret: testWebhookSecret},
		api: apitest.New(apitest.Options{Latency: latency, AccessKeyID: role.AccessKeyID, Secret: role.AccessKeySecret, Token: role.SecurityToken}),
	}
	api, stop, err := p.api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if err := p.hooks.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.hooks.Close() })
	p.env = []string{
		"VOD_ENDPOINT=" + api, "VOD_MAX_QPS=1000", "CHECKPOINT=" + p.checkpoint,
		"WEBHOOK_URL=" + p.hooks.URL(notifiertest.Webhook), "WEBHOOK_SECRET=" + testWebhookSecret,
	}
	return p
}

// add puts rows into the API, created over so long before now and finished since
// but for the last open ones.
func (p *plant) add(first, rows int, over time.Duration, open int) {
	p.t.Helper()
	now, apart := time.Now(), over/time.Duration(rows)
	for i := range rows {
		task := apitest.Task{Key: rowKey(first + i), Created: now.Add(-apart * time.Duration(rows-i)), Steps: apitest.Finish(time.Second)}
		if i >= rows-open {
			task.Steps = apitest.Stuck(time.Second)
		}
		if err := p.api.Add(task); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *plant) start(env ...string) *fctest.Instance {
	p.t.Helper()
	return fctest.Start(p.t, fctest.Deployed(p.t), append(slices.Clone(p.env), env...), fctest.Options{Timeout: 5 * time.Minute, Credentials: p.role})
}

// tick is one invocation by the timer.
func (p *plant) tick(in *fctest.Instance) (r watch.Report) {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.t.Context(), 10*time.Minute)
	defer stop()
	result, err := in.Invoke(ctx, []byte(`{"triggerTime":"2026-11-23T07:49:00Z","triggerName":"tick","payload":""}`))
	if err != nil || result.Error != nil {
		p.t.Fatal(err, result.Error)
	}
	if err := json.Unmarshal(result.Body, &r); err != nil {
		p.t.Fatal(err)
	}
	return r
}

func peak(t *testing.T, in *fctest.Instance) float64 {
	t.Helper()
	rss, err := in.PeakRSS()
	if err != nil {
		t.Fatal(err)
	}
	return float64(rss) / 1e6
}

// used is the CPU time of all processes that were waited for: the difference before
// and after an instance ends is the instance's.
func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) // fails for a wrong first argument only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// prepare is the first tick, in this process and without a network. Without a
// baseline all of it is owed to sinks that are down, of these names or of those that the
// environment makes.
func (p *plant) prepare(baseline bool, names ...string) watch.Report {
	p.t.Helper()
	if names == nil {
		names = []string{"webhook", "slack-webhook"}
	}
	app := &watch.App{
		API: p.api.Lister(0), QPS: 1e6, NotifyFirst: !baseline, Log: slog.New(slog.DiscardHandler),
		Targets: []notifier.Target{{Name: names[0], Sink: down{}, Grouping: sink.Batched}, {Name: names[1], Sink: down{}}},
		Routes:  notifier.Routes{{To: names}},
	}
	var err error
	if app.Store, err = checkpoint.Open(p.checkpoint, checkpoint.Options{}); err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(p.t.Context(), 10*time.Minute)
	defer stop()
	r, err := app.Run(ctx, watch.Request{Action: watch.ActionPoll})
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// down is a sink that cannot be reached, now or in a moment.
type down struct{}

func (down) Send(context.Context, sink.Message) error {
	return &sink.Error{Class: sink.Later, Code: "http_503", After: 24 * time.Hour, Err: errDown}
}

// spent is what an instance used.
type spent struct {
	peak float64 // MB
	cpu  time.Duration
}

// run starts an instance for so many ticks. Of 100,000 rows the last minutes fill a
// few pages.
func (p *plant) run(ticks int) spent {
	p.t.Helper()
	in := p.start()
	for range ticks {
		if r := p.tick(in); r.APICalls > 4 || r.New > 0 {
			p.t.Fatalf("a steady tick: %+v", r)
		}
	}
	s := spent{peak: peak(p.t, in)}
	before := used()
	in.Kill()
	s.cpu = used() - before
	return s
}

var errDown = errors.New("the sink is down")
