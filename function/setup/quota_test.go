package setup

import (
	"strings"
	"sync"
	"testing"
	"time"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// From the API of each product, asked with its own action and as a role, to what a
// webhook receives: once, and without the permission nothing at all.
func TestLowQuota(t *testing.T) {
	var wg sync.WaitGroup
	for _, p := range aliyun.Products() {
		for _, denied := range []bool{false, true} {
			w := newWired(t, apitest.Options{
				Product: p.Name, RoleOnly: true, Roles: []apitest.Role{{ARN: testRole, ExternalID: testExternalID}},
				Quota: apitest.Quota{URL: 2000, URLLeft: 2000, Dir: 100, DirLeft: 9, Preload: 500, PreloadLeft: 50}, QuotaDenied: denied,
			})
			wg.Go(func() { quotaOnce(t, p, denied, w) })
		}
	}
	wg.Wait()
}

func quotaOnce(t *testing.T, p aliyun.Product, denied bool, w *wired) {
	for i := range 3 {
		if err := w.api.Add(apitest.Task{Key: rowNumber(i), Created: time.Now().Add(-time.Minute), Steps: apitest.Finish(0)}); err != nil {
			t.Error(err)
		}
		if report, err := w.poll(time.Minute); err != nil || report.Sent < 1 {
			t.Errorf("%s: %+v, %v", p.Name, report, err)
		}
	}
	const low = `"quota":[{"object_type":"directory","left":9,"total":100}]`
	notices, asked, want := 0, 0, 1
	if denied {
		want = 0
	}
	for _, post := range w.receiver.Posts(notifiertest.Webhook) {
		if body := string(post.Body); strings.Contains(body, `"type":"refreshwatch.quota"`) {
			notices += strings.Count(body, low)
		}
	}
	for _, r := range w.api.Requests() {
		if r.Action == p.QuotaAction {
			asked++
		}
	}
	if notices != want || asked != 1 {
		t.Errorf("%s, denied %v: notified %d times, asked %d times", p.Name, denied, notices, asked)
	}
	if said := w.log.String(); strings.Contains(strings.ToLower(said), "quota") || strings.Contains(said, "WARN") {
		t.Errorf("%s, denied %v: logged %s", p.Name, denied, said)
	}
}
