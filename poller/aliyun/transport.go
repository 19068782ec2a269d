package aliyun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	_ "refreshwatch/poller/aliyun/internal/quiet" // keeps signed URLs off stdout
)

// maxBody is far more than 50 rows take (about 11 KB), and little enough to hold.
const maxBody = 8 << 20

// Failures of the wire that are ours to name.
var (
	errTooLarge = errors.New("the answer is larger than 8 MiB")
	errNotSent  = errors.New("the SDK did not send the request")
	errPanic    = errors.New("the SDK or the transport panicked")
	errTimeout  = fmt.Errorf("no complete answer within %v", attemptTimeout)
)

// newTransport makes the connections. The SDK would make its own with no limits:
// idle ones that stay for good, and NO_PROXY read as regular expressions.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
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

// answer is what came back, read whole.
type answer struct {
	status     int
	body       []byte
	serverTime time.Time // its Date header; zero if unreadable
	at         time.Time // when it came
}

// session is one client of the SDK, which takes one call at a time and no
// context. The session is also that client's transport and its credentials, and so
// the call's context, the call's key and its answer pass by the SDK. A context in a
// struct is wrong in general; here nothing else reaches the wire.
type session struct {
	client *sdk.Client
	wire   http.RoundTripper
	scheme string
	host   string

	// of the one call that is running
	ctx   context.Context
	creds Credentials
	got   answer
	err   error
}

func newSession(c *Client) (*session, error) {
	s := &session{wire: c.wire, scheme: c.scheme, host: c.host}
	config := sdk.NewConfig().WithAutoRetry(false).WithMaxRetryTime(0)
	config.Transport = s
	client, err := sdk.NewClientWithOptions(c.region, config, s)
	if err != nil {
		return nil, errNotSent
	}
	// Any value keeps the SDK from reading the environment's proxies, which it
	// would do for nothing: with a transport like ours it uses none, but fails
	// when one is malformed. The transport's own proxy is what counts.
	client.SetHttpProxy("unused")
	client.SetHttpsProxy("unused")
	client.SetNoProxy("unused")
	s.client = client
	return s, nil
}

// do sends one signed request and returns what came back. The error is the
// transport's, unscrubbed.
func (s *session) do(ctx context.Context, params map[string]string, creds Credentials) (got answer, err error) {
	s.ctx, s.creds, s.got, s.err = ctx, creds, answer{}, errNotSent
	defer func() {
		if recover() != nil { // its text is dropped: it may quote the request
			got, err = answer{}, errPanic
		}
		s.ctx, s.creds, s.got = nil, Credentials{}, answer{}
	}()
	// What the SDK makes of the answer is of no interest, nor its error text.
	_, _ = s.client.ProcessCommonRequest(s.request(params))
	return s.got, s.err
}

// request is made anew each time: the SDK keeps old parameters in a used one.
func (s *session) request(params map[string]string) *requests.CommonRequest {
	r := requests.NewCommonRequest()
	r.Method = http.MethodPost
	r.Scheme = s.scheme
	r.Domain = s.host
	r.Version = "2017-03-21"
	r.ApiName = "DescribeVodRefreshTasks"
	r.QueryParams = maps.Clone(params) // the SDK adds the key and the signature
	r.SetReadTimeout(attemptTimeout)   // else the previous call's counts
	return r
}

// RoundTrip carries the SDK's request, keeps the answer, and gives the SDK an
// empty success: it has nothing to decode, to follow or to panic on.
func (s *session) RoundTrip(r *http.Request) (*http.Response, error) {
	s.got, s.err = answer{}, errPanic
	func() {
		// A panic that passed net/http would leave its timer's goroutine behind.
		defer func() { _ = recover() }()
		s.got, s.err = s.exchange(r)
	}()
	if s.err != nil {
		return nil, s.err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}, nil
}

func (s *session) exchange(r *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(s.ctx, attemptTimeout)
	defer cancel()
	// The request's own context ends with the SDK's timeout, ours with the caller.
	defer context.AfterFunc(r.Context(), cancel)()
	resp, err := s.wire.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return answer{}, attemptError(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return answer{}, attemptError(ctx, err)
	}
	if len(body) > maxBody {
		return answer{}, errTooLarge
	}
	got := answer{status: resp.StatusCode, body: bytes.TrimSpace(body), at: time.Now()}
	got.serverTime, _ = http.ParseTime(resp.Header.Get("Date"))
	return got, nil
}

// attemptError tells the attempt's own timeout, which another attempt may heal,
// from other failures. Whether the caller's time is up the caller knows best.
func attemptError(ctx context.Context, err error) error {
	var timeout net.Error
	if ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return errTimeout
	}
	return err
}

// GetCredentials gives the SDK the running call's key.
func (s *session) GetCredentials() (*credentials.Credentials, error) {
	return &credentials.Credentials{
		AccessKeyId: s.creds.AccessKeyID, AccessKeySecret: s.creds.Secret, SecurityToken: s.creds.Token,
	}, nil
}

// GetProviderName is sent along as the header x-acs-credentials-provider.
func (s *session) GetProviderName() string { return "static" }
