package aliyun

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"refreshwatch/poller"
)

// Quota reads what is left of today's quota, by object type; types that the product
// does not have are missing. It takes a permission of its own,
// [Product.QuotaPermission]: without it the error has the class Denied.
// (DescribeVodRefreshQuota, DescribeRefreshQuota, DescribeDcdnRefreshQuota; read 2026-11)
func (c *Client) Quota(ctx context.Context) ([]poller.Quota, error) {
	var left []poller.Quota
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

// quotaTypes are the documented ones, in the order in which people want to read them,
// and the object types that they are about. Others may come, and pass.
var quotaTypes = [...]struct{ key, objectType string }{
	{"url", "file"}, {"dir", "directory"}, {"preload", "preload"}, {"preloadedge", "preloadedge"},
	{"regex", "regex"}, {"ignoreparams", "ignoreparams"}, {"block", "block"},
}

const (
	maxQuotas    = 16 // of one answer
	longestQuota = 24 // bytes of a name
)

// readQuota takes pairs such as UrlQuota and UrlRemain. All numbers are strings, and
// VOD writes one of the keys as blockRemain.
func readQuota(body []byte) ([]poller.Quota, error) {
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
	var all []poller.Quota
	take := func(key, objectType string) {
		total, known := numbers[key+"quota"]
		left, sent := numbers[key+"remain"]
		if known && sent && len(all) < maxQuotas {
			all = append(all, poller.Quota{ObjectType: objectType, Left: left, Total: total})
		}
		delete(numbers, key+"quota")
	}
	for _, t := range quotaTypes {
		take(t.key, t.objectType)
	}
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		key, found := strings.CutSuffix(name, "quota")
		if found && key != "" && len(key) <= longestQuota && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz") == "" {
			take(key, key)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no quota in the answer")
	}
	return all, nil
}
