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

// Heartbeat pings a monitor that raises an alarm when polls stop working: after each
// good poll, and with /fail appended after a failed one (healthchecks.io, Pinging
// API, read 2026-11). It hears of silence, which this program cannot report.
type Heartbeat struct {
	URL    sink.Secret // whoever knows it can fake a heartbeat
	Client *sink.Client
}

// NewHeartbeat has a client of its own: what it reaches has nothing to do with sinks.
func NewHeartbeat(to sink.Secret) *Heartbeat {
	return &Heartbeat{URL: to, Client: sink.NewClient(sink.ClientOptions{UserAgent: watch.UserAgent()})}
}

// Ping makes one attempt. It outlives a run that was out of time, since that is
// worth reporting, too. Redirects are not followed: the header Referer would carry
// the URL to another host.
func (h *Heartbeat) Ping(ctx context.Context, good bool) error {
	u, err := url.Parse(string(h.URL))
	if err != nil {
		return errors.New("HEARTBEAT_URL: not a URL")
	}
	if !good {
		u = failURL(u)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), h.patience(ctx))
	defer stop()
	got, err := h.Client.Get(ctx, sink.Secret(u.String()))
	h.Client.Close() // the next ping is a minute away, and a function may sleep until then
	if err != nil {
		return fmt.Errorf("the heartbeat got no answer: %w", err)
	}
	if got.Status/100 != 2 {
		return fmt.Errorf("the heartbeat's host %s answered %d; check HEARTBEAT_URL", u.Hostname(), got.Status)
	}
	return nil
}

// Reach asks the monitor's host for something that is no ping, and returns the host. Any
// answer shows that name, network and certificate are right. A request to the URL itself
// would be a ping, whatever its method (healthchecks.io, Pinging API, read 2026-11).
func (h *Heartbeat) Reach(ctx context.Context) (host string, err error) {
	u, err := url.Parse(string(h.URL))
	if err != nil {
		return "", errors.New("HEARTBEAT_URL: not a URL")
	}
	ctx, stop := context.WithTimeout(ctx, heartbeatTimeout)
	defer stop()
	other := url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/favicon.ico"}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, other.String(), nil)
	if err != nil {
		return "", errors.New("HEARTBEAT_URL: not a URL")
	}
	_, err = h.Client.Do(req, 0)
	h.Client.Close()
	return u.Hostname(), err
}

// failURL is where a failed poll is reported: /fail at the end of the path. What the
// query says of a success stays behind: Uptime Kuma shows its push URL with
// ?status=up&msg=OK&ping= (read 2026-11), and would take the failure for one.
func failURL(u *url.URL) *url.URL {
	failed := u.JoinPath("fail")
	query := failed.Query()
	before := len(query)
	for _, success := range []string{"status", "msg", "ping"} {
		query.Del(success)
	}
	if len(query) < before {
		failed.RawQuery = query.Encode()
	}
	return failed
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
