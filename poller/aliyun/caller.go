package aliyun

import (
	"context"
	"errors"
	"net/http"
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

// caller sends operations: within a rate, over a few sessions, each answer read whole
// and each failure given a class. All that is ever asked of the vendor's RPC APIs
// passes through here, and with it the deadline, the retries and the redaction.
type caller struct {
	region    string
	userAgent string
	wire      http.RoundTripper
	limit     *limiter
	sessions  chan *session // idle ones; nil stands for one not made yet
	skew      atomic.Pointer[time.Duration]
}

func newCaller(region, userAgent string, maxQPS float64, wire http.RoundTripper) *caller {
	if wire == nil {
		wire = newTransport()
	}
	if userAgent == "" {
		userAgent = "refreshwatch"
	}
	c := &caller{region: region, userAgent: userAgent, wire: wire, limit: newLimiter(maxQPS), sessions: make(chan *session, maxSessions)}
	for range maxSessions {
		c.sessions <- nil
	}
	return c
}

// close drops idle connections. The caller stays usable.
func (c *caller) close() {
	if t, ok := c.wire.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// call is one attempt, and returns what a 200 holds. Its error is errNoTime or a
// [*poller.Error].
func (c *caller) call(ctx context.Context, op operation, params map[string]string, key Credentials) (answer, error) {
	if key.AccessKeyID == "" || key.Secret == "" {
		return answer{}, noCredentials()
	}
	got, err := c.send(ctx, op, params, key)
	switch {
	case errors.Is(err, errNoTime):
		return answer{}, err
	case err != nil:
		return answer{}, transportError(err, op, op.secrets(key))
	case got.status != http.StatusOK:
		return answer{}, classify(got, op, op.secrets(key))
	}
	return got, nil
}

// send sends one request when a session is free and the rate allows it.
func (c *caller) send(ctx context.Context, op operation, params map[string]string, key Credentials) (got answer, err error) {
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
func (c *caller) session(ctx context.Context) (s *session, err error) {
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

// keyed repeats attempt as retry does, each time with the key of the moment. Once, a
// refused key that keys can replace is replaced.
func (c *caller) keyed(ctx context.Context, keys KeySource, attempt func(Credentials) error) error {
	replaced := false
	return c.retry(ctx, func() error {
		for {
			key, err := keys.Key(ctx)
			if err != nil {
				return err
			}
			err = attempt(key)
			if replaced || !refusesKey(err) || !keys.Refused(key) {
				return err
			}
			replaced = true
		}
	})
}

// refusesKey reports whether another key may be accepted.
func refusesKey(err error) bool {
	var e *poller.Error
	return errors.As(err, &e) && (e.Class == poller.Credentials || in(e.Code, "InvalidSecurityToken") || in(e.Code, "InvalidAccessKeyId"))
}
