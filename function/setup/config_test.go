package setup

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/poller"
)

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestLoadConfig(t *testing.T) {
	got, err := LoadConfig(lookup(map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sec", "ALIBABA_CLOUD_SECURITY_TOKEN": "tok",
		"VOD_MAX_QPS": "2.5", "CHECKPOINT": "file:///var/lib/refreshwatch", "FIRST_RUN": "notify", "STALLED_AFTER": "45m",
		"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": " C0OPS ", "WEBHOOK_URL": "https://hooks.example.com/x", "MESSAGE_LANG": "zh",
		"WATCH_DOMAINS": "cdn.example.com, *.example.net", "HEARTBEAT_URL": "https://hc.example.com/1", "FEISHU_WEBHOOK_URL": "",
	}), false)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Key:    Key{ID: "id", Secret: "sec", Token: "tok"},
		Region: "cn-shanghai", Endpoint: "https://vod.cn-shanghai.aliyuncs.com", MaxQPS: 2.5,
		Checkpoint: "file:///var/lib/refreshwatch", NotifyFirst: true, StalledAfter: 45 * time.Minute,
		Scope: poller.Scope{Domains: []string{"cdn.example.com", "*.example.net"}},
		Sinks: []SinkConfig{
			{Name: "slack", Type: TypeSlack, Token: "xoxb-1", Channel: "C0OPS"},
			{Name: "webhook", Type: TypeWebhook, URL: "https://hooks.example.com/x"},
		},
		Routes: notifier.Routes{{To: []string{"slack", "webhook"}}},
		Lang:   "zh", SlackAPI: "https://slack.com/api/", Heartbeat: "https://hc.example.com/1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadConfigReportsEveryMistake(t *testing.T) {
	_, err := LoadConfig(lookup(map[string]string{
		"VOD_ENDPOINT": "http://vod.example.com", "VOD_MAX_QPS": "0", "FIRST_RUN": "nofity", "STALLED_AFTER": "soon",
		"WEBHOOK_SECRET": "whsec_hidden", "DINGTALK_SECRET": "SEC-hidden", "SLACK_CHANNEL": "C1", "WECOM_WEBHOOK_URL": "not a url hidden",
		"MESSAGE_LANG": "fr", "LOG_LEVEL": "loud", "WATCH_OBJECT_TYPES": "files",
	}), true)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"VOD_ENDPOINT: http is accepted for loopback only", "VOD_MAX_QPS: ", "FIRST_RUN: unknown value \"nofity\"; did you mean notify?",
		"STALLED_AFTER: ", "WEBHOOK_SECRET: set WEBHOOK_URL", "DINGTALK_SECRET: set DINGTALK_WEBHOOK_URL", "SLACK_BOT_TOKEN and SLACK_CHANNEL",
		"WECOM_WEBHOOK_URL: ", "MESSAGE_LANG: ", "LOG_LEVEL: ", "CHECKPOINT: must be set on Function Compute", "WATCH_OBJECT_TYPES: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("the error holds a secret: %v", err)
	}
	if t.Failed() {
		t.Log(err)
	}
}

func writeConfig(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "refreshwatch.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigFile(t *testing.T) {
	path := writeConfig(t, `
sinks:
  ops:  {type: slack, token: "${SLACK_BOT_TOKEN}", channel: C0OPS}
  hook: {type: webhook, url: "https://${HOST}/x", secret: "${WEBHOOK_SECRET}", on_unknown: drop, format: cloudevents}
routes:
  - match: {status: [Failed], object_type: [preload], domain: ["*.example.com"], path: ["/vip/*"]}
    to: [ops]
    mention: "<!subteam^S0123>"
    stop: true
  - to: [hook]
`)
	got, err := LoadConfig(lookup(map[string]string{
		"CONFIG_FILE": path, "CHECKPOINT": "file:///x", "SLACK_BOT_TOKEN": "xoxb-1", "WEBHOOK_SECRET": "whsec_1", "HOST": "h.example.com",
		"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/not/named/in/the/file",
	}), true)
	if err != nil {
		t.Fatal(err)
	}
	wantSinks := []SinkConfig{
		{Name: "ops", Type: TypeSlack, Token: "xoxb-1", Channel: "C0OPS", FromFile: true, OnUnknown: "resend"},
		{Name: "hook", Type: TypeWebhook, URL: "https://h.example.com/x", Secret: "whsec_1", FromFile: true, OnUnknown: "drop", Format: "cloudevents"},
	}
	wantRoutes := notifier.Routes{
		{Match: notifier.Match{Status: []string{"Failed"}, ObjectType: []string{"preload"}, Domain: []string{"*.example.com"}, Path: []string{"/vip/*"}},
			To: []string{"ops"}, Mention: "<!subteam^S0123>", Stop: true},
		{To: []string{"hook"}},
	}
	if diff := cmp.Diff(wantSinks, got.Sinks) + cmp.Diff(wantRoutes, got.Routes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigFileMistakes(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"not YAML":        {"sinks: [", []string{"CONFIG_FILE: not YAML"}},
		"empty":           {"", []string{"CONFIG_FILE: is empty"}},
		"no sinks":        {"routes: []", []string{"names no sink"}},
		"unknown keys":    {"sinks:\n  a: {type: wecom, url: https://h/x, chanel: C1}\nroute: []", []string{`line 2, column 38: unknown key "chanel" in sink a; did you mean channel?`, `line 3, column 1: unknown key "route" in the file; did you mean routes?`}},
		"unknown type":    {"sinks:\n  a: {type: slak}", []string{`line 2, column 13: sink a: unknown type "slak"; did you mean slack?`}},
		"missing field":   {"sinks:\n  a: {type: slack, token: x}", []string{"sink a: a sink of type slack needs channel"}},
		"field of others": {"sinks:\n  a: {type: wecom, url: https://h/x, secret: s}", []string{"sink a: a sink of type wecom takes no secret"}},
		"unset variable":  {"sinks:\n  a: {type: wecom, url: \"${NOPE}\"}", []string{"line 2, column 25: the variable NOPE is not set"}},
		"plain http":      {"sinks:\n  a: {type: wecom, url: http://h/x}", []string{"url must begin with https://"}},
		"unknown sink":    {"sinks:\n  ops: {type: wecom, url: https://h/x}\nroutes:\n  - to: [opps]", []string{`line 4, column 10: to: unknown sink "opps"; did you mean ops?`}},
		"unknown status":  {"sinks:\n  ops: {type: wecom, url: https://h/x}\nroutes:\n  - {match: {status: [Faild]}, to: [ops]}", []string{`status: unknown value "Faild"; did you mean Failed?`}},
		"no target":       {"sinks:\n  ops: {type: wecom, url: https://h/x}\nroutes:\n  - match: {status: [Failed]}", []string{"a route needs to"}},
		"twice":           {"sinks:\n  a: {type: wecom, url: https://h/x}\n  a: {type: wecom, url: https://h/y}", []string{"twice"}},
		"bad choice":      {"sinks:\n  a: {type: wecom, url: https://h/x, on_unknown: retry}", []string{`on_unknown: unknown value "retry"; known: resend, drop`}},
		"several at once": {"sinks:\n  a: {type: slak}\n  b: {type: wecom}", []string{"slak", "sink b: a sink of type wecom needs url"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := LoadConfig(lookup(map[string]string{"CONFIG_FILE": writeConfig(t, tt.text), "CHECKPOINT": "file:///x"}), true)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v\nlacks %q", err, want)
				}
			}
		})
	}
}

// A file that cannot be used is a list of mistakes, never a panic.
func FuzzConfigFile(f *testing.F) {
	f.Add("sinks:\n  a: {type: slack, token: x, channel: c}\nroutes:\n  - to: [a]\n")
	f.Add("sinks: &x {a: *x}")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(lookup(map[string]string{"CONFIG_FILE": path, "CHECKPOINT": "file:///x"}), true)
		if err == nil && len(c.Sinks) == 0 {
			t.Error("neither a sink nor a mistake")
		}
	})
}

// Whoever finds a mistake, the reader of variables or the part that is to work with
// them, all are told at once, and each once.
func TestConfigureReportsEverythingTogether(t *testing.T) {
	silent := func(slog.Level) *slog.Logger { return slog.New(slog.DiscardHandler) }
	w, err := Configure(lookup(map[string]string{
		"VOD_MAX_QPS": "fast", "VOD_ENDPOINT": "http://vod.example.com", "CHECKPOINT": "oss://bucket/prefix", "TEMPLATE_DIR": "/does/not/exist",
		"WEBHOOK_URL": "https://hooks.example.com/x", "WEBHOOK_SECRET": "no prefix", "HEARTBEAT_URL": "https://hc.example.com/1",
	}), true, silent, io.Discard)
	if watch.Code(err) != watch.CodeConfig {
		t.Fatalf("error %v", err)
	}
	for _, name := range []string{"VOD_MAX_QPS", "VOD_ENDPOINT", "CHECKPOINT", "TEMPLATE_DIR", "WEBHOOK_SECRET"} {
		if got := strings.Count(err.Error(), name); got != 1 {
			t.Errorf("%s is named %d times in:\n%v", name, got, err)
		}
	}
	if w.Config.Heartbeat == "" {
		t.Error("the monitor cannot be told: its URL is lost")
	}
	path := writeConfig(t, "sinks:\n  a: {type: webhook, url: https://h/x, secret: one}\n  b: {type: webhook, url: https://h/y, secret: two}\n")
	_, err = Configure(lookup(map[string]string{"CONFIG_FILE": path, "CHECKPOINT": "file:///x"}), true, silent, nil)
	for _, sink := range []string{"sink a: secret", "sink b: secret"} {
		if err == nil || !strings.Contains(err.Error(), sink) {
			t.Errorf("the mistake of %s is missing in:\n%v", sink, err)
		}
	}
	_, err = Configure(lookup(nil), true, silent, nil)
	for _, part := range []string{"CHECKPOINT: must be set", "no sink is configured: set SLACK_BOT_TOKEN"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("with nothing set, %q is missing in:\n%v", part, err)
		}
	}
}
