package aliyun

import (
	"slices"
	"strings"
)

// Product is a service whose refresh and prefetch tasks can be listed. VOD's
// DescribeVodRefreshTasks, CDN's DescribeRefreshTasks and DCDN's
// DescribeDcdnRefreshTasks are the same query with another version, action, list key
// and host (help.aliyun.com and aliyun-openapi-meta, read 2026-11).
type Product struct {
	Name        string // the value of PRODUCT
	Title       string // what the console calls it
	Version     string
	Action      string   // lists the tasks
	QuotaAction string   // reads what is left of the day's quota
	ListKey     string   // of the rows, within Tasks
	Host        string   // REGION stands for the region
	Console     string   // where a person sees the same tasks
	Types       []string // the object types that can be filtered on
}

var products = [...]Product{
	{
		Name: "vod", Title: "ApsaraVideo VOD", Version: "2017-03-21",
		Action: "DescribeVodRefreshTasks", QuotaAction: "DescribeVodRefreshQuota",
		ListKey: "Task", Host: "vod.REGION.aliyuncs.com", Console: "https://vod.console.aliyun.com/",
		Types: []string{"file", "directory", "preload"},
	},
	{
		Name: "cdn", Title: "Alibaba Cloud CDN", Version: "2018-05-10",
		Action: "DescribeRefreshTasks", QuotaAction: "DescribeRefreshQuota",
		ListKey: "CDNTask", Host: "cdn.aliyuncs.com", Console: "https://cdn.console.aliyun.com/refresh/record",
		Types: []string{"file", "directory", "preload", "regex", "ignoreparams", "block", "unblock"},
	},
	{
		Name: "dcdn", Title: "Alibaba Cloud DCDN", Version: "2018-01-15",
		Action: "DescribeDcdnRefreshTasks", QuotaAction: "DescribeDcdnRefreshQuota",
		ListKey: "Task", Host: "dcdn.aliyuncs.com", Console: "https://dcdn.console.aliyun.com/refresh/record",
		Types: []string{"file", "directory", "preload", "regex", "ignoreparams"},
	},
}

// Products are all products, the default one first.
func Products() []Product { return slices.Clone(products[:]) }

// ProductNamed finds a product by its name in PRODUCT.
func ProductNamed(name string) (Product, bool) {
	i := slices.IndexFunc(products[:], func(p Product) bool { return p.Name == name })
	if i < 0 {
		return Product{}, false
	}
	return products[i], true
}

// Permission is the RAM action that listing the tasks takes. It is granted on the
// resource "*": a policy for single domains refuses queries that name none.
func (p Product) Permission() string { return p.Name + ":" + p.Action }

// QuotaPermission is the RAM action that reading the quota takes.
func (p Product) QuotaPermission() string { return p.Name + ":" + p.QuotaAction }

// Endpoint is the product's public address in a region.
func (p Product) Endpoint(region string) string {
	return "https://" + strings.Replace(p.Host, "REGION", region, 1)
}

// EndpointVariable and QPSVariable name the product's settings.
func (p Product) EndpointVariable() string { return strings.ToUpper(p.Name) + "_ENDPOINT" }
func (p Product) QPSVariable() string      { return strings.ToUpper(p.Name) + "_MAX_QPS" }
