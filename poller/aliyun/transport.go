package aliyun

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"refreshwatch/poller"
)

// maxBody is far more than 50 rows take (about 11 KB), and little enough to hold.
const maxBody = 8 << 20

// Failures of the wire that are ours to name.
var (
	errTooLarge = errors.New("the answer is larger than 8 MiB")
	errTimeout  = fmt.Errorf("no complete answer within %v", attemptTimeout)
)

// newTransport makes the connections. The SDK would make its own with no limits:
// idle ones that stay for good, and NO_PROXY read as regular expressions.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: proxyAnswered,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  attemptTimeout,
		MaxConnsPerHost:        maxSessions,
		MaxIdleConnsPerHost:    maxSessions,
		IdleConnTimeout:        20 * time.Second, // the service closes after 25
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return &poller.ProxyRefused{Status: res.StatusCode}
	}
	return nil
}

// answer is what came back, read whole.
type answer struct {
	status     int
	body       []byte
	serverTime time.Time // its Date header; zero if unreadable
	at         time.Time // when it came
}

// exchange sends a signed request and reads the answer whole, within one attempt's
// time.
func exchange(ctx context.Context, wire http.RoundTripper, r *http.Request) (answer, error) {
	callers := ctx
	ctx, cancel := context.WithTimeout(callers, attemptTimeout)
	defer cancel()
	// The request's own context ends with the SDK's timeout, ours with the caller.
	defer context.AfterFunc(r.Context(), cancel)()
	res, err := wire.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return answer{}, attemptError(ctx, err)
	}
	defer res.Body.Close()
	body, err := readBounded(res.Body)
	if err == nil && bytes.HasPrefix(body, gzipMagic) {
		body, err = inflate(body)
	}
	if err != nil {
		return answer{}, attemptError(ctx, err)
	}
	got := answer{status: res.StatusCode, body: trim(body), at: time.Now()}
	got.serverTime, _ = http.ParseTime(res.Header.Get("Date"))
	return got, nil
}

func readBounded(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errIncomplete
	case err != nil:
		return nil, err
	case len(body) > maxBody:
		return nil, errTooLarge
	}
	return body, nil
}

// gzipMagic begins every gzip stream and no JSON. It is what counts, not
// Content-Encoding: nothing is ever asked for compressed, and who compresses all the
// same, or inflates without changing the header, is a proxy.
var gzipMagic = []byte{0x1f, 0x8b}

func inflate(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, errIncomplete
	}
	plain, err := readBounded(r)
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		return nil, errIncomplete
	}
	return plain, err
}

// trim drops white space and a byte order mark, which some gateways write.
func trim(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
}

// attemptError distinguishes the attempt's own timeout, after which another attempt
// may succeed, from other failures. Whether the caller's time is up the caller knows
// best.
func attemptError(ctx context.Context, err error) error {
	var timeout net.Error
	if ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return errTimeout
	}
	return err
}
