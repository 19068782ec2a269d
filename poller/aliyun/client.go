package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"refreshwatch/poller"
)

// Config says which API to query, as whom, and how often.
type Config struct {
	Product  Product // the zero value is VOD
	Region   string  // VOD_REGION, such as "cn-shanghai"
	Endpoint string  // VOD_ENDPOINT and the like; "" for the product's own; http:// for loopback only
	MaxQPS   float64 // VOD_MAX_QPS and the like: requests a second of the whole client, retries included, from 0.01 to 1000

	Keys KeySource // whose key signs the requests, or assumes Role
	Role Role      // the tasks are listed as this role; zero for the key's own
	// KeyFrom says where the key came from, for advice on a refused one, such as a
	// profile; "" for the variables ALIBABA_CLOUD_ACCESS_KEY_ID and so on.
	KeyFrom string

	// UserAgent is sent with each request; "" for "refreshwatch".
	UserAgent string

	// Transport carries the requests; nil for one of the client's own. For
	// tests without a network.
	Transport http.RoundTripper
}

// Client queries the API. It is safe for concurrent use; its goroutines share one
// rate limit and at most eight connections.
type Client struct {
	*caller
	keys                  KeySource
	list, quota, identity operation
}

var _ poller.Lister = (*Client)(nil)

// New makes a client; nothing is sent. Its errors are [*poller.Mistake], all of them
// joined.
func New(c Config) (*Client, error) {
	if c.Product.Name == "" {
		c.Product = products[0]
	}
	endpoint, endpointErr := parseEndpoint(c.Product.EndpointVariable(), cmp.Or(c.Endpoint, c.Product.Endpoint(c.Region)))
	sts, stsErr := stsEndpoint(c.Role.Endpoint)
	if err := errors.Join(endpointErr, stsErr, checkRegion(c.Region), checkQPS(c.Product.QPSVariable(), c.MaxQPS)); err != nil {
		return nil, err
	}
	if c.Keys == nil {
		return nil, &poller.Mistake{Problem: "aliyun.Config.Keys is missing"}
	}
	client := &Client{
		caller:   newCaller(c.Region, c.UserAgent, c.MaxQPS, c.Transport),
		keys:     c.Keys,
		identity: identityOperation(sts, c.KeyFrom),
		list:     c.Product.operation(endpoint, c.Product.Action, c.Product.Permission(), c.KeyFrom, c.Role),
		quota:    c.Product.operation(endpoint, c.Product.QuotaAction, c.Product.QuotaPermission(), c.KeyFrom, c.Role),
	}
	if c.Role.ARN == "" {
		return client, nil
	}
	role, err := assume(client.caller, c.Role, c.Keys, c.KeyFrom)
	if err != nil {
		return nil, err
	}
	client.keys = role
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
func (c *Client) Close() { c.close() }

// Assume requests the role's key, if the client has a role and no key of it yet: for
// check, which reports this step apart from the listing.
func (c *Client) Assume(ctx context.Context) error {
	_, err := c.keys.Key(ctx)
	return err
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
	err = c.keyed(ctx, c.keys, func(key Credentials) (err error) {
		answer, err = c.ask(ctx, q, params, page, key)
		return err
	})
	if err != nil {
		return poller.Page{}, outOfTime(ctx, fmt.Sprintf("list refresh tasks page %d", page), err)
	}
	return answer, nil
}

// ask is one attempt of List.
func (c *Client) ask(ctx context.Context, q poller.Query, params map[string]string, page int, key Credentials) (poller.Page, error) {
	got, err := c.call(ctx, c.list, params, key)
	if err != nil {
		return poller.Page{}, aboutTask(q, err)
	}
	answer, err := decode(got.body, page)
	if err != nil {
		return poller.Page{}, unreadable(got, err, c.list, c.list.secrets(key))
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
