package setup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
)

// heartbeatTimeout keeps a monitor that hangs from holding the function.
const heartbeatTimeout = 3 * time.Second

// Heartbeat tells a dead man's switch that polls work: it is pinged after each
// good one, and with /fail appended after a failed one (healthchecks.io, Pinging
// API, read 2026-11). Silence raises the alarm where this program cannot.
type Heartbeat struct {
	URL  sink.Secret // whoever knows it can fake a heartbeat
	Wire http.RoundTripper
}

// NewHeartbeat has connections of its own, and keeps none: the next ping is a
// minute away, and a function may sleep until then.
func NewHeartbeat(to sink.Secret) *Heartbeat {
	return &Heartbeat{URL: to, Wire: &http.Transport{DisableKeepAlives: true}}
}

// Ping makes one attempt. It outlives a run that was out of time, since that is
// worth telling too. Redirects are not followed: the header Referer would carry the
// URL to another host.
func (h *Heartbeat) Ping(ctx context.Context, good bool) error {
	u, err := url.Parse(string(h.URL))
	if err != nil {
		return errors.New("HEARTBEAT_URL: not a URL")
	}
	if !good {
		u = u.JoinPath("fail")
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), h.patience(ctx))
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("HEARTBEAT_URL: not a URL")
	}
	req.Header.Set("User-Agent", watch.UserAgent())
	client := http.Client{Transport: h.Wire, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the heartbeat's host %s did not answer", u.Hostname())
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the heartbeat's host %s answered %d; check HEARTBEAT_URL", u.Hostname(), resp.StatusCode)
	}
	return nil
}

// patience is what the run's deadline leaves, of which a run keeps at least a second
// (see newBudget).
func (h *Heartbeat) patience(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return heartbeatTimeout
	}
	return max(time.Second, min(heartbeatTimeout, time.Until(deadline)))
}
