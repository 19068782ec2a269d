package setup

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// checked runs check against a simulated API that knows a few tasks of the last hour.
func checked(t *testing.T, req watch.Request, set map[string]string) watch.Report {
	t.Helper()
	report, err := check(t, req, set)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func check(t *testing.T, req watch.Request, set map[string]string) (watch.Report, error) {
	t.Helper()
	api := apitest.New(apitest.Options{AccessKeyID: "LTAI1", Secret: "s"})
	for i, object := range []string{"https://cdn.example.com/vip/a.mp4", "cdn.example.com/b.mp4", "https://img.example.net/c.png"} {
		key := poller.Key{TaskID: "100" + string(rune('0'+i)), ObjectType: "file", ObjectPath: object}
		if err := api.Add(apitest.Task{Key: key, Created: time.Now().Add(-10 * time.Minute), Steps: apitest.Finish(time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	endpoint, stop, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	env := map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI1", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s",
		"VOD_ENDPOINT": endpoint, "CHECKPOINT": "file://" + t.TempDir(),
	}
	for name, value := range set {
		env[name] = value
	}
	program, err := Configure(lookup(env), CommandLine, silent, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	req.Action = watch.ActionCheck
	return program.Run(t.Context(), req, program.Log)
}

func item(r watch.Report, name string) watch.Finding {
	if i := slices.IndexFunc(r.Checks, func(f watch.Finding) bool { return f.Item == name }); i >= 0 {
		return r.Checks[i]
	}
	return watch.Finding{}
}

func TestCheckSaysWhatScopeAndRoutesMatch(t *testing.T) {
	file := writeConfig(t, `
sinks:
  ops: {type: slack-webhook, url: "https://hooks.example.com/x"}
  idle: {type: slack-webhook, url: "https://hooks.example.com/y"}
routes:
  - {match: {path: ["/vip/*"], status: [Failed]}, to: [ops]}
  - {match: {domain: [cnd.example.com]}, to: [ops]}
  - to: [ops]
`)
	r := checked(t, watch.Request{}, map[string]string{
		"CONFIG_FILE": file, "WATCH_DOMAINS": "*.example.com", "WEBHOOK_URL": "https://forgotten.example.com/", "CDN_MAX_QPS": "3",
	})
	for name, want := range map[string]watch.Finding{
		"scope":            {Level: sink.OK, Detail: "matches 2 of 3 tasks of the last hour"},
		"route 1":          {Level: sink.OK, Detail: "matches 0 of 2 watched tasks of the last hour (1 with any status), for ops"}, // that none failed is no mistake
		"route 2":          {Level: sink.Warn, Detail: "matches 0 of 2 watched tasks of the last hour, for ops"},
		"route 3":          {Level: sink.OK, Detail: "matches 2 of 2 watched tasks of the last hour, for ops"},
		"sink idle: route": {Level: sink.Warn, Detail: "no route leads to it"},
		"variables":        {Level: sink.Warn, Detail: "WEBHOOK_URL, CDN_MAX_QPS: set without effect"},
	} {
		if got := item(r, name); got.Level != want.Level || !strings.Contains(got.Detail, want.Detail) || (got.Level == sink.Warn) != (got.Hint != "") {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	r = checked(t, watch.Request{}, map[string]string{"WATCH_DOMAINS": "vod.example.com"})
	if got := item(r, "scope"); got.Level != sink.Warn || !strings.Contains(got.Hint, "WATCH_DOMAINS") {
		t.Errorf("a scope that matches nothing: %+v", got)
	}
}

func TestCheckNamesMisspeltVariables(t *testing.T) {
	known := []string{"SLACK_BOT_TOKEN", "WATCH_DOMAINS", "VOD_REGION", "VOD_ENDPOINT", "CDN_ENDPOINT", "LABEL", "NOTIFY"}
	environ := []string{"SLACK_BOT_TOKN=x", "WATCH_DOMAIN=x", "vod_region=x", "VOD_ENDPOINT=x", "CDN_ENDPOINT=x", "LABELS=x", "WATCH_DOMAINZ=", "PATH=/bin", "=C:=x"}
	if got := strings.Join(misspelt(environ, known), " "); got != "SLACK_BOT_TOKN WATCH_DOMAIN vod_region" {
		t.Errorf("got %s", got)
	}
	t.Setenv("STALED_AFTER", "1h")
	if got := item(checked(t, watch.Request{Offline: true}, nil), "variable STALED_AFTER"); got.Level != sink.Warn || got.Hint != "Did you mean STALLED_AFTER?" {
		t.Errorf("%+v", got)
	}
}

func TestCheckOfflineContactsNothing(t *testing.T) {
	r := checked(t, watch.Request{Offline: true}, map[string]string{"VOD_ENDPOINT": "http://127.0.0.1:1", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": "C1", "SLACK_API_URL": "http://127.0.0.1:1/"})
	if r.APICalls != 0 || len(r.Checks) != 4 {
		t.Errorf("%+v", r.Checks)
	}
	if err := (watch.Request{Action: watch.ActionCheck, Offline: true, Post: true}).Validate(); err == nil {
		t.Error("offline and post go together")
	}
}

// A clock that is five minutes off still works, and will not for long: check says so.
func TestCheckComparesTheClock(t *testing.T) {
	for _, tt := range []struct {
		ahead time.Duration
		want  sink.Level
	}{{0, sink.OK}, {time.Minute, sink.OK}, {5 * time.Minute, sink.Bad}, {-5 * time.Minute, sink.Bad}} {
		api := apitest.New(apitest.Options{AccessKeyID: "LTAI1", Secret: "s", Skew: tt.ahead})
		endpoint, stop, err := api.Start()
		if err != nil {
			t.Fatal(err)
		}
		program, err := Configure(lookup(map[string]string{
			"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI1", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s",
			"VOD_ENDPOINT": endpoint, "CHECKPOINT": "file://" + t.TempDir(),
		}), CommandLine, silent, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		report, err := program.Run(t.Context(), watch.Request{Action: watch.ActionCheck}, program.Log)
		stop()
		if got := item(report, "clock"); got.Level != tt.want || (err != nil) != (tt.want == sink.Bad) {
			t.Errorf("the API's clock %s ahead: %+v, %v; want level %v", tt.ahead, got, err, tt.want)
		}
	}
}

// Who has no file has no routes: check speaks of the variables.
func TestCheckNamesNotifyAndMention(t *testing.T) {
	for _, tt := range []struct{ notify, mention, want string }{
		{"failed", "@all", "matches 0 of 3 watched tasks of the last hour, for dingtalk"},
		{"all", "@13800000000", "matches 3 of 3 watched tasks of the last hour, for dingtalk"},
		{"", "", "matches 3 of 3 watched tasks of the last hour, for dingtalk"},
	} {
		r, _ := check(t, watch.Request{}, map[string]string{"DINGTALK_WEBHOOK_URL": "http://127.0.0.1:1/robot/send?access_token=" + strings.Repeat("a", 64), "NOTIFY": tt.notify, "MENTION": tt.mention})
		if got := item(r, "NOTIFY="+cmp.Or(tt.notify, "all")).Detail; got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
		if got := item(r, "MENTION").Detail; (got == "") != (tt.mention == "") || !strings.HasPrefix(got, tt.mention) {
			t.Errorf("%+v: MENTION: %q", tt, got)
		}
		if got := item(r, "NOTIFY").Detail; (got != "") != (tt.notify == "failed") || item(r, "route 1").Item != "" {
			t.Errorf("%+v: %+v", tt, r.Checks)
		}
	}
	r := checked(t, watch.Request{}, map[string]string{"NOTIFY": "failed"})
	if got := item(r, "NOTIFY=failed").Detail; got != "matches 0 of 3 watched tasks of the last hour, for console" {
		t.Errorf("without a sink: %q", got)
	}
}
