package notifier

import (
	"bytes"
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

// answerCap is how much of an answer is read. Every verdict fits in a few hundred bytes.
const answerCap = 64 << 10

// Outlet is the one way out to receivers. It has a timeout, follows no redirect
// (a 307 would carry the token to another host), reads at most 64 KiB, speaks
// plain http to this machine only, never connects to link-local or metadata
// addresses, uses no proxy, and its errors name hosts but no URLs, which are
// secrets here. It may be shared by all sinks and used concurrently.
type Outlet struct {
	client  *http.Client
	timeout time.Duration
}

// NewOutlet returns an outlet whose requests end after timeout; 0 means [PostTimeout].
func NewOutlet(timeout time.Duration) *Outlet {
	if timeout <= 0 {
		timeout = PostTimeout
	}
	dialer := &net.Dialer{Timeout: timeout, Control: refuseAddress}
	return &Outlet{
		timeout: timeout,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:         dialer.DialContext,
				TLSHandshakeTimeout: timeout,
				// Short: a connection that was kept over a pause of the function is dead,
				// and a POST on it has an unknown outcome. The transport compares wall
				// clocks, so a frozen instance notices.
				IdleConnTimeout:        5 * time.Second,
				MaxResponseHeaderBytes: answerCap,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close drops idle connections. The outlet stays usable.
func (o *Outlet) Close() { o.client.CloseIdleConnections() }

// answer is what a receiver said. A body that broke off or was too long is not whole.
type answer struct {
	status int
	header http.Header
	body   []byte
	whole  bool
}

// post sends body to the URL. An error is an [*Error]: no status was received.
func (o *Outlet) post(ctx context.Context, to Secret, header http.Header, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(to), bytes.NewReader(body))
	if err != nil {
		return answer{}, &Error{Class: Refused, Code: "bad_url", Err: errors.New("the receiver's URL cannot be read")}
	}
	for name, values := range header {
		req.Header[name] = values
	}
	return o.do(req, answerCap)
}

// do makes one request and reads at most limit bytes of its answer.
func (o *Outlet) do(req *http.Request, limit int64) (answer, error) {
	if problem := checkURL(req.URL); problem != "" {
		return answer{}, &Error{Class: Refused, Code: "bad_url", Err: errors.New("the receiver's URL " + problem)}
	}
	ctx, cancel := context.WithTimeout(req.Context(), o.timeout)
	defer cancel()
	var written atomic.Bool
	req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { written.Store(true) },
	}))
	req.Header.Set("User-Agent", "refreshwatch")
	resp, err := o.client.Do(req)
	if err != nil {
		return answer{}, transportError(req.URL.Hostname(), err, written.Load())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	return answer{
		status: resp.StatusCode,
		header: resp.Header,
		body:   body[:min(int64(len(body)), limit)],
		whole:  err == nil && int64(len(body)) <= limit,
	}, nil
}

// transportError says what a request without an answer means. Before the request
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

// checkURL names what is wrong with a receiver's URL; "" when nothing is.
func checkURL(u *url.URL) string {
	switch {
	case u.Host == "" || u.Hostname() == "":
		return "names no host"
	case u.User != nil:
		return "must not hold a user name or password"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && IsLoopback(u.Hostname()):
		return ""
	default:
		return "must begin with https:// (http:// only on this machine)"
	}
}

// IsLoopback reports whether host, a name or an address, is this machine: the only
// one that is spoken to without https.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
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
