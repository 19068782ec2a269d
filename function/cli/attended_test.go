package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller/aliyun/apitest"
)

// Whoever starts a command on a terminal reads there why it failed; the team is not
// notified. What nobody reads does notify it: of a wrong key at once.
func TestTroubleOnATerminalIsNotPosted(t *testing.T) {
	for _, s := range []struct {
		name     string
		args     []string
		terminal bool
		troubles int
	}{
		{"poll on a terminal", []string{"poll"}, true, 0},
		{"as JSON", []string{"poll", "-json"}, true, 0},
		{"quiet", []string{"poll", "-quiet"}, true, 0},
		{"an invocation on a terminal", []string{"invoke", "-event", "-"}, true, 0},
		{"a backfill", []string{"backfill", "-renotify"}, true, 0},
		{"poll from cron", []string{"poll"}, false, 1},
		{"an invocation without one", []string{"invoke", "-event", "-"}, false, 1},
		{"the loop, whoever started it", []string{"run"}, true, 1},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			api, receiver := apitest.New(apitest.Options{Strict: true}), &notifiertest.Receiver{}
			endpoint, stop, err := api.Start()
			if err == nil {
				defer stop()
				err = receiver.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			defer receiver.Close()
			env := map[string]string{
				"VOD_ENDPOINT": endpoint, "CHECKPOINT": "file://" + t.TempDir(), "WEBHOOK_URL": receiver.URL(notifiertest.Webhook),
				"ALIBABA_CLOUD_ACCESS_KEY_ID": apitest.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "not-the-secret-of-this-key",
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var out bytes.Buffer
			stderr := untilSaid{advice: "Check ALIBABA_CLOUD_ACCESS_KEY_SECRET", then: cancel} // ends the loop
			Run(ctx, s.args, Shell{
				In: strings.NewReader("{}"), Out: &out, Err: &stderr, OutTTY: s.terminal, ErrTTY: s.terminal,
				Getenv: func(name string) string { return env[name] },
			})
			if ctx.Err() == nil {
				t.Errorf("stderr does not say %q:\n%s\nstdout:\n%s", stderr.advice, &stderr.said, &out)
			}
			troubles := 0
			for _, post := range receiver.Posts(notifiertest.Webhook) {
				if strings.Contains(string(post.Body), `"refreshwatch.trouble"`) {
					troubles++
				}
			}
			if troubles != s.troubles {
				t.Errorf("%d notices of trouble, want %d", troubles, s.troubles)
			}
		})
	}
}

// untilSaid is a terminal whose reader acts on an advice.
type untilSaid struct {
	said   bytes.Buffer
	advice string
	then   func()
}

func (u *untilSaid) Write(p []byte) (int, error) {
	u.said.Write(p)
	if strings.Contains(u.said.String(), u.advice) {
		u.then()
	}
	return len(p), nil
}
