package sink

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// AnswerCap is how much of an answer is read. Every verdict fits in a few hundred bytes.
const AnswerCap = 64 << 10

// PostTimeout bounds one attempt. A claim must outlast the attempts it covers, so
// the deadline rule of notifier.Lease counts with it.
const PostTimeout = 10 * time.Second

// Client is the one HTTP client of all sinks and of the heartbeat. It has a timeout,
// follows no redirect (a 307 would carry the token to another host), reads at most
// 64 KiB, speaks plain http to this machine only, goes through HTTPS_PROXY unless
// NO_PROXY names the host, and never connects to link-local or metadata addresses,
// through a proxy neither. Its errors name hosts but no URLs, which are secrets here.
// It may be shared by all sinks and used concurrently.
type Client struct {
	http      *http.Client
	timeout   time.Duration
	userAgent string
}

// ClientOptions are the choices of a [Client]. The zero value is what sinks use.
type ClientOptions struct {
	Timeout   time.Duration     // of a request with its answer; 0 means [PostTimeout]
	UserAgent string            // default "refreshwatch"
	Transport http.RoundTripper // in place of the network: for tests

	// Proxy is the proxy of a request; nil means HTTPS_PROXY and NO_PROXY, as they
	// were when the process began.
	Proxy func(*http.Request) (*url.URL, error)
}

// NewClient returns a client. It may be shared by all sinks and used concurrently.
func NewClient(o ClientOptions) *Client {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = PostTimeout
	}
	transport := o.Transport
	if transport == nil {
		transport = newTransport(timeout, o.Proxy)
	}
	return &Client{
		timeout:   timeout,
		userAgent: cmp.Or(o.UserAgent, "refreshwatch"),
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close drops idle connections. The client stays usable.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Answer is what a receiver answered. A body that broke off or was too long is not
// whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Whole  bool
}

// Post sends body to the URL. An error is an [*Error]: no status was received.
func (c *Client) Post(ctx context.Context, to Secret, header http.Header, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(to), bytes.NewReader(body))
	if err != nil {
		return Answer{}, &Error{Class: Refused, Code: "bad_url", Err: errors.New("the receiver's URL cannot be read")}
	}
	for name, values := range header {
		req.Header[name] = values
	}
	return c.Do(req, AnswerCap)
}

// Get asks the URL. An error is an [*Error]: no status was received.
func (c *Client) Get(ctx context.Context, from Secret) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(from), nil)
	if err != nil {
		return Answer{}, &Error{Class: Refused, Code: "bad_url", Err: errors.New("the URL cannot be read")}
	}
	return c.Do(req, AnswerCap)
}

// Do makes one request and reads at most limit bytes of its answer.
func (c *Client) Do(req *http.Request, limit int64) (Answer, error) {
	if m := checkURL(req.URL); m != nil {
		return Answer{}, &Error{Class: Refused, Code: "bad_url", Err: errors.New("the receiver's URL: " + m.Problem)}
	}
	ctx, cancel := context.WithTimeout(req.Context(), c.timeout)
	defer cancel()
	var written atomic.Bool
	req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { written.Store(true) },
	}))
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, transportError(req.URL.Hostname(), err, written.Load())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	return Answer{
		Status: resp.StatusCode,
		Header: resp.Header,
		Body:   body[:min(int64(len(body)), limit)],
		Whole:  err == nil && int64(len(body)) <= limit,
	}, nil
}
