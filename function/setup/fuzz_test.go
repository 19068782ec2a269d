package setup

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"refreshwatch/poller"
)

// secretVariables hold a secret in FuzzConfiguration: what the fuzzer puts around it
// is what an editor, a shell or a copy leaves there.
var secretVariables = []string{
	"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN",
	"SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL", "WEBHOOK_URL", "WEBHOOK_SECRET", "DINGTALK_WEBHOOK_URL", "DINGTALK_SECRET",
	"FEISHU_WEBHOOK_URL", "FEISHU_SECRET", "WECOM_WEBHOOK_URL", "HEARTBEAT_URL", "SLACK_API_URL", "VOD_ENDPOINT",
}

var plainVariables = []string{
	"PRODUCT", "VOD_REGION", "VOD_MAX_QPS", "FIRST_RUN", "STALLED_AFTER", "WATCH_DOMAINS", "WATCH_OBJECT_TYPES", "CHECKPOINT",
	"SLACK_CHANNEL", "MENTION", "NOTIFY", "GROUP_WAIT", "LABEL", "CONSOLE_URL", "TIME_ZONE", "MESSAGE_LANG", "TEMPLATE_DIR", "LOG_LEVEL",
}

const planted = "hunter2SECRET"

// FuzzConfiguration: no environment and no CONFIG_FILE makes it panic, leaks a secret,
// names no setting, or is accepted and can match nothing.
func FuzzConfiguration(f *testing.F) {
	f.Add(byte(3), `"`, `"`, byte(5), "https://vod.example.com", "")
	f.Add(byte(4), "https://h/", "\u200b", byte(5), ".example.com:1,", "sinks:\n  a: {type: wecom, url: \"https://h/?key=${SLACK_BOT_TOKEN}\"}\nroutes:\n  - {match: {domain: [\"*\"], path: [/a]}, to: [a], stop: true}\n")
	f.Add(byte(12), "Bearer ", ",", byte(7), "oss://b/p?region=x", "sinks: &x {a: *x, <<: *x}")
	f.Add(byte(6), "whsec_", "=", byte(9), "<!here>", "\xff\xfes\x00")
	f.Add(byte(0), "", "", byte(4), "45", "sinks:\n  a: {type: slack-webhook, url: \"${HOOK:-SECRET}\"}\n  b: {type: webhook, url: $SECRET, secret: {SECRET}}\n")
	f.Add(byte(0), "", "", byte(4), "45", "sinks:\n  a: {type: slack, token:SECRET, channel: \"SECRET\", on_unknown: SECRET}\nroutes: SECRET\n")
	f.Fuzz(func(t *testing.T, which byte, before, after string, other byte, value, file string) {
		if strings.Contains(before+after+value+file, planted) || strings.ContainsRune(before+after+value, 0) {
			return
		}
		secret := before + planted + after
		file = strings.ReplaceAll(file, "SECRET", planted)
		env := map[string]string{
			"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": "C0OPS", "CHECKPOINT": "file:///x",
			secretVariables[int(which)%len(secretVariables)]: secret,
			plainVariables[int(other)%len(plainVariables)]:   value,
		}
		if file != "" {
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			env["CONFIG_FILE"] = path
		}
		w, err := Configure(lookup(env), CommandLine, silent, io.Discard)
		if err != nil {
			if strings.Contains(err.Error(), planted) {
				t.Errorf("leaks: %v", err)
			}
			for _, m := range poller.Mistakes(err) {
				if m.Setting == "" || strings.ContainsFunc(m.Error(), unprintable) {
					t.Errorf("no setting, or a control character: %q", m)
				}
			}
			return
		}
		mayMatch(t, w.Config)
	})
}

// mayMatch: every pattern of an accepted configuration matches something, every sink
// is there, and some route leads to one.
func mayMatch(t *testing.T, c Config) {
	domains, paths := c.Scope.Domains, []string(nil)
	for _, r := range c.Routes {
		domains, paths = append(domains, r.Match.Domain...), append(paths, r.Match.Path...)
	}
	for _, pattern := range domains {
		host := strings.NewReplacer("*", "a.b", "?", "a").Replace(pattern)
		object := "https://" + host + "/"
		if strings.Count(host, ":") > 1 {
			object = "https://[" + host + "]/"
		}
		if task := (poller.Task{Key: poller.Key{ObjectPath: object}}); !poller.MatchDomain(pattern, task.Domain()) {
			t.Errorf("%q matches not even %q", pattern, task.Domain())
		}
	}
	for _, pattern := range paths {
		path := strings.NewReplacer("*", "/", "?", "/", "#", "%23").Replace(pattern)
		if task := (poller.Task{Key: poller.Key{ObjectPath: "https://h" + path}}); !poller.Glob(pattern, task.Path()) {
			t.Errorf("%q matches not even %q", pattern, task.Path())
		}
	}
	if len(c.Sinks) == 0 || len(c.Routes) == 0 {
		t.Errorf("%d sinks, %d routes", len(c.Sinks), len(c.Routes))
	}
}
