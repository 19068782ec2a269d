package aliyun_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// Each product is asked by its own operation, at its own host, and answers with its
// own rows: one server holds a task of each.
func TestProductsAreApart(t *testing.T) {
	for _, p := range aliyun.Products() {
		synctest.Test(t, func(t *testing.T) {
			now := time.Now()
			s := apitest.New(options())
			for _, other := range aliyun.Products() {
				add(t, s, apitest.Task{
					Product: other.Name, Created: now.Add(-time.Hour), Steps: apitest.Finish(time.Minute),
					Key: poller.Key{TaskID: "7000", ObjectType: "file", ObjectPath: "https://" + other.Name + ".example.com/1"},
				})
			}
			host := ""
			c := newClient(t, aliyun.Config{Product: p, MaxQPS: 100, Transport: carrier(func(r *http.Request) (*http.Response, error) {
				host = r.URL.Scheme + "://" + r.URL.Host
				return s.RoundTrip(r)
			})})
			got, err := c.List(t.Context(), lastDay(now), 1)
			if err != nil || len(got.Tasks) != 1 || got.Tasks[0].Domain() != p.Name+".example.com" || got.Tasks[0].Status != poller.Complete {
				t.Errorf("%s: got %+v, %v, want its own task", p.Name, got, err)
			}
			if requests := s.Requests(); len(requests) != 1 || requests[0].Action != p.Action || host != p.Endpoint("cn-shanghai") {
				t.Errorf("%s: asked %+v at %s", p.Name, requests, host)
			}
		})
	}
}

// The literal values of the vendor's documents, and of nothing of ours.
func TestProductsAreTheVendors(t *testing.T) {
	want := map[string][5]string{
		"vod":  {"2017-03-21", "DescribeVodRefreshTasks", "vod:DescribeVodRefreshTasks", "vod:DescribeVodRefreshQuota", "https://vod.cn-shanghai.aliyuncs.com"},
		"cdn":  {"2018-05-10", "DescribeRefreshTasks", "cdn:DescribeRefreshTasks", "cdn:DescribeRefreshQuota", "https://cdn.aliyuncs.com"},
		"dcdn": {"2018-01-15", "DescribeDcdnRefreshTasks", "dcdn:DescribeDcdnRefreshTasks", "dcdn:DescribeDcdnRefreshQuota", "https://dcdn.aliyuncs.com"},
	}
	got := map[string][5]string{}
	for _, p := range aliyun.Products() {
		got[p.Name] = [5]string{p.Version, p.Action, p.Permission(), p.QuotaPermission(), p.Endpoint("cn-shanghai")}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := aliyun.ProductNamed("scdn"); ok {
		t.Error("scdn is a product")
	}
}

// What can be filtered on differs; whatever a row's type and status are, they pass.
func TestTypesAndStatusesOfProducts(t *testing.T) {
	for _, p := range aliyun.Products() {
		synctest.Test(t, func(t *testing.T) {
			now := time.Now()
			o := options()
			o.Product = p.Name
			s := apitest.New(o)
			rows := map[string]poller.Status{"file": "Timeout", "IgnoreParams": "Canceled", "block": "Complete", "regex": "Preloading", "unheard": "New"}
			for kind, status := range rows {
				add(t, s, apitest.Task{
					Key:     poller.Key{TaskID: "1", ObjectType: kind, ObjectPath: "https://a.example.com/" + kind},
					Created: now.Add(-time.Hour), Steps: []apitest.Step{{Status: status}},
				})
			}
			c := newClient(t, aliyun.Config{Product: p, Transport: s, MaxQPS: 100})
			got, err := c.List(t.Context(), lastDay(now), 1)
			if err != nil || len(got.Tasks) != len(rows) {
				t.Fatalf("%s: %+v, %v", p.Name, got, err)
			}
			for _, task := range got.Tasks {
				if rows[task.ObjectType] != task.Status {
					t.Errorf("%s: %+v, want %s", p.Name, task, rows[task.ObjectType])
				}
			}
			for _, kind := range p.Types {
				q := lastDay(now)
				q.ObjectType = kind
				if _, err := c.List(t.Context(), q, 1); err != nil {
					t.Errorf("%s: a filter by %s is refused: %v", p.Name, kind, err)
				}
			}
			q := lastDay(now)
			q.ObjectType, q.Status = "file", poller.Status("Timeout")
			_, err = c.List(t.Context(), q, 1)
			var e *poller.Error
			if p.Name == "vod" && (!errors.As(err, &e) || e.Class != poller.Rejected) || p.Name != "vod" && err != nil {
				t.Errorf("%s: a filter by Timeout: %v", p.Name, err)
			}
		})
	}
}

// Hints speak of the product that was asked.
func TestHintsNameTheProduct(t *testing.T) {
	for _, p := range aliyun.Products() {
		for _, f := range []struct {
			fault apitest.Fault
			want  string
		}{
			{apitest.NoPermission(), `"Action":"` + p.Permission() + `","Resource":"*"`},
			{apitest.Suspended(), p.Title},
			{apitest.OperationDenied(), p.Title},
			{apitest.Refused(403, "Unheard.Of", "no", poller.Denied), "product=" + p.Name},
			{apitest.BadGateway(), ""},
		} {
			synctest.Test(t, func(t *testing.T) {
				o := options()
				o.Product = p.Name
				s := apitest.New(o)
				s.Fault(f.fault)
				c := newClient(t, aliyun.Config{Product: p, Transport: s, MaxQPS: 100})
				_, err := c.List(t.Context(), lastDay(time.Now()), 1)
				var e *poller.Error
				if !errors.As(err, &e) || !strings.Contains(e.Hint, f.want) || strings.Contains(e.Hint, "VOD_") && p.Name != "vod" {
					t.Errorf("%s: %v, want a hint with %s", p.Name, err, f.want)
				}
			})
		}
	}
}

func TestQuota(t *testing.T) {
	for _, p := range aliyun.Products() {
		synctest.Test(t, func(t *testing.T) {
			o := options()
			o.Product = p.Name
			o.Quota = apitest.Quota{URL: 10000, URLLeft: 9, Dir: 100, DirLeft: 100, Preload: 1000}
			s := apitest.New(o)
			c := newClient(t, aliyun.Config{Product: p, Transport: s, MaxQPS: 100})
			s.Fault(apitest.Throttling().Times(1))
			got, err := c.Quota(t.Context())
			want := []poller.Quota{
				{ObjectType: "file", Total: 10000, Left: 9}, {ObjectType: "directory", Total: 100, Left: 100},
				{ObjectType: "preload", Total: 1000, Left: 0}, {ObjectType: "block", Total: 300, Left: 298},
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v\n%s", p.Name, err, diff)
			}
			requests := s.Requests()
			if last := requests[len(requests)-1]; last.Action != p.QuotaAction || len(requests) != 2 {
				t.Errorf("%s: asked %+v", p.Name, requests)
			}
		})
	}
}

// What an answer holds beside the documented pairs: new types pass, everything else is
// left out.
func TestQuotaOfUnknownTypes(t *testing.T) {
	for body, want := range map[string][]poller.Quota{
		`{"FaceQuota":"5","FaceRemain":"0","UrlQuota":"1","UrlRemain":"1"}`:                                                                                  {{ObjectType: "file", Left: 1, Total: 1}, {ObjectType: "face", Total: 5}},
		`{"urlquota":20,"URLREMAIN":2}`:                                                                                                                      {{ObjectType: "file", Left: 2, Total: 20}},
		`{"UrlQuota":"1","UrlRemain":"1","DirQuota":"7","PreloadRemain":"3"}`:                                                                                {{ObjectType: "file", Left: 1, Total: 1}},
		`{"UrlQuota":"1","UrlRemain":"1","<b>Quota":"7","<b>Remain":"3","Quota":"1","Remain":"1"}`:                                                           {{ObjectType: "file", Left: 1, Total: 1}},
		`{"UrlQuota":"1","UrlRemain":"1","DirQuota":"-7","DirRemain":"1e3","RegexQuota":"99999999999","RegexRemain":"1","BlockQuota":null,"BlockRemain":{}}`: {{ObjectType: "file", Left: 1, Total: 1}},
		`{"DirQuota":"0","DirRemain":"0"}`:                                                                                                                   {{ObjectType: "directory"}},
		`{"Quota":"1","Remain":"1"}`:                                                                                                                         nil,
		`{"Tasks":{"Task":[]}}`:                                                                                                                              nil,
		`[]`:                                                                                                                                                 nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, aliyun.Config{MaxQPS: 100, Transport: carrier(func(*http.Request) (*http.Response, error) { return respond(200, body), nil })})
			got, err := c.Quota(t.Context())
			if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want != nil) {
				t.Errorf("%s: %v\n%s", body, err, diff)
			}
		})
	}
}

func TestQuotaIsNotToBeHad(t *testing.T) {
	for name, row := range map[string]struct {
		fault apitest.Fault
		class poller.Class
		hint  string
	}{
		"permission": {apitest.NoPermission(), poller.Denied, "vod:DescribeVodRefreshQuota"},
		"empty":      {apitest.Empty(), poller.Transient, ""},
		"away":       {apitest.BadGateway(), poller.Transient, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := apitest.New(options())
			s.Fault(row.fault)
			got, err := client(t, s).Quota(t.Context())
			var e *poller.Error
			if !errors.As(err, &e) || e.Class != row.class || !strings.Contains(e.Hint, row.hint) || got != nil {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, aliyun.Config{MaxQPS: 100, Transport: carrier(func(*http.Request) (*http.Response, error) {
			return respond(200, `{"RequestId":"R-1","UrlQuota":"many","UrlRemain":"3"}`), nil
		})})
		_, err := c.Quota(t.Context())
		var e *poller.Error
		if !errors.As(err, &e) || e.Class != poller.Unreadable {
			t.Errorf("a quota of words: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the key's own permission is missing, not a role's
		o := options()
		o.QuotaDenied = true
		c := client(t, apitest.New(o))
		if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil {
			t.Errorf("the tasks are listed without the quota's permission: %v", err)
		}
		if _, err := c.Quota(t.Context()); err == nil {
			t.Error("the quota is read without its permission")
		}
	})
}
