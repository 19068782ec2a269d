package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/template"
)

// previewed runs preview with these variables and is its exit code, stdout and stderr.
func previewed(t *testing.T, env map[string]string, args ...string) (int, string, string) {
	t.Helper()
	var out, err bytes.Buffer
	env["HOME"] = t.TempDir()
	sh := Shell{Out: &out, Err: &err, Getenv: func(name string) string { return env[name] }}
	code := Run(t.Context(), append([]string{"preview"}, args...), sh)
	return code, out.String(), err.String()
}

// TestPreviewPostsMarkedSamples: people and machines see that it is only a sample, each
// has an id of its own, and nobody is mentioned.
func TestPreviewPostsMarkedSamples(t *testing.T) {
	for lang, mark := range map[string]string{"en": "sample", "zh": "示例"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel() // Feishu takes four messages a second
			r := notifiertest.NewRig(t, lang)
			r.Receiver.Now = time.Now
			code, out, stderr := previewed(t, map[string]string{
				"FEISHU_WEBHOOK_URL": r.URL(notifiertest.Feishu), "FEISHU_SECRET": r.FeishuSecret,
				"WEBHOOK_URL": r.URL(notifiertest.Webhook), "WEBHOOK_SECRET": r.WebhookSecret,
				"MESSAGE_LANG": lang, "LABEL": "prod",
			}, "-post")
			if code != 0 || stderr != "" {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			ids := map[string]bool{}
			posts := append(r.Posts(notifiertest.Feishu), r.Posts(notifiertest.Webhook)...)
			for _, post := range posts {
				if !post.Arrived || !strings.Contains(string(post.Body), mark) {
					t.Errorf("%v %s", post.Problem, post.Body)
				}
				ids[post.ID] = true
			}
			if n := len(template.Samples()); len(posts) != 2*n || len(ids) < n || strings.Count(out, "posted")+strings.Count(out, "已发送") != 2*n {
				t.Errorf("%d posts with %d ids, %d samples:\n%s", len(posts), len(ids), n, out)
			}
		})
	}
}

// TestPreviewPostFails at the sink that refuses, and goes on with the others.
func TestPreviewPostFails(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	r.Receiver.Now = time.Now
	code, out, stderr := previewed(t, map[string]string{
		"SLACK_API_URL": r.URL(notifiertest.SlackPost), "SLACK_BOT_TOKEN": "xoxb-wrong", "SLACK_CHANNEL": notifiertest.SlackChannel,
		"WEBHOOK_URL": r.URL(notifiertest.Webhook), "WEBHOOK_SECRET": r.WebhookSecret,
	}, "-post")
	if code != 1 || strings.Count(stderr, "invalid_auth") != 1 || strings.Count(out, "webhook: posted") != len(template.Samples()) {
		t.Errorf("exit %d, stderr %q, stdout %q", code, stderr, out)
	}
	r.AssertNoSecret(t, stderr, out)
	if code, _, stderr := previewed(t, map[string]string{}, "-post"); code != 2 || !strings.Contains(stderr, "no sink is configured") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

// TestPreviewShowsOverrides in the sink they are for, also to people.
func TestPreviewShowsOverrides(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "slack.tmpl"), []byte(`{{define "title"}}*our own & {{.Rows}}*{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := previewed(t, map[string]string{
		"SLACK_WEBHOOK_URL": "http://127.0.0.1:1/x", "WECOM_WEBHOOK_URL": "http://127.0.0.1:1/y", "TEMPLATE_DIR": dir,
	})
	slack, wecom, _ := strings.Cut(out, "── wecom · complete")
	if code != 0 || !strings.Contains(slack, "\nour own & 1\n") || strings.Contains(wecom, "our own") || !strings.Contains(wecom, "\n✅ URL refresh complete") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	for _, hidden := range []string{"hostile", "empty", "chinese", "block-kit-builder", "<font", "**"} {
		if strings.Contains(out, hidden) {
			t.Errorf("%q is shown to people", hidden)
		}
	}
}

// TestPreviewEndsQuietly: | head has seen enough.
func TestPreviewEndsQuietly(t *testing.T) {
	for _, args := range [][]string{{"preview"}, {"preview", "-json"}} {
		var stderr bytes.Buffer
		closed := &closing{after: 3}
		env := map[string]string{"SLACK_WEBHOOK_URL": "http://127.0.0.1:1/x", "WEBHOOK_URL": "http://127.0.0.1:1/y", "HOME": t.TempDir()}
		Run(t.Context(), args, Shell{Out: closed, Err: &stderr, Getenv: func(name string) string { return env[name] }})
		if stderr.Len() != 0 || closed.writes > closed.after+1 {
			t.Errorf("%v: %d writes, stderr %q", args, closed.writes, stderr.String())
		}
	}
}

// closing is a pipe whose reader leaves after some writes.
type closing struct{ writes, after int }

func (c *closing) Write(p []byte) (int, error) {
	if c.writes++; c.writes > c.after {
		return 0, fmt.Errorf("write |1: %w", syscall.EPIPE)
	}
	return len(p), nil
}

// TestPreviewFollowsNotifyAndMention: the sample shows what the sink would get.
func TestPreviewFollowsNotifyAndMention(t *testing.T) {
	env := map[string]string{"DINGTALK_WEBHOOK_URL": "http://127.0.0.1:1/robot/send?access_token=" + strings.Repeat("a", 64), "NOTIFY": "failed", "MENTION": "@13800000000"}
	code, out, stderr := previewed(t, env)
	if code != 0 {
		t.Fatal(stderr)
	}
	for sample, want := range map[string]struct{ notified, mentioned bool }{
		"complete": {}, "canceled": {}, "failed": {true, true}, "timeout": {true, true}, "stalled": {true, true}, "batch": {true, true}, "gap": {true, false},
	} {
		_, part, _ := strings.Cut(out, "── dingtalk · "+sample)
		part, _, _ = strings.Cut(part, "\n── ")
		if strings.Contains(part, "not notified") == want.notified || strings.Contains(part, "13800000000") != want.mentioned {
			t.Errorf("%s: %s", sample, part)
		}
		if sample == "batch" && strings.Contains(part, "40") {
			t.Errorf("rows that are not notified are in the message: %s", part)
		}
	}
	if _, out, _ := previewed(t, env, "-json"); !strings.Contains(out, "13800000000") {
		t.Errorf("no body mentions anybody: %s", out)
	}
}
