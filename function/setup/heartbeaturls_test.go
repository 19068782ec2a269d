package setup

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
)

// monitor is a dead man's switch: it notes what is asked for, and answers as notified.
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
		{"https://kuma.example.com/api/push/key?status=up&msg=OK&ping=", "GET /api/push/key?status=up&msg=OK&ping=", "GET /api/push/key/fail"},
		{"https://kuma.example.com/api/push/key?token=1&status=up", "GET /api/push/key?token=1&status=up", "GET /api/push/key/fail?token=1"},
	} {
		m := &monitor{}
		h := &Heartbeat{URL: sink.Secret(p.url), Client: sink.NewClient(sink.ClientOptions{Transport: m})}
		for _, good := range []bool{true, false} {
			if err := h.Ping(t.Context(), good); err != nil {
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
		{"hangs", hangs, time.Minute, heartbeatTimeout, "the heartbeat got no answer: timeout: host hc.example.com"},
		{"hangs when two seconds are left", hangs, 2 * time.Second, 2 * time.Second, "no answer in time"},
		{"hangs when the run is out of time", hangs, -time.Second, time.Second, "no answer in time"},
		{"is not there", func(*http.Request) (*http.Response, error) { return nil, errors.New("dial /secret-uuid") }, time.Minute, 0, "host hc.example.com was not reached"},
		{"does not know us", func(*http.Request) (*http.Response, error) { return answers(404), nil }, time.Minute, 0, "answered 404; check HEARTBEAT_URL"},
		{"redirects", func(*http.Request) (*http.Response, error) { return answers(302), nil }, time.Minute, 0, "answered 302"},
	} {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &monitor{answer: f.answer}
				h := &Heartbeat{URL: "https://hc.example.com/secret-uuid?key=secret-key", Client: sink.NewClient(sink.ClientOptions{Transport: m})}
				ctx, stop := context.WithDeadline(t.Context(), time.Now().Add(f.left))
				defer stop()
				began := time.Now()
				err := h.Ping(ctx, true)
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

// A heartbeat's URL is a secret: it does not travel in the clear, and leads to no
// metadata service.
func TestHeartbeatIsGuarded(t *testing.T) {
	for _, to := range []sink.Secret{"http://hc.example.com/secret-uuid", "https://169.254.169.254/secret-uuid", "https://100.100.100.200/secret-uuid"} {
		if err := NewHeartbeat(to).Ping(t.Context(), true); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "answered") {
			t.Errorf("%v", err)
		}
	}
}
