package checkpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// stepTimeout bounds each silent step of a request: to connect, to shake hands, to
// wait for the answer's head.
const stepTimeout = 3 * time.Second

// newHTTPClient follows no redirect (a signed request must not travel) and reads no
// endless answer. The SDK's own client would wait up to 10 s for each read.
func newHTTPClient(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: stepTimeout}).DialContext
	}
	return &http.Client{
		Transport: capped{&http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			OnProxyConnectResponse: proxyAnswered,
			DialContext:            dial,
			TLSHandshakeTimeout:    stepTimeout,
			ResponseHeaderTimeout:  stepTimeout,
			IdleConnTimeout:        20 * time.Second, // a connection kept over a frozen hour is dead
			MaxIdleConnsPerHost:    2,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// proxyError is the status by which the proxy of HTTPS_PROXY refused a CONNECT;
// net/http's own error is the proxy's words.
type proxyError int

func (e proxyError) ProxyStatus() int { return int(e) }
func (e proxyError) Error() string    { return "the proxy refused the connection" }

func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return proxyError(res.StatusCode)
	}
	return nil
}

// capped refuses answers longer than maxDocument, wherever the SDK reads them.
type capped struct{ http.RoundTripper }

func (c capped) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := c.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = &cappedBody{ReadCloser: res.Body, left: maxDocument}
	return res, nil
}

type cappedBody struct {
	io.ReadCloser
	left int64
}

func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the answer is larger than %d MiB", maxDocument>>20)
	}
	return n, err
}

var errNoCredentials = errors.New("there are no credentials")

// explain turns what the SDK says into an Error. The vendor's messages stay out:
// they repeat the access key's id, the string that was signed, and other people's
// HTML. op is also the RAM action; name is empty for the bucket itself.
func (b *bucket) explain(ctx context.Context, op, name string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op + " oss://" + b.name + "/" + b.prefix + "/" + name}
	if se, ok := errors.AsType[*oss.ServiceError](err); ok {
		e.Code, e.RequestID = word(se.Code), word(se.RequestID)
		e.Problem = fmt.Sprintf("OSS answered %d %s", se.StatusCode, e.Code)
		if ec := word(se.EC); ec != "" {
			e.Problem += ", EC " + ec
		}
		e.Next = b.advice(ctx, op, name, se)
		e.Passing = e.Next == ""
	} else {
		e.Err = cause(err)
		b.explainCause(e)
	}
	// A pause before the retry that the deadline cut short: the SDK returns only
	// the failure before it.
	if ctx.Err() != nil && !errors.Is(e.Err, ctx.Err()) {
		e.Err = errors.Join(e.Err, ctx.Err())
		e.Problem += "; " + ctx.Err().Error()
	}
	return e
}

// explainCause fills in what kept OSS from answering.
func (b *bucket) explainCause(e *Error) {
	if errors.Is(e.Err, errNoCredentials) {
		e.Problem, e.Next = e.Err.Error(), nextCredentials
		return
	}
	e.Passing = true
	problem, next, known := b.explainNetwork(e.Err)
	if !known {
		e.Problem = e.Err.Error()
		return
	}
	e.Problem = problem
	if next != "" {
		e.Next = next + ". The address comes from bucket, region= and endpoint= in CHECKPOINT"
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](e.Err)
	dns, unresolved := errors.AsType[*net.DNSError](e.Err)
	_, proxied := errors.AsType[proxyError](e.Err)
	e.Passing = !certificate && !proxied && !(unresolved && dns.IsNotFound)
}

// cause digs out what the network said, without the URL around it.
func cause(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	if oe, ok := errors.AsType[*oss.OperationError](err); ok {
		return oe.Unwrap()
	}
	return err
}

// word lets a foreign identifier into our errors, and nothing else.
func word(s string) string {
	if len(s) > 64 {
		return "?"
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '.' && r != '_' {
			return "?"
		}
	}
	return s
}
