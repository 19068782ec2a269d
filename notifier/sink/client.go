package sink

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"
)

// AnswerCap is how much of an answer is read. Every verdict fits in a few hundred bytes.
const AnswerCap = 64 << 10

// PostTimeout bounds one attempt. A claim must outlast the attempts it covers, so
// the deadline rule of notifier.Lease counts with it.
const PostTimeout = 10 * time.Second

// Client is the one HTTP client of all sinks. It has a timeout, follows no redirect
// (a 307 would carry the token to another host), reads at most 64 KiB, speaks
// plain http to this machine only, never connects to link-local or metadata
// addresses, uses no proxy, and its errors name hosts but no URLs, which are
// secrets here. It may be shared by all sinks and used concurrently.
type Client struct {
	http      *http.Client
	timeout   time.Duration
	userAgent string
}

// ClientOptions are the choices of a [Client]. The zero value is what sinks use.
type ClientOptions struct {
	Timeout   time.Duration     // of a request with its answer; 0 means [PostTimeout]
	UserAgent string            // "" means "refreshwatch"
	Transport http.RoundTripper // in place of the network: for tests
}

// NewClient returns a client. It may be shared by all sinks and used concurrently.
func NewClient(o ClientOptions) *Client {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = PostTimeout
	}
	transport := o.Transport
	if transport == nil {
		transport = newTransport(timeout)
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

func newTransport(timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, Control: refuseAddress}
	return &http.Transport{
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: timeout,
		// Short: a connection that was kept over a pause of the function is dead,
		// and a POST on it has an unknown outcome. The transport compares wall
		// clocks, so a frozen instance notices.
		IdleConnTimeout:        5 * time.Second,
		MaxResponseHeaderBytes: AnswerCap,
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

// transportError is what a request without an answer means. Before the request
// was written the receiver has seen nothing: it can be sent again, and the
// system's words are safe to show. Afterwards anything may have happened, and
// words may come from a peer that knows the URL: only our own are shown.
func transportError(host string, err error, written bool) *Error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // drops the URL
	}
	if errors.Is(err, errRefusedAddress) {
		return &Error{Class: Refused, Code: "refused_address", Err: fmt.Errorf("host %s: %w", host, errRefusedAddress)}
	}
	code, words := transportWords(err)
	if !written {
		return &Error{Class: Later, Code: code, Err: fmt.Errorf("host %s was not reached: %w", host, err)}
	}
	if ctxErr := contextError(err); ctxErr != nil {
		return &Error{Class: Unknown, Code: code, Err: fmt.Errorf("host %s: %s: %w", host, words, ctxErr)}
	}
	return &Error{Class: Unknown, Code: code, Err: fmt.Errorf("host %s: %s", host, words)}
}

func transportWords(err error) (code, words string) {
	var dns *net.DNSError
	var netErr net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled", "the request was canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout", "no answer in time"
	case errors.As(err, &dns):
		return "dns", "the name cannot be resolved"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection_lost", "the connection broke before the answer"
	default:
		return "transport", "the answer cannot be read"
	}
}

func contextError(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

var errRefusedAddress = errors.New("the name resolves to a link-local or metadata address, which receivers never have")

// refuseAddress looks at the address that is really dialed, after the name was
// resolved, so that no DNS answer leads to the instance's credentials.
// 100.100.100.200 is Alibaba Cloud's metadata service (read 2026-11).
func refuseAddress(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errRefusedAddress
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.IsLinkLocalUnicast() || ip == netip.AddrFrom4([4]byte{100, 100, 100, 200}) {
		return errRefusedAddress
	}
	return nil
}
