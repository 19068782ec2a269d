package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// Config is what a bot needs.
type Config struct {
	sink.Common
	Type   string      // the platform: dingtalk, feishu or wecom
	URL    sink.Secret // with its token; https, http on this machine only
	Secret sink.Secret // signs DingTalk ("SEC…") and Feishu messages; "" sends no signature
}

// Sink posts to the bot of a chat group. The platforms answer HTTP 200 to nearly
// everything; only a code in the body says what happened. Bots cannot be asked
// whether a message arrived.
type Sink struct {
	Config
	platform platform
	pace     sink.Pace
}

// New checks the settings. Its mistakes are [*poller.Mistake]s, joined, whose
// Setting is the field's key.
func New(cfg Config) (*Sink, error) {
	all := platforms()
	i := slices.IndexFunc(all, func(p platform) bool { return p.kind == cfg.Type })
	if i < 0 {
		return nil, &poller.Mistake{Setting: "type", Problem: "unknown bot type " + strconv.Quote(cfg.Type)}
	}
	return all[i].newSink(cfg)
}

func (p platform) newSink(cfg Config) (*Sink, error) {
	if cfg.Secret != "" && p.sign == nil {
		return nil, &poller.Mistake{Setting: "secret", Problem: p.name + " bots have no secret: their URL is one"}
	}
	if err := p.sinkKind().Check(sink.Settings{"url": cfg.URL, "secret": cfg.Secret}); err != nil {
		return nil, err
	}
	s := &Sink{Config: cfg, platform: p}
	if !cfg.Unpaced {
		s.pace = p.pace()
	}
	return s, nil
}

// Send posts the message once. A message that is refused for its layout is sent
// once more as plain text.
func (s *Sink) Send(ctx context.Context, m sink.Message) error {
	ctx, cancel := context.WithTimeout(ctx, sink.PostTimeout)
	defer cancel()
	body, err := s.body(m)
	if err != nil {
		return err
	}
	layout, err := s.post(ctx, body)
	if !layout {
		return err
	}
	s.Warning(s.platform.name + " refused the layout of " + m.ID + " (" + sink.CodeOf(err) + "); it is sent as plain text")
	if body, err = s.plainBody(m); err != nil {
		return err
	}
	_, err = s.post(ctx, body)
	return err
}

// Body is what Send posts, without the signature that changes each time.
func (s *Sink) Body(m sink.Message) ([]byte, error) {
	body, err := s.body(m)
	if err != nil {
		return nil, err
	}
	return sink.Encode(body)
}

// body lays the card out. The embedded words keep to every platform's limit; a card
// that does not is sent as plain text.
func (s *Sink) body(m sink.Message) (map[string]any, error) {
	card, err := s.Card(s.platform.dialect, m)
	if err != nil {
		return nil, err
	}
	body := s.platform.card(card)
	raw, err := sink.Encode(body)
	switch {
	case err != nil:
		return nil, &sink.Error{Class: sink.Refused, Code: "encode", Err: err}
	case len(raw) > s.platform.limit:
		s.Warning(s.platform.name + ": the card of " + m.ID + " is too large; it is sent as plain text")
		return s.plainBody(m)
	}
	return body, nil
}

// plainBody is the message without markup. The platforms look for mentions in plain
// text too, so the characters that make them are widened.
func (s *Sink) plainBody(m sink.Message) (map[string]any, error) {
	card, err := s.Card(template.Plain, m)
	if err != nil {
		return nil, err
	}
	harmless := strings.NewReplacer("<", "＜", ">", "＞", "@", "＠").Replace
	return s.platform.plain(sink.PlainText(card, s.platform.text, harmless), m.Mention), nil
}

func (s *Sink) post(ctx context.Context, body map[string]any) (layout bool, err error) {
	if err := s.pace.Wait(ctx); err != nil {
		return false, err
	}
	to, err := url.Parse(string(s.URL))
	if err != nil {
		return false, &sink.Error{Class: sink.Refused, Code: "bad_url", Err: errors.New("the bot's URL cannot be read")}
	}
	if s.Secret != "" && s.platform.sign != nil {
		query := to.Query()
		s.platform.sign(string(s.Secret), s.Time(), query, body)
		to.RawQuery = query.Encode()
	}
	raw, err := sink.Encode(body)
	if err != nil {
		return false, &sink.Error{Class: sink.Refused, Code: "encode", Err: err}
	}
	got, err := s.Client.Post(ctx, sink.Secret(to.String()), http.Header{"Content-Type": {"application/json; charset=utf-8"}}, raw)
	if err != nil {
		return false, err
	}
	return s.verdict(got)
}

// answer is the union of what the platforms answer.
type answer struct {
	ErrCode    *int   `json:"errcode"`
	ErrMsg     string `json:"errmsg"`
	Code       *int   `json:"code"`
	StatusCode *int   `json:"StatusCode"` // Feishu's old form
	Status     int    `json:"status"`     // DingTalk's flood guard, sometimes without errcode
	Msg        string `json:"msg"`
}

func (a answer) errcode() *int {
	if a.ErrCode == nil && a.Status == dingTalkFlood {
		return &a.Status
	}
	return a.ErrCode
}

func (a answer) feishuCode() *int {
	if a.Code == nil {
		return a.StatusCode
	}
	return a.Code
}

// verdict lets the code in the body decide, whatever the status. A body without
// one is no success. A code that is not in the table counts as not
// delivered.
func (s *Sink) verdict(got sink.Answer) (layout bool, err error) {
	var a answer
	refusal := sink.StatusError(got, s.Time())
	if !got.Whole || json.Unmarshal(got.Body, &a) != nil || s.platform.code(a) == nil {
		if refusal != nil {
			return false, refusal
		}
		return false, sink.Unreadable("the answer is not " + s.platform.name + "'s JSON")
	}
	code := *s.platform.code(a)
	if code == 0 {
		if refusal != nil {
			return false, refusal
		}
		return false, nil
	}
	rule := s.platform.rule(code, a.ErrMsg+a.Msg)
	e := &sink.Error{Class: rule.Class, Code: strconv.Itoa(code), Hint: rule.Hint, Err: fmt.Errorf("%s did not take the message", s.platform.name)}
	if rule.Class == sink.Later {
		e.After = max(floodPause, sink.RetryAfter(got.Header.Get("Retry-After"), s.Time()))
	}
	return rule.Layout, e
}

// floodPause is how long a bot that was too fast is left alone: DingTalk and WeCom
// count by the minute.
const floodPause = time.Minute

// Check checks the URL's and the secret's shape; the network is not used.
func (s *Sink) Check(context.Context) []sink.Finding {
	findings := []sink.Finding{sink.CheckHome("url", s.URL, s.platform.homes...)}
	switch {
	case s.platform.sign == nil:
	case s.Secret == "":
		findings = append(findings, sink.Finding{Item: "secret", Level: sink.Warn, Detail: "messages are not signed",
			Hint: "Set the secret if the bot's security settings ask for a signature"})
	case !strings.HasPrefix(string(s.Secret), s.platform.secretBegins):
		findings = append(findings, sink.Finding{Item: "secret", Level: sink.Warn, Detail: "does not begin with " + s.platform.secretBegins,
			Hint: "Copy the secret from the bot's security settings once more"})
	default:
		findings = append(findings, sink.Finding{Item: "secret", Level: sink.OK, Detail: "messages are signed"})
	}
	return findings
}
