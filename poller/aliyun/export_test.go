package aliyun

import (
	"context"
	"net/http"
	"net/url"

	"golang.org/x/time/rate"

	"refreshwatch/poller"
)

// Ask is one attempt of List: tests over real sockets need not wait for backoff.
func (c *Client) Ask(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	params, err := parameters(q, page)
	if err != nil {
		return poller.Page{}, err
	}
	key, err := c.keys.Key(ctx)
	if err != nil {
		return poller.Page{}, err
	}
	return c.ask(ctx, q, params, page, key)
}

// MaxAttempts is how often one call is attempted.
const MaxAttempts = maxAttempts

// Unpaced lifts the ceiling, to measure what else takes time.
func (c *Client) Unpaced() { c.limit.rate.SetLimit(rate.Inf) }

// Behind makes the client's own transport use a proxy.
func Behind(proxy *url.URL) http.RoundTripper {
	t := newTransport()
	t.Proxy = http.ProxyURL(proxy)
	return t
}
