package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"refreshwatch/function/fctest"
	"refreshwatch/function/watch"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

var (
	kills    = flag.Int("kills", 100, "how many processes to kill on each store")
	killSeed = flag.Uint64("kill-seed", 1, "when to kill them")
)

var sinkNames = []string{"ops", "hook"}

// town is what real processes live in: the API, a store, two receivers.
type town struct {
	t         *testing.T
	binary    string
	api       *apitest.Server
	receivers []*notifiertest.Receiver
	env       []string
	rows      int
}

func newTown(t *testing.T, store string) *town {
	t.Helper()
	w := &town{t: t, binary: fctest.Deployed(t), api: apitest.New(apitest.Options{})}
	endpoint, stop, err := w.api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	sinks := "sinks:\n"
	for _, name := range sinkNames {
		r := &notifiertest.Receiver{}
		if err := r.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		w.receivers = append(w.receivers, r)
		sinks += fmt.Sprintf("  %s: {type: webhook, url: %q}\n", name, r.URL(notifiertest.Webhook))
	}
	file := filepath.Join(t.TempDir(), "refreshwatch.yaml")
	if err := os.WriteFile(file, []byte(sinks+"routes:\n  - to: [ops, hook]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkpoint, id, secret, token := "file://"+t.TempDir(), apitest.AccessKeyID, apitest.Secret, ""
	if store == "oss" {
		oss, err := checkpointtest.StartOSS()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(oss.Close)
		key := oss.Credential() // one key opens both, as a role does
		checkpoint, id, secret, token = oss.Checkpoint("refreshwatch"), key.ID, key.Secret, key.Token
		w.api.Rotate(id, secret, token, time.Time{})
	}
	w.env = []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + secret, "ALIBABA_CLOUD_SECURITY_TOKEN=" + token,
		"VOD_ENDPOINT=" + endpoint, "VOD_MAX_QPS=1000", "FIRST_RUN=notify", "CHECKPOINT=" + checkpoint, "CONFIG_FILE=" + file,
	}
	return w
}

// finish adds rows that are over.
func (w *town) finish(n int) {
	w.t.Helper()
	for range n {
		if err := w.api.Add(apitest.Task{Key: rowKey(w.rows), Created: time.Now().Add(-2 * time.Second), Steps: apitest.Finish(time.Second)}); err != nil {
			w.t.Fatal(err)
		}
		w.rows++
	}
}

// started is one process.
type started struct {
	cmd         *exec.Cmd
	out, errOut bytes.Buffer
}

func (w *town) start(args ...string) *started {
	w.t.Helper()
	p := &started{cmd: exec.Command(w.binary, args...)}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = w.env, &p.out, &p.errOut
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// end waits for the process to end by itself.
func (w *town) end(p *started) watch.Report {
	w.t.Helper()
	if err := p.cmd.Wait(); err != nil {
		w.t.Errorf("%v\n%s%s", err, &p.out, &p.errOut)
	}
	lines := bytes.Split(bytes.TrimSpace(p.out.Bytes()), []byte("\n"))
	var r watch.Report
	if err := json.Unmarshal(lines[len(lines)-1], &r); err != nil {
		w.t.Errorf("the last line of stdout is no report: %v\n%s", err, &p.out)
	}
	return r
}

// killAfter ends the process by SIGKILL, unless it ends before that.
func (p *started) killAfter(d time.Duration) (killed bool) {
	timer := time.AfterFunc(d, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	return p.cmd.Wait() != nil && !p.cmd.ProcessState.Exited()
}

// counts compares what a receiver kept with what there was to send.
func (w *town) counts(r *notifiertest.Receiver) (lost, doubled int) {
	w.t.Helper()
	ids := map[poller.Key]string{}
	for _, post := range r.Posts(notifiertest.Webhook) {
		var body struct {
			Data struct {
				Tasks []poller.Key `json:"tasks"`
			} `json:"data"`
		}
		if err := json.Unmarshal(post.Body, &body); err != nil || !post.Arrived {
			w.t.Fatalf("%s: %v", post.Problem, err)
		}
		for _, k := range body.Data.Tasks {
			if before, known := ids[k]; known && before != post.ID {
				w.t.Errorf("%v was sent as %s and as %s", k, before, post.ID)
			}
			ids[k] = post.ID
		}
	}
	for _, times := range r.Arrived() {
		doubled += times - 1
	}
	return w.rows - len(ids), doubled
}

// Processes die by SIGKILL at random moments of a poll, while tasks keep finishing.
// What they had claimed is free again 15 seconds past their deadline, and is sent.
func TestKilledProcesses(t *testing.T) {
	needLong(t)
	fctest.Deployed(t)
	for _, store := range []string{"file", "oss"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, store)
			w.finish(3)
			w.drain(time.Minute)
			dead, sent := w.killMany()
			w.drain(time.Minute)
			for i, r := range w.receivers {
				lost, doubled := w.counts(r)
				t.Logf("%s, sink %s: %d of %d processes killed, %d of them while sending or later, %d rows: %d lost, %d messages doubled",
					store, sinkNames[i], dead, *kills, sent, w.rows, lost, doubled)
				if lost > 0 || doubled > dead {
					t.Errorf("want none lost, and at most %d doubled", dead)
				}
			}
			if dead < *kills/4 || sent < *kills/20 {
				t.Errorf("%d of %d processes were killed, %d after their first message: the moments are no good", dead, *kills, sent)
			}
		})
	}
}

// killMany starts polls and kills them at random moments of their life. How long
// that is shows by who survives. It counts the dead, and those of them that had
// sent something.
func (w *town) killMany() (dead, sent int) {
	rng := rand.New(rand.NewPCG(*killSeed, 0))
	life := 50 * time.Millisecond
	for i := range *kills {
		w.finish(1 + rng.IntN(3))
		before := w.posts()
		at := time.Duration(rng.Int64N(int64(life)))
		if i%2 == 1 { // the second half of its life, where it sends and records
			at = (life + at) / 2
		}
		if !w.start("poll", "-timeout", "3s").killAfter(at) {
			life = life * 9 / 10
			continue
		}
		dead++
		life = life * 21 / 20
		if w.posts() > before {
			sent++
		}
	}
	return dead, sent
}

// posts counts what all receivers got.
func (w *town) posts() (n int) {
	for _, r := range w.receivers {
		n += len(r.Posts(notifiertest.Webhook))
	}
	return n
}

// drain polls undisturbed until nothing is left to send.
func (w *town) drain(patience time.Duration) {
	w.t.Helper()
	over := time.After(patience)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if r := w.end(w.start("poll", "-timeout", "3s")); r.Retrying == 0 && r.New == 0 && !r.Conflict && !r.Truncated {
			return
		}
		select {
		case <-tick.C:
		case <-over:
			w.t.Errorf("something is still waiting after %v", patience)
			return
		}
	}
}

// Eight processes find the same 200 finished rows at the same time: each row is sent
// once, and those that lose the race say so and are content.
func TestEightProcesses(t *testing.T) {
	needLong(t)
	const processes, rows = 8, 200
	fctest.Deployed(t)
	for _, store := range []string{"file", "oss"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, store)
			w.finish(rows)
			reports := make([]watch.Report, processes)
			var wg sync.WaitGroup
			for i := range processes {
				p := w.start("poll", "-timeout", "1m")
				wg.Go(func() { reports[i] = w.end(p) })
			}
			wg.Wait()
			var found, conflicts int
			for _, r := range reports {
				found += r.New
				if r.Conflict {
					conflicts++
				}
			}
			if found != rows {
				t.Errorf("the reports speak of %d rows, want %d", found, rows)
			}
			for i, r := range w.receivers {
				lost, doubled := w.counts(r)
				t.Logf("%s, sink %s: %d processes, %d lost the race, %d rows: %d lost, %d messages doubled", store, sinkNames[i], processes, conflicts, rows, lost, doubled)
				if lost+doubled > 0 {
					t.Error("want none lost and none doubled")
				}
			}
		})
	}
}
