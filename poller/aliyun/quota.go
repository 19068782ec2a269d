package aliyun

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Quota is how many submissions of one kind the account may still make today.
type Quota struct {
	Kind  string // "url", "dir", "preload", "block", "regex", "ignoreparams", "preloadedge"
	Total int    // a day
	Left  int
}

// IsLow reports whether less than a tenth is left.
func (q Quota) IsLow() bool { return q.Total > 0 && q.Left*10 < q.Total }

var quotaKinds = [...]string{"url", "dir", "preload", "block", "regex", "ignoreparams", "preloadedge"}

// Quota reads what is left of today's quota, by kind; kinds that the product does not
// have are missing. It takes a permission of its own, [Product.QuotaPermission]:
// without it the error has the class Denied. (DescribeVodRefreshQuota,
// DescribeRefreshQuota, DescribeDcdnRefreshQuota; read 2026-11)
func (c *Client) Quota(ctx context.Context) ([]Quota, error) {
	var left []Quota
	err := c.keyed(ctx, c.keys, func(key Credentials) error {
		got, err := c.call(ctx, c.quota, nil, key)
		if err != nil {
			return err
		}
		if left, err = readQuota(got.body); err != nil {
			return unreadable(got, err, c.quota, c.quota.secrets(key))
		}
		return nil
	})
	return left, outOfTime(ctx, "read the quota", err)
}

// readQuota takes pairs such as UrlQuota and UrlRemain. All numbers are strings, and
// VOD writes one of the keys as blockRemain.
func readQuota(body []byte) ([]Quota, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, errors.New("the answer is not JSON of a known shape")
	}
	numbers := map[string]int{}
	for name, raw := range fields {
		var w word
		if json.Unmarshal(raw, &w) == nil {
			if n, err := strconv.ParseUint(string(w), 10, 31); err == nil {
				numbers[strings.ToLower(name)] = int(n)
			}
		}
	}
	var all []Quota
	for _, kind := range quotaKinds {
		total, known := numbers[kind+"quota"]
		left, sent := numbers[kind+"remain"]
		if known && sent {
			all = append(all, Quota{Kind: kind, Total: total, Left: left})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no quota in the answer")
	}
	return all, nil
}
