package notifier

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// SlackHook posts to a Slack incoming webhook. It has no history to ask and no
// threads; success is the body "ok" and nothing else.
type SlackHook struct {
	Kit
	URL Secret // "https://hooks.slack.com/services/…"; http on this machine only

	pace pace
}

// NewSlackHook checks the settings; a mistake is a [*FieldError].
func NewSlackHook(s SlackHook) (*SlackHook, error) {
	if !s.Unpaced { // "1 per second", incoming webhooks, read 2026-11
		s.pace = pace{spacing(time.Second, 1)}
	}
	return &s, checkField("url", s.URL)
}

// Send posts the delivery once. A message that is refused for its layout goes
// out once more as plain text.
func (s *SlackHook) Send(ctx context.Context, d Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, PostTimeout)
	defer cancel()
	m, err := s.slackMessage(d)
	if err != nil {
		return err
	}
	err = s.post(ctx, m)
	if rule, _ := slackHookRule(codeOf(err)); rule.layout {
		s.warn("Slack refused the layout of " + d.ID + " (" + codeOf(err) + "); it is sent as plain text")
		m.Text, m.Blocks, m.Attachments = m.plain, nil, nil
		err = s.post(ctx, m)
	}
	return err
}

// Body is what Send posts.
func (s *SlackHook) Body(d Delivery) ([]byte, error) {
	m, err := s.slackMessage(d)
	if err != nil {
		return nil, err
	}
	return m.encode()
}

// BuilderLink opens the card in Slack's Block Kit Builder.
func (s *SlackHook) BuilderLink(d Delivery) (string, error) { return s.builderLink(d) }

func (s *SlackHook) post(ctx context.Context, m slackMessage) error {
	if err := s.pace.wait(ctx); err != nil {
		return err
	}
	body, err := m.encode()
	if err != nil {
		return &Error{Class: Refused, Code: "encode", Err: err}
	}
	got, err := s.Outlet.post(ctx, s.URL, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return err
	}
	return hookVerdict(got, s.now())
}

// hookVerdict reads an incoming webhook's answer: the text names the error.
func hookVerdict(got answer, now time.Time) error {
	refusal := statusVerdict(got, now)
	if refusal == nil {
		if got.whole && string(got.body) == "ok" {
			return nil
		}
		return unreadable(`the answer is not Slack's "ok"`)
	}
	code := strings.TrimSpace(string(got.body))
	rule, known := slackHookRule(code)
	if known && got.status >= 400 && got.status < 500 {
		refusal.Class, refusal.Code, refusal.Hint = rule.class, code, rule.hint
		refusal.Err = errors.New("Slack refused the message")
	}
	return refusal
}

// codeOf is the code of a failed attempt; "" for none.
func codeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
