//go:build unix

package cli

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"refreshwatch/function/fctest"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// The figures of the binary as it is deployed, started and asked as Function Compute
// does. Times and sizes are printed, and only counts are asserted: a busy machine is
// no bug.
//
//	go test ./function/cli -run TestFigure -v -long -starts 40 -ticks 40
var (
	starts = flag.Int("starts", 5, "how many starts of each binary TestFigureStart times")
	ticks  = flag.Int("ticks", 5, "how many ticks TestFigureSteadyTick measures")
)

// From the start of the process to its first question for work, beside a handler
// that does nothing, built the same way; in turns.
func TestFigureStart(t *testing.T) {
	needLong(t)
	ours, empty := fctest.Deployed(t), fctest.Build(t, filepath.Join("..", "fctest", "testdata", "echo"))
	env := []string{
		"CHECKPOINT=oss://bucket/refreshwatch?region=cn-shanghai", "SLACK_BOT_TOKEN=xoxb-1", "SLACK_CHANNEL=C1",
		"WEBHOOK_URL=https://example.com/hook", "WEBHOOK_SECRET=" + testWebhookSecret,
	}
	start := func(binary string) time.Duration {
		in := fctest.Start(t, binary, env, fctest.Options{})
		defer in.Kill()
		return in.FirstNext()
	}
	start(ours) // both are in the file cache from here on
	start(empty)
	var a, b []time.Duration
	for range *starts {
		a, b = append(a, start(ours)), append(b, start(empty))
	}
	t.Logf("start: %v to the first question for work, an empty handler %v: ratio %.2f (medians of %d)",
		median(a), median(b), float64(median(a))/float64(median(b)), *starts)
}

func median(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2]
}

// Memory and CPU of ticks that find nothing new beside what is remembered: 7,800
// rows are three days of VOD's default quotas.
func TestFigureSteadyTick(t *testing.T) {
	needLong(t)
	needProc(t)
	for _, rows := range []int{100, 7_800, 100_000} {
		t.Run(fmt.Sprint(rows, " rows"), func(t *testing.T) {
			p := newPlant(t, 0)
			p.add(0, rows, 70*time.Hour, 20)
			if r := p.prepare(true); r.Truncated || r.InFlight != 20 || r.Silent != rows-20 {
				t.Fatalf("the first sweep: %+v", r)
			}
			cold, warm := p.run(1), p.run(1+*ticks)
			t.Logf("steady tick, %d rows: peak RSS %.1f MB, after %d more %.1f MB; CPU %v with the start, %v each more",
				rows, cold.peak, *ticks, warm.peak, cold.cpu, (warm.cpu-cold.cpu)/time.Duration(*ticks))
		})
	}
}

func needProc(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak of a process's memory is read from Linux's /proc")
	}
}

// 10,000 rows finish between two ticks. The webhook's receiver answers in 5 ms; on
// Slack they are a few messages.
func TestFigureThroughput(t *testing.T) {
	needLong(t)
	const rows = 10_000
	p := newPlant(t, 0)
	var mu sync.Mutex
	var from, to time.Time
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		<-time.After(5 * time.Millisecond)
		p.hooks.ServeHTTP(w, r)
		mu.Lock()
		defer mu.Unlock()
		if from.IsZero() {
			from = began
		}
		to = time.Now()
	}))
	defer slow.Close()
	channel := &notifiertest.Channel{ID: "C0OPS", Name: "ops", Member: true}
	p.hooks.Slack = notifiertest.Workspace{Token: "xoxb-figure", Channels: []*notifiertest.Channel{channel}}
	path, err := url.Parse(p.hooks.URL(notifiertest.Webhook))
	if err != nil {
		t.Fatal(err)
	}
	hook := slow.URL + path.Path
	in := p.start("WEBHOOK_URL="+hook, "SLACK_BOT_TOKEN=xoxb-figure", "SLACK_CHANNEL=C0OPS", "SLACK_API_URL="+p.hooks.URL(notifiertest.SlackPost))

	p.add(0, rows, 10*time.Minute, rows) // so young that they are asked about again within seconds
	if r := p.prepare(true); r.InFlight != rows {
		t.Fatalf("the first tick: %+v", r)
	}
	for i := range rows {
		if err := p.api.Set(rowKey(i), "Complete", "100%", ""); err != nil {
			t.Fatal(err)
		}
	}
	r := p.tick(in)
	posts, messages := len(p.hooks.Posts(notifiertest.Webhook)), len(p.hooks.Messages("C0OPS"))
	t.Logf("%d rows finished: all sent through the webhook within %v in %d bodies, on Slack in %d messages; the whole tick took %d ms with %d requests, peak RSS %.1f MB",
		r.New, to.Sub(from).Round(time.Millisecond), posts, messages, r.TookMS, r.APICalls, peak(t, in))
	if r.New == 0 || r.Covered != 2*r.New || r.Retrying > 0 || messages > 10 || messages == 0 {
		t.Errorf("%+v, %d messages on Slack", r, messages)
	}
	// Those created in the second that has just begun are the next poll's, and on a slow
	// machine more of them.
	notified := r.New
	for range 3 {
		notified += p.tick(in).New
	}
	if notified != rows {
		t.Errorf("%d of %d rows were notified after four ticks", notified, rows)
	}
}

// What a month costs: a run's time when the API answers in 50 ms and OSS in 10 ms, its
// requests to both, and its bytes of log.
func TestFigureCost(t *testing.T) {
	needLong(t)
	p := newPlant(t, 50*time.Millisecond)
	store, err := checkpointtest.StartOSS()
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	store.SetCredential(checkpointtest.Credential{ID: p.role.AccessKeyID, Secret: p.role.AccessKeySecret, Token: p.role.SecurityToken})
	p.env = append(p.env, "CHECKPOINT="+store.Checkpoint("refreshwatch"))
	store.SetHook(func(checkpointtest.OSSRequest) checkpointtest.OSSFault {
		return checkpointtest.OSSFault{Delay: 10 * time.Millisecond}
	})
	p.add(0, 7_800, 70*time.Hour, 0)
	in := p.start()
	p.tick(in)
	logged := func() int { _, text := in.Logs(); return len(text) }
	count := func(name string, before func(), wantWrites int) {
		t.Helper()
		before()
		asked, kept, log := len(p.api.Requests()), len(store.Requests()), logged()
		r := p.tick(in)
		ops := map[string]int{}
		for _, q := range store.Requests()[kept:] {
			ops[q.Op]++
		}
		t.Logf("%s tick: %d ms; API requests %d; OSS %v; log %d bytes, answer included", name, r.TookMS, len(p.api.Requests())-asked, ops, logged()-log)
		if ops["PutObject"] != wantWrites || r.Sent != wantWrites/4 {
			t.Errorf("%d puts, want %d; %+v", ops["PutObject"], wantWrites, r)
		}
	}
	count("quiet", func() {}, 0)
	count("active", func() { p.add(10_000, 1, time.Second, 0) }, 4)
	count("quiet again", func() {}, 0)
	head := store.Object("refreshwatch/00000000000000000003")
	t.Logf("the document with 7,801 rows has %d bytes", len(head))
}
