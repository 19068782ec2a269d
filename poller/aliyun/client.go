package aliyun

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"refreshwatch/poller"
)

const (
	maxSessions = 8 // calls on the wire at once
	maxAttempts = 4 // of one question, the first included

	// One attempt, headers and body. The API answers in tenths of a second.
	attemptTimeout = 10 * time.Second

	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 8 * time.Second

	// The API counts requests by the second: after a throttling answer a whole
	// one has to pass.
	throttlePause = time.Second
)

// Credentials sign the requests. Token is empty for a user's long-lived key.
type Credentials struct {
	AccessKeyID string
	Secret      string
	Token       string
}

// Config says whom to ask, as whom, and how often.
type Config struct {
	Region   string  // VOD_REGION, such as "cn-shanghai"
	Endpoint string  // VOD_ENDPOINT; "" for https://vod.<region>.aliyuncs.com; http:// for loopback only
	MaxQPS   float64 // VOD_MAX_QPS: requests a second of the whole client, retries included

	// Credentials is called before each request: on Function Compute every
	// invocation brings new ones. It may be called from several goroutines.
	Credentials func() Credentials

	// Transport carries the requests; nil for one of the client's own. For
	// tests without a network.
	Transport http.RoundTripper
}

// Client asks the API. It is safe for concurrent use; its goroutines share one
// pace and at most eight connections.
type Client struct {
	region      string
	scheme      string
	host        string
	credentials func() Credentials
	wire        http.RoundTripper
	pace        *pacer
	sessions    chan *session // idle ones; nil stands for one not made yet
	skew        atomic.Pointer[time.Duration]
}

var _ poller.Lister = (*Client)(nil)

// New checks c and makes a client. All mistakes are reported together, each with
// the name of its variable. Nothing is sent.
func New(c Config) (*Client, error) {
	scheme, host, endpointErr := endpoint(c.Endpoint, c.Region)
	if err := errors.Join(endpointErr, checkQPS(c.MaxQPS)); err != nil {
		return nil, err
	}
	if c.Credentials == nil {
		return nil, errors.New("vod: Config.Credentials is missing")
	}
	client := &Client{
		region:      c.Region,
		scheme:      scheme,
		host:        host,
		credentials: c.Credentials,
		wire:        c.Transport,
		pace:        newPacer(c.MaxQPS),
		sessions:    make(chan *session, maxSessions),
	}
	if client.wire == nil {
		client.wire = newTransport()
	}
	for range maxSessions {
		client.sessions <- nil
	}
	return client, nil
}

// Close drops idle connections. The client stays usable.
func (c *Client) Close() {
	if t, ok := c.wire.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Skew is how far the API's clock was ahead of ours at the last answer, give or
// take the second its Date header counts in; false before the first answer.
// Requests are refused beyond 15 minutes.
func (c *Client) Skew() (time.Duration, bool) {
	if d := c.skew.Load(); d != nil {
		return *d, true
	}
	return 0, false
}

// List asks for one page. What may heal by itself is tried again while ctx has
// room for the wait, up to four attempts; then the last attempt's error is
// returned. When ctx is done the error wraps ctx.Err(), otherwise it is a
// [*poller.Error].
func (c *Client) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	params, err := parameters(q, page)
	if err != nil {
		return poller.Page{}, err
	}
	for attempt := 1; ; attempt++ {
		answer, err := c.ask(ctx, q, params, page)
		if err == nil {
			return answer, nil
		}
		wait, again := c.backoff(err, attempt)
		if ctx.Err() == nil && (!again || !fits(ctx, wait)) {
			return poller.Page{}, err
		}
		if sleep(ctx, wait) != nil {
			return poller.Page{}, fmt.Errorf("list refresh tasks page %d: %w", page, ctx.Err())
		}
	}
}

// ask is one attempt.
func (c *Client) ask(ctx context.Context, q poller.Query, params map[string]string, page int) (poller.Page, error) {
	creds := c.credentials()
	if creds.AccessKeyID == "" || creds.Secret == "" {
		return poller.Page{}, noCredentials()
	}
	got, err := c.exchange(ctx, params, creds)
	if err != nil {
		return poller.Page{}, transportError(err, creds)
	}
	if got.status != http.StatusOK {
		return poller.Page{}, classify(got, q, creds)
	}
	tasks, err := decode(got.body, page)
	if err != nil {
		return poller.Page{}, badAnswer(got, err, creds)
	}
	return tasks, nil
}

// exchange sends one request when a session is free and the pace allows it.
func (c *Client) exchange(ctx context.Context, params map[string]string, creds Credentials) (got answer, err error) {
	s, err := c.session(ctx)
	if err != nil {
		return answer{}, err
	}
	defer func() { c.sessions <- s }()
	if err := c.pace.wait(ctx); err != nil {
		return answer{}, err
	}
	got, err = s.do(ctx, params, creds)
	if err == errPanic {
		s = nil // who knows what state the SDK's client is in
	}
	if err == nil && !got.serverTime.IsZero() {
		skew := got.serverTime.Sub(got.at)
		c.skew.Store(&skew)
	}
	return got, err
}

// session takes an idle one, or makes the one that an empty place stands for.
func (c *Client) session(ctx context.Context) (s *session, err error) {
	select {
	case s = <-c.sessions:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s != nil {
		return s, nil
	}
	if s, err = newSession(c); err != nil {
		c.sessions <- nil
	}
	return s, err
}

// backoff decides whether err may heal, and how long to wait: full jitter under
// a doubling bound. A throttling answer holds back every goroutine of the client,
// since the limit is the account's.
func (c *Client) backoff(err error, attempt int) (time.Duration, bool) {
	var e *poller.Error
	if !errors.As(err, &e) || e.Class != poller.Transient {
		return 0, false
	}
	bound := min(firstBackoff<<(attempt-1), maxBackoff)
	wait := rand.N(bound)
	if throttled(e) {
		wait += throttlePause
		c.pace.pause(wait)
	}
	return wait, attempt < maxAttempts
}

func throttled(e *poller.Error) bool {
	return strings.HasPrefix(e.Code, "Throttling") || e.Code == "TooManyRequests" || e.Code == "HTTP429"
}

// fits reports whether ctx leaves time for the wait and for something after it.
func fits(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || wait < time.Until(deadline)
}

func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
