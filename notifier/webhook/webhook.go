package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// concurrency is how many bodies one endpoint is sent at once.
const concurrency = 4

// Config is what an endpoint needs.
type Config struct {
	sink.Common
	URL    sink.Secret // https; http on this machine only
	Secret sink.Secret // "whsec_" and the base64 of 24 to 64 random bytes; "" sends no signature
	Format string      // "" or "standard" for the documented body, "cloudevents" for CloudEvents 1.0 around the same data
}

// Sink posts events as JSON to an endpoint of the operator's own, with the headers
// of Standard Webhooks (spec b2fa7b8, read 2026-11). The webhook-id is the message's
// id on every attempt, so the endpoint can drop a second arrival.
type Sink struct {
	Config
	mac func() hash.Hash // keyed; a function, because fmt would print a key that is not exported
}

// New checks the settings. Its mistakes are [*poller.Mistake]s, joined, whose
// Setting is the field's key.
func New(cfg Config) (*Sink, error) {
	err := Kind().Check(sink.Settings{"url": cfg.URL, "secret": cfg.Secret, "format": sink.Secret(cfg.Format)})
	if err != nil {
		return nil, err
	}
	s := &Sink{Config: cfg}
	if cfg.Secret != "" {
		key, err := signingKey(cfg.Secret)
		if err != nil {
			return nil, poller.At("secret", err)
		}
		s.mac = func() hash.Hash { return hmac.New(sha256.New, key) }
	}
	return s, nil
}

// Kind is the generic webhook's row of the table of sink kinds.
func Kind() sink.Kind {
	return sink.Kind{
		Type: "webhook", Title: "Webhook",
		Fields: []sink.Field{
			{Key: "url", Env: "WEBHOOK_URL", Secret: true, Required: true, Check: sink.CheckURL, Help: "the endpoint's URL"},
			{Key: "secret", Env: "WEBHOOK_SECRET", Secret: true, Check: checkSecret, Help: "the signing secret (whsec_…)"},
			{Key: "format", Values: []string{"standard", "cloudevents"}, Check: checkFormat, Help: "the body: standard or cloudevents"},
		},
		Grouping: sink.Batched, Concurrency: concurrency,
		New: func(s sink.Settings, c sink.Common) (sink.Sink, error) {
			return New(Config{Common: c, URL: s["url"], Secret: s["secret"], Format: string(s["format"])})
		},
	}
}

func checkSecret(value string) error {
	_, err := signingKey(sink.Secret(value))
	return err
}

func checkFormat(value string) error {
	if value != "standard" && value != "cloudevents" {
		return &poller.Mistake{Problem: "unknown format", Next: "Use standard or cloudevents"}
	}
	return nil
}

// signingKey decodes a Standard Webhooks secret.
func signingKey(secret sink.Secret) ([]byte, error) {
	encoded, found := strings.CutPrefix(string(secret), "whsec_")
	if !found {
		return nil, &poller.Mistake{Problem: `must begin with "whsec_"`, Next: "Use whsec_ and what openssl rand -base64 32 prints"}
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, &poller.Mistake{Problem: `must be base64 after "whsec_"`, Next: "Use whsec_ and what openssl rand -base64 32 prints"}
	}
	if len(key) < 24 || len(key) > 64 { // "between 24 bytes and 64 bytes" (Standard Webhooks, read 2026-11)
		return nil, &poller.Mistake{Problem: fmt.Sprintf("holds %d bytes, and must hold 24 to 64", len(key)),
			Next: "Use whsec_ and what openssl rand -base64 32 prints"}
	}
	return key, nil
}

// Send posts the message once. Any 2xx is acceptance.
func (s *Sink) Send(ctx context.Context, m sink.Message) error {
	body, err := s.Body(m)
	if err != nil {
		return &sink.Error{Class: sink.Refused, Code: "encode", Err: err}
	}
	got, err := s.Client.Post(ctx, s.URL, s.header(m.ID, body), body)
	if err != nil {
		return err
	}
	if refusal := sink.StatusError(got, s.Time()); refusal != nil {
		return refusal
	}
	return nil
}

func (s *Sink) header(id string, body []byte) http.Header {
	attempt := strconv.FormatInt(s.Time().Unix(), 10)
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	if s.Format == "cloudevents" {
		h.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", attempt)
	if s.mac != nil {
		mac := s.mac()
		mac.Write([]byte(id + "." + attempt + "."))
		mac.Write(body)
		h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return h
}

// Body is exactly what Send posts: the same bytes on every attempt.
func (s *Sink) Body(m sink.Message) ([]byte, error) {
	created := m.Created.UTC().Truncate(time.Millisecond)
	if s.Format == "cloudevents" {
		return sink.Encode(cloudEvent{
			SpecVersion: "1.0", ID: m.ID, Source: "/refreshwatch/" + s.ProductName() + "/" + s.Region, Type: s.eventType(m),
			Time: created, ContentType: "application/json", Data: s.eventData(m),
		})
	}
	return sink.Encode(standardWebhook{Type: s.eventType(m), Timestamp: created, Data: s.eventData(m)})
}

// Check checks the URL's and the secret's shape; the network is not used.
func (s *Sink) Check(context.Context) []sink.Finding {
	findings := []sink.Finding{sink.CheckHome(s.URL, sink.Home{})}
	if s.Secret == "" {
		return append(findings, sink.Finding{Item: "secret", Level: sink.Warn, Detail: "bodies are not signed",
			Hint: "Set a secret (whsec_…) so that the receiver can recognize forged bodies"})
	}
	return append(findings, sink.Finding{Item: "secret", Level: sink.OK, Detail: "bodies are signed"})
}
