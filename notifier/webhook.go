package notifier

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Webhook posts events as JSON to an endpoint of the operator's own, with the
// headers of Standard Webhooks (spec b2fa7b8, read 2026-11). The webhook-id is the
// delivery's id on every attempt, so the receiver can drop a second arrival.
type Webhook struct {
	Kit
	URL    Secret // https; http on this machine only
	Secret Secret // "whsec_" and the base64 of 24 to 64 random bytes; "" sends no signature
	Format string // "" for the documented body, "cloudevents" for CloudEvents 1.0 around the same data

	mac func() hash.Hash // keyed; a function, because fmt would print a key that is not exported
}

// NewWebhook checks the settings; its mistakes are [*FieldError]s, joined.
func NewWebhook(w Webhook) (*Webhook, error) {
	var mistakes []error
	mistakes = append(mistakes, checkField("url", w.URL))
	key, err := signingKey(w.Secret)
	mistakes = append(mistakes, err)
	if w.Format != "" && w.Format != "cloudevents" {
		mistakes = append(mistakes, &FieldError{Field: "format", Problem: `must be "cloudevents" or left out`})
	}
	if key != nil {
		w.mac = func() hash.Hash { return hmac.New(sha256.New, key) }
	}
	return &w, errors.Join(mistakes...)
}

// signingKey decodes a Standard Webhooks secret.
func signingKey(secret Secret) ([]byte, error) {
	if secret == "" {
		return nil, nil
	}
	encoded, found := strings.CutPrefix(string(secret), "whsec_")
	if !found {
		return nil, &FieldError{Field: "secret", Problem: `must begin with "whsec_"`}
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, &FieldError{Field: "secret", Problem: `must be base64 after "whsec_"`}
	}
	if len(key) == 0 {
		return nil, &FieldError{Field: "secret", Problem: `holds nothing after "whsec_"`}
	}
	return key, nil
}

// Send posts the delivery once. Any 2xx is acceptance.
func (w *Webhook) Send(ctx context.Context, d Delivery) error {
	body, err := w.Body(d)
	if err != nil {
		return &Error{Class: Refused, Code: "encode", Err: err}
	}
	got, err := w.Outlet.post(ctx, w.URL, w.header(d.ID, body), body)
	if err != nil {
		return err
	}
	if refusal := statusVerdict(got, w.now()); refusal != nil {
		return refusal
	}
	return nil
}

func (w *Webhook) header(id string, body []byte) http.Header {
	attempt := strconv.FormatInt(w.now().Unix(), 10)
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	if w.Format == "cloudevents" {
		h.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", attempt)
	if w.mac != nil {
		mac := w.mac()
		mac.Write([]byte(id + "." + attempt + "."))
		mac.Write(body)
		h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return h
}

// Body is exactly what Send posts: the same bytes on every attempt.
func (w *Webhook) Body(d Delivery) ([]byte, error) {
	created := d.Created.UTC().Truncate(time.Millisecond)
	if w.Format == "cloudevents" {
		return encode(cloudEvent{
			SpecVersion: "1.0", ID: d.ID, Source: "/refreshwatch/vod/" + w.Region, Type: webhookType(d),
			Time: created, ContentType: "application/json", Data: webhookData(d, w.Region),
		})
	}
	return encode(standardWebhook{Type: webhookType(d), Timestamp: created, Data: webhookData(d, w.Region)})
}

// encode is json.Marshal without HTML escapes: a path's & stays an &.
func encode(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}
