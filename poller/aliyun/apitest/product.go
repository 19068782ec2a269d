package apitest

import (
	"slices"

	"refreshwatch/poller"
)

// product is what one service's documents say (help.aliyun.com and
// aliyun-openapi-meta, read 2026-11). It repeats what package aliyun knows, so that a
// mistake there is one.
type product struct {
	name, version  string
	action, quota  string // the operations
	listKey        string
	host           string
	maxSize        int // of a page
	types          []string
	statuses       []poller.Status // that can be filtered on
	remainOfBlocks string          // the odd key of the quota
}

var products = []product{
	{
		name: "vod", version: "2017-03-21", action: "DescribeVodRefreshTasks", quota: "DescribeVodRefreshQuota",
		listKey: "Task", host: "vod.cn-shanghai.aliyuncs.com", maxSize: 50,
		types:    []string{"file", "directory", "preload"},
		statuses: []poller.Status{"Complete", "Refreshing", "Failed"}, remainOfBlocks: "blockRemain",
	},
	{
		name: "cdn", version: "2018-05-10", action: "DescribeRefreshTasks", quota: "DescribeRefreshQuota",
		listKey: "CDNTask", host: "cdn.aliyuncs.com", maxSize: 100,
		types:    []string{"file", "directory", "preload", "regex", "ignoreparams", "block", "unblock"},
		statuses: []poller.Status{"Complete", "Refreshing", "Failed", "Timeout", "Canceled"}, remainOfBlocks: "BlockRemain",
	},
	{
		name: "dcdn", version: "2018-01-15", action: "DescribeDcdnRefreshTasks", quota: "DescribeDcdnRefreshQuota",
		listKey: "Task", host: "dcdn.aliyuncs.com", maxSize: 50,
		types:    []string{"file", "directory", "preload", "regex", "ignoreparams"},
		statuses: []poller.Status{"Complete", "Refreshing", "Failed", "Timeout", "Canceled"}, remainOfBlocks: "BlockRemain",
	},
}

// productOf finds the product that an action belongs to; version is the one the
// action is called with, also that of STS.
func productOf(action string) (p product, version string, known bool) {
	if action == assumeRole || action == callerIdentity {
		return product{}, "2015-04-01", true
	}
	i := slices.IndexFunc(products, func(p product) bool { return action == p.action || action == p.quota })
	if i < 0 {
		return product{}, "", false
	}
	return products[i], products[i].version, true
}

func productNamed(name string) product {
	i := slices.IndexFunc(products, func(p product) bool { return p.name == name })
	if i < 0 {
		panic("apitest: there is no product " + name)
	}
	return products[i]
}

// Quota is how many submissions a day a server claims, and how many are left.
type Quota struct{ URL, URLLeft, Dir, DirLeft, Preload, PreloadLeft int }

// quotaBody is the answer of the quota's operation: all numbers are strings.
func (s *Server) quotaBody(p product, id string) []byte {
	q := s.options.Quota
	if q == (Quota{}) {
		q = Quota{2000, 1996, 100, 99, 500, 400} // the document's sample totals
	}
	return encode(map[string]string{
		"RequestId": id,
		"UrlQuota":  text(q.URL), "UrlRemain": text(q.URLLeft),
		"DirQuota": text(q.Dir), "DirRemain": text(q.DirLeft),
		"PreloadQuota": text(q.Preload), "PreloadRemain": text(q.PreloadLeft),
		"BlockQuota": "300", p.remainOfBlocks: "298",
	})
}
