package aliyun

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	_ "refreshwatch/poller/aliyun/internal/quiet" // keeps signed URLs off stdout
)

var (
	errNotSent = errors.New("the SDK did not send the request")
	errPanic   = errors.New("the SDK or the transport panicked")
)

// session is one client of the SDK, which takes one call at a time and no context.
// The session is also that client's transport and its credentials, and so the call's
// context, the call's key and its answer bypass the SDK. A context in a struct is
// wrong in general; here nothing else reaches the wire.
type session struct {
	client    *sdk.Client
	wire      http.RoundTripper
	userAgent string

	// of the one call that is running
	ctx   context.Context
	creds Credentials
	got   answer
	err   error
}

func newSession(region, userAgent string, wire http.RoundTripper) (*session, error) {
	s := &session{wire: wire, userAgent: userAgent}
	config := sdk.NewConfig().WithAutoRetry(false).WithMaxRetryTime(0)
	config.Transport = s
	client, err := sdk.NewClientWithOptions(region, config, s)
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
// transport's, not redacted.
func (s *session) do(ctx context.Context, op operation, params map[string]string, creds Credentials) (got answer, err error) {
	s.ctx, s.creds, s.got, s.err = ctx, creds, answer{}, errNotSent
	defer func() {
		if recover() != nil { // its text is dropped: it may quote the request
			got, err = answer{}, errPanic
		}
		s.ctx, s.creds, s.got = nil, Credentials{}, answer{}
	}()
	// What the SDK makes of the answer is of no interest, nor its error text.
	_, _ = s.client.ProcessCommonRequest(op.request(params))
	return s.got, s.err
}

// request is made anew each time: the SDK keeps old parameters in a used one.
func (op operation) request(params map[string]string) *requests.CommonRequest {
	r := requests.NewCommonRequest()
	r.Method = http.MethodPost
	r.Scheme = op.scheme
	r.Domain = op.host
	r.Version = op.version
	r.ApiName = op.action
	maps.Copy(r.QueryParams, params) // the SDK adds the key and the signature
	r.SetReadTimeout(attemptTimeout) // else the previous call's counts
	return r
}

// RoundTrip carries the SDK's request, keeps the answer, and gives the SDK an empty
// success: it has nothing to decode, to follow or to panic on.
func (s *session) RoundTrip(r *http.Request) (*http.Response, error) {
	s.got, s.err = answer{}, errPanic
	r.Header.Set("User-Agent", s.userAgent)
	func() {
		// A panic that passed net/http would leave its timer's goroutine behind.
		defer func() { _ = recover() }()
		s.got, s.err = exchange(s.ctx, s.wire, r)
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

// GetCredentials gives the SDK the running call's key.
func (s *session) GetCredentials() (*credentials.Credentials, error) {
	return &credentials.Credentials{
		AccessKeyId: s.creds.AccessKeyID, AccessKeySecret: s.creds.Secret, SecurityToken: s.creds.Token,
	}, nil
}

// GetProviderName is sent along as the header x-acs-credentials-provider.
func (s *session) GetProviderName() string { return "static" }
