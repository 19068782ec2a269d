package notifier

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/template"
)

const (
	testToken   = "xoxb-12-34-bottokensecret"
	testChannel = "C0OPS"
)

var testNow = time.Date(2026, 11, 20, 8, 30, 2, 0, time.UTC)

// rig is all sinks in front of one receiver.
type rig struct {
	*notifiertest.Receiver
	kit    Kit
	mu     sync.Mutex
	warned []string
}

// newRig starts a receiver.
func newRig(t *testing.T, lang string) *rig {
	t.Helper()
	r := newReceiver()
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	out := NewOutlet(0)
	t.Cleanup(out.Close)
	return withSinks(t, r, out, words(t, lang))
}

func newReceiver() *notifiertest.Receiver {
	return &notifiertest.Receiver{
		Slack: notifiertest.Workspace{
			Token:    testToken,
			Channels: []*notifiertest.Channel{{ID: testChannel, Name: "ops", Member: true}},
		},
		WebhookSecret:  "whsec_" + base64.StdEncoding.EncodeToString([]byte("webhooksigningsecret-32-bytes-ok")),
		DingTalkSecret: "SECdingtalksigningsecret",
		FeishuSecret:   "feishusigningsecret",
		Now:            func() time.Time { return testNow },
	}
}

func words(t testing.TB, lang string) *template.Set {
	t.Helper()
	set, err := template.Load(template.Options{Lang: lang})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func withSinks(t *testing.T, receiver *notifiertest.Receiver, out *Outlet, words *template.Set) *rig {
	t.Helper()
	r := &rig{Receiver: receiver}
	r.kit = Kit{
		Outlet: out, Templates: words, Region: "cn-shanghai", Now: receiver.Now, Unpaced: true,
		Warn: func(text string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.warned = append(r.warned, text)
		},
	}
	return r
}

// untilItHangs is a context that ends when the receiver hangs, so that no test
// waits for a timeout.
func (r *rig) untilItHangs(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r.Hanging = cancel
	return ctx
}

// place is a sink, and where its posts arrive.
type place struct {
	name     string
	endpoint notifiertest.Endpoint
	sink     Sink
}

func (r *rig) places(t *testing.T) []place {
	t.Helper()
	hook := Webhook{Kit: r.kit, URL: Secret(r.URL(notifiertest.Webhook)), Secret: Secret(r.WebhookSecret)}
	events := hook
	events.Format = "cloudevents"
	return []place{
		{"slack", notifiertest.SlackPost, r.slack(t)},
		{"slack-webhook", notifiertest.SlackHook, must(t)(NewSlackHook(SlackHook{Kit: r.kit, URL: Secret(r.URL(notifiertest.SlackHook))}))},
		{"webhook", notifiertest.Webhook, must(t)(NewWebhook(hook))},
		{"webhook-cloudevents", notifiertest.Webhook, must(t)(NewWebhook(events))},
		{"dingtalk", notifiertest.DingTalk, r.robot(t, template.DingTalk, r.DingTalkSecret)},
		{"feishu", notifiertest.Feishu, r.robot(t, template.Feishu, r.FeishuSecret)},
		{"wecom", notifiertest.WeCom, r.robot(t, template.WeCom, "")},
	}
}

func (r *rig) slack(t *testing.T) *Slack {
	t.Helper()
	s, err := NewSlack(Slack{Kit: r.kit, Token: testToken, Channel: testChannel, APIURL: r.URL(notifiertest.SlackPost)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *rig) robot(t *testing.T, kind template.Dialect, secret string) *Robot {
	t.Helper()
	s, err := NewRobot(Robot{Kit: r.kit, Kind: kind, URL: Secret(r.URL(notifiertest.Endpoint(kind))), Secret: Secret(secret)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func must(t *testing.T) func(Sink, error) Sink {
	return func(s Sink, err error) Sink {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// one is a delivery about one row.
func one(id int) Delivery {
	return Delivery{
		ID: fmt.Sprintf("d_%032x", id), Sink: "test", Kind: poller.Finished, Created: testNow,
		Events: template.Samples()[0].Message.Events,
	}
}

// asDelivery is the delivery that a template sample would come from.
func asDelivery(s template.Sample) Delivery {
	m := s.Message
	return Delivery{
		ID: m.ID, Sink: "test", Kind: m.Kind, Events: m.Events, Notice: m.Notice,
		Digest: m.Digest, Mention: m.Mention, Created: testNow,
	}
}

// assertNoSecret fails when a text that people may read holds what only the
// receiver may know.
func (r *rig) assertNoSecret(t *testing.T, texts ...string) {
	t.Helper()
	r.mu.Lock()
	texts = append(texts, r.warned...)
	r.mu.Unlock()
	secrets := []string{
		"bottokensecret", "slackhooksecret", "webhookurlsecret", "dingtalktokensecret", "feishutokensecret", "wecomkeysecret",
		"webhooksigningsecret", strings.TrimPrefix(r.WebhookSecret, "whsec_"), r.DingTalkSecret, r.FeishuSecret,
		"access_token=", "/services/", "sign=",
	}
	for _, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows %q", text, secret)
			}
		}
	}
}
