package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"refreshwatch/poller"
)

const (
	maxSessions = 8 // calls on the wire at once
	maxAttempts = 4 // of one call, the first included

	// One attempt, headers and body. The API answers in tenths of a second.
	attemptTimeout = 10 * time.Second
)

// Credentials sign the requests. Token is empty for a user's long-lived key.
type Credentials struct {
	AccessKeyID string
	Secret      string
	Token       string
}

// Config says which API to query, as whom, and how often.
type Config struct {
	Product  Product // the zero value is VOD
	Region   string  // VOD_REGION, such as "cn-shanghai"
	Endpoint string  // VOD_ENDPOINT and the like; "" for the product's own; http:// for loopback only
	MaxQPS   float64 // VOD_MAX_QPS and the like: requests a second of the whole client, retries included, from 0.01 to 1000

	// Credentials is called before each request: on Function Compute every
	// invocation brings new ones. It may be called from several goroutines.
	Credentials func() Credentials

	// UserAgent is sent with each request; "" for "refreshwatch".
	UserAgent string

	// Transport carries the requests; nil for one of the client's own. For
	// tests without a network.
	Transport http.RoundTripper
}

// Client queries the API. It is safe for concurrent use; its goroutines share one
// rate limit and at most eight connections.
type Client struct {
	list        operation
	region      string
	userAgent   string
	credentials func() Credentials
	wire        http.RoundTripper
	limit       *limiter
	sessions    chan *session // idle ones; nil stands for one not made yet
	skew        atomic.Pointer[time.Duration]
}

var _ poller.Lister = (*Client)(nil)

// New makes a client; nothing is sent. Its errors are [*poller.Mistake], all of them
// joined.
func New(c Config) (*Client, error) {
	if c.Product.Name == "" {
		c.Product = products[0]
	}
	endpoint, endpointErr := parseEndpoint(c.Product.EndpointVariable(), cmp.Or(c.Endpoint, c.Product.Endpoint(c.Region)))
	if err := errors.Join(endpointErr, checkRegion(c.Region), checkQPS(c.Product.QPSVariable(), c.MaxQPS)); err != nil {
		return nil, err
	}
	if c.Credentials == nil {
		return nil, &poller.Mistake{Problem: "aliyun.Config.Credentials is missing"}
	}
	client := &Client{
		list:        c.Product.list(endpoint),
		region:      c.Region,
		userAgent:   cmp.Or(c.UserAgent, "refreshwatch"),
		credentials: c.Credentials,
		wire:        c.Transport,
		limit:       newLimiter(c.MaxQPS),
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

func checkRegion(region string) error {
	if region == "" || strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(region, "-") != region {
		return &poller.Mistake{Setting: "VOD_REGION", Problem: "not the name of a region", Next: "Write it like cn-shanghai"}
	}
	return nil
}

// checkQPS keeps the gap between two requests between a thousandth of a second and a
// hundred seconds.
func checkQPS(setting string, maxQPS float64) error {
	if maxQPS >= 0.01 && maxQPS <= 1000 { // false for NaN, too
		return nil
	}
	return &poller.Mistake{Setting: setting, Problem: "out of range", Next: "Write requests a second from 0.01 to 1000, such as 4"}
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

// List reads one page. A failure that may pass is retried while ctx has room for the
// wait, up to four attempts; then the last attempt's error is returned. When time
// runs out the error wraps that of ctx, otherwise it is a [*poller.Error].
func (c *Client) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	params, err := parameters(q, page)
	if err != nil {
		return poller.Page{}, err
	}
	var answer poller.Page
	err = c.retry(ctx, func() (err error) {
		answer, err = c.ask(ctx, q, params, page)
		return err
	})
	if err != nil {
		return poller.Page{}, outOfTime(ctx, fmt.Sprintf("list refresh tasks page %d", page), err)
	}
	return answer, nil
}

// ask is one attempt of List.
func (c *Client) ask(ctx context.Context, q poller.Query, params map[string]string, page int) (poller.Page, error) {
	key := c.credentials()
	got, err := c.call(ctx, c.list, params, key)
	if err != nil {
		return poller.Page{}, aboutTask(q, err)
	}
	answer, err := decode(got.body, page)
	if err != nil {
		return poller.Page{}, unreadable(got, err, c.list, secretsOf(key))
	}
	answer.Now = got.serverTime.UTC()
	return answer, nil
}

// aboutTask marks the refusal of the task id that q asks for. CDN's page explains
// InvalidTaskId by an id that does not exist (read 2026-11).
func aboutTask(q poller.Query, err error) error {
	var e *poller.Error
	if q.TaskID != "" && errors.As(err, &e) && in(e.Code, "InvalidTaskId") {
		e.Class = poller.Rejected
		e.Err = fmt.Errorf("%w: %w", poller.ErrNoSuchTask, e.Err)
	}
	return err
}

// call is one attempt of any operation, and returns what a 200 holds. Its error is
// errNoTime or a [*poller.Error].
func (c *Client) call(ctx context.Context, op operation, params map[string]string, key Credentials) (answer, error) {
	if key.AccessKeyID == "" || key.Secret == "" {
		return answer{}, noCredentials()
	}
	got, err := c.send(ctx, op, params, key)
	switch {
	case errors.Is(err, errNoTime):
		return answer{}, err
	case err != nil:
		return answer{}, transportError(err, op, secretsOf(key))
	case got.status != http.StatusOK:
		return answer{}, classify(got, op, secretsOf(key))
	}
	return got, nil
}

// send sends one request when a session is free and the rate allows it.
func (c *Client) send(ctx context.Context, op operation, params map[string]string, key Credentials) (got answer, err error) {
	s, err := c.session(ctx)
	if err != nil {
		return answer{}, err
	}
	defer func() { c.sessions <- s }()
	if err := c.limit.wait(ctx); err != nil {
		return answer{}, err
	}
	got, err = s.do(ctx, op, params, key)
	if err == errPanic {
		s = nil // nobody knows what state the SDK's client is in
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
		return nil, errNoTime
	}
	if s != nil {
		return s, nil
	}
	if s, err = newSession(c.region, c.userAgent, c.wire); err != nil {
		c.sessions <- nil
	}
	return s, err
}
