package slack

import (
	"context"
	"net/http"
	"strings"
	"time"

	"refreshwatch/notifier/sink"
)

// WebhookConfig is what an incoming webhook needs.
type WebhookConfig struct {
	sink.Common
	URL sink.Secret // "https://hooks.slack.com/services/…"; http on this machine only
}

// Webhook posts to a Slack incoming webhook. It has no history to ask and no
// threads; success is the body "ok", or what services with compatible webhooks answer
// (see [sink.Accepted]).
type Webhook struct {
	WebhookConfig
	pace sink.Pace
}

// NewWebhook checks the settings. Its mistakes are [*poller.Mistake]s.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	if err := IncomingWebhook().Check(sink.Settings{"url": cfg.URL}); err != nil {
		return nil, err
	}
	w := &Webhook{WebhookConfig: cfg}
	if !cfg.Unpaced { // "1 per second", incoming webhooks, read 2026-11
		w.pace = sink.Pace{sink.Every(time.Second, 1)}
	}
	return w, nil
}

// Send posts the message once. A message that is refused for its layout is sent
// once more as plain text.
func (w *Webhook) Send(ctx context.Context, m sink.Message) error {
	ctx, cancel := context.WithTimeout(ctx, sink.PostTimeout)
	defer cancel()
	p, err := newPayload(w.Common, m)
	if err != nil {
		return err
	}
	err = w.post(ctx, p)
	if rule, _ := webhookRule(sink.CodeOf(err)); rule.Layout {
		w.Warning("Slack refused the layout of " + m.ID + " (" + sink.CodeOf(err) + "); it is sent as plain text")
		p.Text, p.Blocks, p.Attachments = p.plain, nil, nil
		err = w.post(ctx, p)
	}
	return err
}

// Body is what Send posts.
func (w *Webhook) Body(m sink.Message) ([]byte, error) {
	p, err := newPayload(w.Common, m)
	if err != nil {
		return nil, err
	}
	return p.encode()
}

// BuilderLink opens the card in Slack's Block Kit Builder.
func (w *Webhook) BuilderLink(m sink.Message) (string, error) { return builderLink(w.Common, m) }

func (w *Webhook) post(ctx context.Context, p payload) error {
	if err := w.pace.Wait(ctx); err != nil {
		return err
	}
	body, err := p.encode()
	if err != nil {
		return &sink.Error{Class: sink.Refused, Code: "encode", Err: err}
	}
	got, err := w.Client.Post(ctx, w.URL, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return err
	}
	return webhookVerdict(got, w.Time())
}

// webhookVerdict reads an incoming webhook's answer: the text names the error.
func webhookVerdict(got sink.Answer, now time.Time) error {
	refusal := sink.StatusError(got, now)
	if refusal == nil {
		return sink.Accepted(got, `the answer is not Slack's "ok"`)
	}
	code := strings.TrimSpace(string(got.Body))
	rule, known := webhookRule(code)
	if known && got.Status >= 400 && got.Status < 500 {
		refusal.Class, refusal.Code, refusal.Hint = rule.Class, code, rule.Hint
		refusal.Err = errRefused
	}
	return refusal
}
