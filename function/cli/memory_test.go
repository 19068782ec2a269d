//go:build unix

package cli

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"refreshwatch/function/fctest"
	"refreshwatch/function/watch"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// What the deployed binary takes of memory at its bounds, in 128 MB that the kernel enforces
// where this machine lets a test make a cgroup:
//
//	go test ./function/cli -run 'TestFigureFullOutbox|TestFigureInFlight|TestFigureMillion' -v -long

// The outbox is full, for both sinks are down, and 30,000 rows with URLs of 450
// characters were to be notified. Function Compute would kill what takes more than its 128
// MB, again at every tick, and nothing would ever be sent.
// The second time both sinks got other names before that, while as much was waiting for
// them under the old ones.
func TestFigureFullOutbox(t *testing.T) {
	needLong(t)
	needProc(t)
	const rows = 30_000
	for _, renamed := range []bool{false, true} {
		p := newPlant(t, 0)
		p.env = append(p.env, "WEBHOOK_URL=http://127.0.0.1:9/nobody", "SLACK_WEBHOOK_URL=http://127.0.0.1:9/nobody")
		if renamed {
			p.addLong(0, rows, apitest.Finish(0))
			p.prepare(false, "formerly", "formerly-slack")
			p.addLong(rows, rows, apitest.Finish(0))
		} else {
			p.addLong(0, rows, apitest.Finish(0))
		}
		if r := p.prepare(false); r.Held == 0 || !r.Truncated {
			t.Fatalf("the outbox was to be full: %+v", r)
		}
		in := p.start()
		memory := confined(t, in, 128<<20)
		var r watch.Report
		for range 5 {
			if r = p.tick(in); r.Retrying == 0 || r.Held == 0 || r.Sent > 0 {
				t.Fatalf("%+v", r)
			}
		}
		t.Logf("full outbox, sinks renamed %v: %d rows with URLs of 450 characters, %d deliveries waiting and %d rows held back; five ticks, the last in %d ms; %s",
			renamed, rows, r.Retrying, r.Held, r.TookMS, memory())
		in.Kill()
	}
}

// addLong adds rows whose URLs have 450 characters, of the last hours.
func (p *plant) addLong(first, rows int, steps []apitest.Step) {
	p.t.Helper()
	now := time.Now()
	for i := range rows {
		k := rowKey(first + i)
		name := strings.TrimPrefix(k.ObjectPath, "https://cdn.example.com/")
		k.ObjectPath = "https://cdn.example.com/" + strings.Repeat("x", 450-len(k.ObjectPath)) + name
		if err := p.api.Add(apitest.Task{Key: k, Created: now.Add(-time.Duration(rows-i) * time.Second), Steps: steps}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// 30,000 rows are in flight at once, with URLs of 450 characters: more than the checkpoint
// may hold.
func TestFigureInFlight(t *testing.T) {
	needLong(t)
	needProc(t)
	const rows = 30_000
	p := newPlant(t, 0)
	p.addLong(0, rows, apitest.Stuck(0))
	p.prepare(true)
	in := p.start()
	memory := confined(t, in, 128<<20)
	var r watch.Report
	for range 3 {
		if r = p.tick(in); r.InFlight == 0 || r.InFlight == rows {
			t.Fatalf("%+v", r)
		}
	}
	t.Logf("%d rows in flight with URLs of 450 characters, %d of them remembered; the last of three ticks in %d ms; %s", rows, r.InFlight, r.TookMS, memory())
}

// A whole run with a million remembered rows, and 20 that have just finished.
func TestFigureMillionRows(t *testing.T) {
	needLong(t)
	needProc(t)
	const rows = 1_000_000
	p := newPlant(t, 0)
	now := time.Now().UTC().Truncate(time.Second)
	apart := 70 * time.Hour / rows
	state := poller.State{
		Began: now.Add(-100 * time.Hour), Origin: now.Add(-170 * time.Hour), Settled: now.Add(-72 * time.Hour), Rescanned: now,
		Scanned: []poller.Span{{From: now.Add(-170 * time.Hour), To: now.Add(-time.Minute)}},
	}
	for i := range rows {
		task := apitest.Task{Key: rowKey(i), Created: now.Add(-time.Minute - apart*time.Duration(rows-i)).Truncate(time.Second), Steps: apitest.Finish(time.Second)}
		state.Finished = append(state.Finished, poller.Record{Hash: task.Hash(), Created: uint32(task.Created.Unix()), Sinks: 1})
		if now.Sub(task.Created) < 20*time.Minute {
			if err := p.api.Add(task); err != nil {
				t.Fatal(err)
			}
		}
	}
	poller.Sort(state.Finished, func(a, b poller.Record) int { // as a document has them
		if a.Created != b.Created {
			return int(int64(a.Created) - int64(b.Created))
		}
		if a.Hash < b.Hash {
			return -1
		}
		return 1
	})
	size := p.plant(watch.Document{Sinks: []string{"webhook"}, Poller: state})
	p.add(rows, 20, 30*time.Second, 0)
	in := p.start()
	memory := confined(t, in, 128<<20)
	r := p.tick(in)
	t.Logf("a run with %d rows remembered: the document has %d bytes, %.1f a row; %d rows notified in %d ms with %d requests; %s",
		rows, size, float64(size)/rows, r.Covered, r.TookMS, r.APICalls, memory())
	if r.New != 20 || r.Covered != 20 {
		t.Errorf("%+v", r)
	}
}

// plant writes a document as the first generation, and returns its size.
func (p *plant) plant(doc watch.Document) int {
	p.t.Helper()
	data, err := doc.Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	store, err := checkpoint.Open(p.checkpoint, checkpoint.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	head, err := store.Load(context.Background())
	if err == nil {
		_, err = store.Swap(context.Background(), head, data)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return len(data)
}

// confined limits the instance's memory, if that can be done here, and returns what is to
// be said of it at the end. Without a cgroup only the garbage collector knows of the limit.
func confined(t *testing.T, in *fctest.Instance, limit int64) (memory func() string) {
	t.Helper()
	in.FirstNext()
	kind, most, err := in.Confine(limit)
	return func() string {
		rss := peak(t, in)
		if rss > float64(limit)/1e6 {
			t.Errorf("peak RSS %.1f MB", rss)
		}
		if err != nil {
			return fmt.Sprintf("no cgroup here (%v), GOMEMLIMIT alone: peak RSS %.1f MB", err, rss)
		}
		charged, err := most()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("cgroup %s with a limit of %d MiB: peak %.1f MiB charged, page cache included, peak RSS %.1f MiB", kind, limit>>20, float64(charged)/(1<<20), rss*1e6/(1<<20))
	}
}
