package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"refreshwatch/notifier"
)

// heartbeatTimeout keeps a monitor that hangs from holding the function.
const heartbeatTimeout = 3 * time.Second

// Heartbeat tells a dead man's switch that polls work: it is pinged after each
// good one, and with /fail appended after a failed one (healthchecks.io, Pinging
// API, read 2026-11). Silence raises the alarm where this program cannot.
type Heartbeat struct {
	URL    notifier.Secret
	Client *http.Client
}

func (h Heartbeat) ping(ctx context.Context, good bool) error {
	u, err := url.Parse(string(h.URL))
	if err != nil {
		return errors.New("HEARTBEAT_URL: not a URL")
	}
	if !good {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/fail"
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), heartbeatTimeout)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("HEARTBEAT_URL: not a URL")
	}
	resp, err := h.Client.Do(req)
	if err != nil {
		return errors.New("the heartbeat's host " + u.Hostname() + " did not answer")
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return errors.New("the heartbeat's host " + u.Hostname() + " answered " + resp.Status)
	}
	return nil
}
