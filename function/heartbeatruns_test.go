package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// switchboard is a dead man's switch: it notes what is asked for, and answers as set.
type switchboard struct {
	answer func(*http.Request) (*http.Response, error) // nil: 200
	pings  []string
}

func (m *switchboard) RoundTrip(r *http.Request) (*http.Response, error) {
	m.pings = append(m.pings, r.Method+" "+r.URL.RequestURI())
	if m.answer != nil {
		return m.answer(r)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// A function that cannot start to work for its configuration says so to the monitor.
func TestHeartbeatOfMisconfigured(t *testing.T) {
	var paths []string
	monitor := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths = append(paths, r.URL.Path) }))
	config, err := setup.LoadConfig(func(name string) string { return map[string]string{"HEARTBEAT_URL": monitor.URL + "/uuid"}[name] }, setup.FunctionCompute)
	if err == nil {
		t.Fatal("no sink and no checkpoint are no configuration")
	}
	answered := misconfigured(t.Context(), config, err, slog.New(slog.DiscardHandler))
	monitor.Close()
	if !slices.Equal(paths, []string{"/uuid/fail"}) || !strings.Contains(answered.Error(), "CHECKPOINT: must be set") {
		t.Errorf("pinged %v, answered %v", paths, answered)
	}
}

// Which runs are pinged, and how; a monitor in trouble changes nothing in them.
func TestHeartbeatOfRuns(t *testing.T) {
	for _, h := range []struct {
		name   string
		req    watch.Request
		change func(*site, *switchboard, context.CancelFunc)
		ping   string
		code   string
	}{
		{name: "a good poll", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid"},
		{name: "a dry run", req: watch.Request{Action: watch.ActionPoll, DryRun: true}},
		{name: "a backfill", req: watch.Request{Action: watch.ActionBackfill}},
		{name: "status", req: watch.Request{Action: watch.ActionStatus}},
		{name: "denied", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid/fail", code: watch.CodeAPIDenied,
			change: func(s *site, _ *switchboard, _ context.CancelFunc) { s.api.Fault(apitest.NoPermission()) }},
		{name: "an API that hangs", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid/fail", code: watch.CodeAPIUnavailable,
			change: func(s *site, _ *switchboard, _ context.CancelFunc) { s.api.Fault(apitest.Hang()) }},
		{name: "no credentials", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid/fail", code: watch.CodeConfig,
			change: func(s *site, _ *switchboard, _ context.CancelFunc) { s.Keys.Use(setup.Key{}) }},
		{name: "a store that cannot be read", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid/fail", code: watch.CodeCheckpoint,
			change: func(s *site, _ *switchboard, _ context.CancelFunc) {
				s.Store = s.stored.Process(func(checkpointtest.Op) checkpointtest.Fault { return checkpointtest.Fault{Err: io.ErrUnexpectedEOF} })
			}},
		{name: "a store that hangs", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid/fail", code: watch.CodeCheckpoint,
			change: func(s *site, _ *switchboard, _ context.CancelFunc) {
				s.Store = s.stored.Process(func(checkpointtest.Op) checkpointtest.Fault { return checkpointtest.Fault{Delay: time.Hour} })
			}},
		{name: "a panic", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid/fail", code: watch.CodeInternal,
			change: func(s *site, _ *switchboard, _ context.CancelFunc) { s.Store = nil }},
		{name: "messages given up", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid", code: watch.CodeDead,
			change: func(s *site, _ *switchboard, _ context.CancelFunc) {
				s.verdict = func(sink.Message) error { return &sink.Error{Class: sink.Refused, Code: "not_in_channel"} }
			}},
		{name: "interrupted", req: watch.Request{Action: watch.ActionPoll}, code: watch.CodeInterrupted,
			change: func(_ *site, _ *switchboard, interrupt context.CancelFunc) { interrupt() }},
		{name: "a monitor that hangs", req: watch.Request{Action: watch.ActionPoll}, ping: "GET /uuid",
			change: func(_ *site, m *switchboard, _ context.CancelFunc) {
				m.answer = func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
			}},
	} {
		t.Run(h.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, m := newSite(t), &switchboard{}
				s.Heartbeat = &setup.Heartbeat{URL: "https://hc.example.com/uuid", Client: sink.NewClient(sink.ClientOptions{Transport: m})}
				ctx, stop := context.WithTimeout(t.Context(), siteTimeout)
				defer stop()
				if h.change != nil {
					h.change(s, m, stop)
				}
				began := time.Now()
				_, err := s.Run(ctx, h.req, s.Log)
				if got := strings.Join(m.pings, ", "); got != h.ping || watch.Code(err) != h.code {
					t.Errorf("pinged %q, want %q; ended with %v, want code %q", got, h.ping, err, h.code)
				}
				if took := time.Since(began); took > siteTimeout {
					t.Errorf("ran for %v", took)
				}
				if text := s.logged.String(); strings.Contains(text, "uuid") {
					t.Errorf("the log shows the URL:\n%s", text)
				}
			})
		})
	}
}
