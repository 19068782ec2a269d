package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller/aliyun/apitest"
)

// monitor is a dead man's switch: it notes what is asked for, and answers as told.
type monitor struct {
	answer func(*http.Request) (*http.Response, error) // nil: 200
	mu     sync.Mutex
	pings  []string
}

func (m *monitor) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.pings = append(m.pings, r.Method+" "+r.URL.RequestURI())
	m.mu.Unlock()
	if m.answer != nil {
		return m.answer(r)
	}
	return answers(http.StatusOK), nil
}

func answers(status int) *http.Response {
	return &http.Response{StatusCode: status, Status: "echo of /secret-uuid", Header: http.Header{"Location": {"https://elsewhere.example.com/"}}, Body: io.NopCloser(strings.NewReader("OK"))}
}

func TestHeartbeatURLs(t *testing.T) {
	for _, p := range []struct{ url, good, bad string }{
		{"https://hc.example.com/secret-uuid", "GET /secret-uuid", "GET /secret-uuid/fail"},
		{"https://hc.example.com/secret-uuid/", "GET /secret-uuid/", "GET /secret-uuid/fail"},
		{"https://hc.example.com/key/my-job?create=1", "GET /key/my-job?create=1", "GET /key/my-job/fail?create=1"},
		{"https://hc.example.com/key/a%2Fb", "GET /key/a%2Fb", "GET /key/a%2Fb/fail"},
		{"https://hc.example.com", "GET /", "GET /fail"},
	} {
		m := &monitor{}
		h := &Heartbeat{URL: notifier.Secret(p.url), Wire: m}
		for _, good := range []bool{true, false} {
			if err := h.ping(t.Context(), good); err != nil {
				t.Errorf("%s: %v", p.url, err)
			}
		}
		if got := strings.Join(m.pings, ", "); got != p.good+", "+p.bad {
			t.Errorf("%s was pinged %s, want %s, %s", p.url, got, p.good, p.bad)
		}
	}
}

// Whatever the monitor does: the run is held for three seconds at most, nothing is
// followed, and no word of the URL or of the answer gets into the error.
func TestHeartbeatTroubles(t *testing.T) {
	hangs := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for _, f := range []struct {
		name   string
		answer func(*http.Request) (*http.Response, error)
		left   time.Duration // of the run's time
		takes  time.Duration
		says   string
	}{
		{"hangs", hangs, time.Minute, heartbeatTimeout, "the heartbeat's host hc.example.com did not answer"},
		{"hangs when two seconds are left", hangs, 2 * time.Second, 2 * time.Second, "did not answer"},
		{"hangs when the run is out of time", hangs, -time.Second, time.Second, "did not answer"},
		{"is not there", func(*http.Request) (*http.Response, error) { return nil, errors.New("dial /secret-uuid") }, time.Minute, 0, "did not answer"},
		{"does not know us", func(*http.Request) (*http.Response, error) { return answers(404), nil }, time.Minute, 0, "answered 404; check HEARTBEAT_URL"},
		{"redirects", func(*http.Request) (*http.Response, error) { return answers(302), nil }, time.Minute, 0, "answered 302"},
	} {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &monitor{answer: f.answer}
				h := &Heartbeat{URL: "https://hc.example.com/secret-uuid?key=secret-key", Wire: m}
				ctx, stop := context.WithDeadline(t.Context(), time.Now().Add(f.left))
				defer stop()
				began := time.Now()
				err := h.ping(ctx, true)
				if took := time.Since(began); took != f.takes || err == nil || !strings.Contains(err.Error(), f.says) || len(m.pings) != 1 {
					t.Errorf("took %v, said %v, asked for %v", took, err, m.pings)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("the error shows the URL: %v", err)
				}
			})
		})
	}
}

// A function that cannot start to work for its configuration says so to the monitor.
func TestHeartbeatOfMisconfigured(t *testing.T) {
	var paths []string
	monitor := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths = append(paths, r.URL.Path) }))
	config, err := LoadConfig(func(name string) string { return map[string]string{"HEARTBEAT_URL": monitor.URL + "/uuid"}[name] }, true)
	if err == nil {
		t.Fatal("no sink and no checkpoint are no configuration")
	}
	answered := misconfigured(t.Context(), config, err, slog.New(slog.DiscardHandler))
	monitor.Close()
	if !slices.Equal(paths, []string{"/uuid/fail"}) || !strings.Contains(answered.Error(), "CHECKPOINT: must be set") {
		t.Errorf("pinged %v, answered %v", paths, answered)
	}
}

// machine is the program wired as it is outside of tests, but to the world's API,
// store and sinks.
func (w *world) machine(log *slog.Logger, beats *Heartbeat) *wiring {
	p := w.process()
	m := &wiring{
		config: Config{MaxQPS: 4}, log: log, keys: &keyring{}, api: w.client(),
		store: p.mem, channels: p.app().Channels, beats: beats,
	}
	m.keys.use(Key{ID: apitest.AccessKeyID, Secret: apitest.Secret})
	return m
}

// Which runs are pinged, and how; a monitor in trouble changes nothing in them.
func TestHeartbeatOfRuns(t *testing.T) {
	for _, h := range []struct {
		name   string
		req    Request
		change func(*world, *wiring, context.CancelFunc)
		ping   string
		code   string
	}{
		{name: "a good poll", req: Request{Action: ActionPoll}, ping: "GET /uuid"},
		{name: "a dry run", req: Request{Action: ActionPoll, DryRun: true}},
		{name: "a backfill", req: Request{Action: ActionBackfill}},
		{name: "status", req: Request{Action: ActionStatus}},
		{name: "denied", req: Request{Action: ActionPoll}, ping: "GET /uuid/fail", code: CodeAPIDenied,
			change: func(w *world, _ *wiring, _ context.CancelFunc) { w.api.Fault(apitest.NoPermission()) }},
		{name: "an API that hangs", req: Request{Action: ActionPoll}, ping: "GET /uuid/fail", code: CodeAPIUnavailable,
			change: func(w *world, _ *wiring, _ context.CancelFunc) { w.api.Fault(apitest.Hang()) }},
		{name: "no credentials", req: Request{Action: ActionPoll}, ping: "GET /uuid/fail", code: CodeConfig,
			change: func(_ *world, m *wiring, _ context.CancelFunc) { m.keys.use(Key{}) }},
		{name: "a store that cannot be read", req: Request{Action: ActionPoll}, ping: "GET /uuid/fail", code: CodeCheckpoint,
			change: func(w *world, m *wiring, _ context.CancelFunc) {
				p := w.process()
				p.fault = func(string) effect { return failed }
				m.store = p.mem
			}},
		{name: "a store that hangs", req: Request{Action: ActionPoll}, ping: "GET /uuid/fail", code: CodeCheckpoint,
			change: func(w *world, m *wiring, _ context.CancelFunc) {
				p := w.process()
				p.fault = func(string) effect { return slow }
				m.store = p.mem
			}},
		{name: "a panic", req: Request{Action: ActionPoll}, ping: "GET /uuid/fail", code: CodeInternal,
			change: func(_ *world, m *wiring, _ context.CancelFunc) { m.store = nil }},
		{name: "messages given up", req: Request{Action: ActionPoll}, ping: "GET /uuid", code: CodeDead,
			change: func(w *world, _ *wiring, _ context.CancelFunc) {
				w.sinks[0].verdict = func(notifier.Delivery) error { return &notifier.Error{Class: notifier.Refused, Code: "not_in_channel"} }
			}},
		{name: "interrupted", req: Request{Action: ActionPoll}, code: CodeInterrupted,
			change: func(_ *world, _ *wiring, interrupt context.CancelFunc) { interrupt() }},
		{name: "a monitor that hangs", req: Request{Action: ActionPoll}, ping: "GET /uuid",
			change: func(_ *world, m *wiring, _ context.CancelFunc) {
				m.beats.Wire.(*monitor).answer = func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
			}},
	} {
		t.Run(h.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "hook")
				w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(time.Second)})
				w.poll()
				time.Sleep(time.Minute)
				var log bytes.Buffer
				m := &monitor{}
				machine := w.machine(newLog(&log, slog.LevelDebug, false), &Heartbeat{URL: "https://hc.example.com/uuid", Wire: m})
				ctx, stop := context.WithTimeout(t.Context(), runTimeout)
				defer stop()
				if h.change != nil {
					h.change(w, machine, stop)
				}
				began := time.Now()
				_, err := machine.run(ctx, h.req, machine.log)
				if got := strings.Join(m.pings, ", "); got != h.ping || codeOf(err) != h.code {
					t.Errorf("pinged %q, want %q; ended with %v, want code %q", got, h.ping, err, h.code)
				}
				if took := time.Since(began); took > runTimeout {
					t.Errorf("ran for %v", took)
				}
				if text := log.String(); strings.Contains(text, "uuid") {
					t.Errorf("the log shows the URL:\n%s", text)
				}
			})
		})
	}
}
