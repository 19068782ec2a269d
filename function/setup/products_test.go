package setup

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

const (
	testRole       = "acs:ram::1234567890123456:role/refreshwatch"
	testExternalID = "external-id-hunter2"
)

// The whole behaviour from configuration to what a webhook receives, for each product,
// with the program's own key and as a role of another account: three pages that drift
// while they are read, an API that throttles, breaks and counts requests; every row is
// notified once. Backfill notifies of what was notified only when it is asked to.
func TestEveryProduct(t *testing.T) {
	t.Parallel() // most of its time is waiting
	var wg sync.WaitGroup
	for _, p := range aliyun.Products() {
		for _, asRole := range []bool{false, true} {
			o := apitest.Options{Product: p.Name, Strict: true, RoleOnly: asRole}
			if asRole {
				o.Roles = []apitest.Role{{ARN: testRole, ExternalID: testExternalID}}
			}
			w := newWired(t, o)
			name := fmt.Sprintf("%s, as a role %v", p.Name, asRole)
			wg.Go(func() { everyRowOnce(t, name, p, w) })
		}
	}
	wg.Wait()
}

func everyRowOnce(t *testing.T, name string, p aliyun.Product, w *wired) {
	const rows = 130
	now := time.Now()
	row := func(i int) apitest.Task {
		task := apitest.Task{Key: rowNumber(i), Created: now.Add(-time.Hour - time.Duration(i)*time.Second), Steps: apitest.Finish(time.Minute)}
		switch i {
		case 3:
			task.Steps = apitest.Fail(time.Minute, "Origin Timeout")
		case 4:
			task.ObjectType = p.Types[len(p.Types)-1]
		case 5:
			task.Steps = apitest.Stuck(time.Minute)
		case 6:
			task.Steps = []apitest.Step{{After: time.Minute, Status: "Timeout"}}
		case 7:
			task.Steps = []apitest.Step{{After: time.Minute, Status: "Canceled"}}
		}
		return task
	}
	for i := range rows {
		if err := w.api.Add(row(i)); err != nil {
			t.Error(err)
		}
	}
	w.api.Fault(
		apitest.BadGateway().Times(1), apitest.Throttling().Times(1),
		apitest.Insertion(row(rows)).Times(1).When(apitest.OnPage(1)), apitest.Shuffled().Times(2), apitest.Truncated().Times(1),
	)
	poll := func() watch.Report {
		report, err := w.poll(time.Minute)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return report
	}
	first := poll()
	var all watch.Report
	for _, r := range []watch.Report{first, poll(), poll()} { // what was inserted meanwhile may take another poll
		all.New, all.Failed, all.Canceled, all.Complete, all.InFlight = all.New+r.New, all.Failed+r.Failed, all.Canceled+r.Canceled, all.Complete+r.Complete, r.InFlight
	}
	if all.New != rows || all.Failed != 2 || all.Canceled != 1 || all.Complete != rows-3 || all.InFlight != 1 {
		t.Errorf("%s: %+v after three polls, the first with %+v", name, all, first)
	}
	if err := w.api.Set(row(5).Key, poller.Complete, "100%", ""); err != nil {
		t.Error(err)
	}
	if r := poll(); r.New != 1 || r.InFlight != 0 {
		t.Errorf("%s: the last row: %+v", name, r)
	}
	if r, err := w.run(time.Minute, watch.Request{Action: watch.ActionBackfill, Since: "2h"}); err != nil || r.Covered != 0 {
		t.Errorf("%s: backfill of what was notified: %+v, %v", name, r, err)
	}
	seen := map[string]int{}
	for _, post := range w.receiver.Posts(notifiertest.Webhook) {
		if want := `{"type":"` + p.Name + `.refresh_tasks.finished"`; !strings.HasPrefix(string(post.Body), want) {
			t.Errorf("%s: posted %.80s, want %s", name, post.Body, want)
		}
		for i := range rows + 1 {
			seen[row(i).TaskID] += strings.Count(string(post.Body), `"task_id":"`+row(i).TaskID+`"`)
		}
	}
	for i := range rows + 1 {
		if n := seen[row(i).TaskID]; n != 1 {
			t.Errorf("%s: row %d was notified %d times", name, i, n)
		}
	}
	for _, r := range w.api.Requests() {
		if r.Action != p.Action && r.Action != p.QuotaAction && r.Action != "AssumeRole" {
			t.Errorf("%s: asked %s", name, r.Action)
		}
	}
}

// check says of each step whether it works, and of a missing one what to do; what does
// not work is not asked for.
func TestCheckOfARole(t *testing.T) {
	for _, row := range []struct {
		name  string
		edit  func(*apitest.Options)
		fault *apitest.Fault
		want  map[string]string // what the findings say, by item
		api   bool              // the API is asked
	}{
		{"all is well", nil, nil, map[string]string{"role": testRole + " is assumed", "api": "0 tasks", "quota": "file 1996/2000, directory 99/100, preload 400/500"}, true},
		{"no trust", func(o *apitest.Options) { o.Roles[0].Caller = "acs:ram::9:role/x" }, nil,
			map[string]string{"role": "in the trust policy of " + testRole}, false},
		{"no permission", nil, on(apitest.NoPermission(), "DescribeVodRefreshTasks"),
			map[string]string{"role": "is assumed", "api": "Grant the role " + testRole + " the permission vod:DescribeVodRefreshTasks"}, true},
		{"no quota", func(o *apitest.Options) { o.QuotaDenied = true }, nil,
			map[string]string{"api": "0 tasks", "quota": "vod:DescribeVodRefreshQuota"}, true},
		{"little left", func(o *apitest.Options) { o.Quota = apitest.Quota{URL: 2000, URLLeft: 199, Dir: 100, DirLeft: 10} }, nil,
			map[string]string{"quota": "file 199/2000"}, true},
		{"STS throttles", nil, on(apitest.Throttling(), "AssumeRole"),
			map[string]string{"role": "assume the role " + testRole + ": Request was denied due to request throttling. (request *). Check whether another program calls the same API"}, false},
		{"STS is down", nil, on(apitest.BadGateway(), "AssumeRole"),
			map[string]string{"role": "assume the role " + testRole + ": the answer is HTTP 502 and not the API's own. Try again in a few minutes"}, false},
		{"the API is down", nil, on(apitest.BadGateway(), "DescribeVodRefreshTasks"),
			map[string]string{"role": "is assumed", "api": "the answer is HTTP 502 and not the API's own. Try again in a few minutes"}, true},
	} {
		o := apitest.Options{RoleOnly: true, Roles: []apitest.Role{{ARN: testRole, ExternalID: testExternalID}}}
		if row.edit != nil {
			row.edit(&o)
		}
		w := newWired(t, o)
		if row.fault != nil {
			w.api.Fault(*row.fault)
		}
		report, _ := w.run(time.Minute, watch.Request{Action: watch.ActionCheck})
		said, levels := map[string]string{}, map[string]sink.Level{}
		for _, f := range report.Checks {
			said[f.Item] += f.Detail + ". " + f.Hint
			levels[f.Item] = f.Level
		}
		for item, want := range row.want {
			if !poller.Glob("*"+want+"*", said[item]) {
				t.Errorf("%s: %s: %q, want %q", row.name, item, said[item], want)
			}
		}
		for _, f := range report.Checks {
			if f.Level == sink.Bad && f.Hint == "" {
				t.Errorf("%s: no hint for %+v", row.name, f)
			}
		}
		if _, asked := said["api"]; asked != row.api {
			t.Errorf("%s: the API is asked: %v", row.name, asked)
		}
		if want := map[string]sink.Level{"all is well": sink.OK, "no quota": sink.Warn, "little left": sink.Warn}[row.name]; levels["quota"] != want {
			t.Errorf("%s: the quota is %q, want %q", row.name, levels["quota"], want)
		}
	}
}

func on(f apitest.Fault, action string) *apitest.Fault {
	f = f.When(func(r apitest.Request) bool { return r.Action == action })
	return &f
}
