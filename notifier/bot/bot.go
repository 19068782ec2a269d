package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// Config is what a bot needs.
type Config struct {
	sink.Common
	Type   string      // the platform: dingtalk, feishu, wecom, teams or discord
	URL    sink.Secret // with its token; https, http on this machine only
	Secret sink.Secret // signs DingTalk ("SEC…") and Feishu messages; "" sends no signature
}

// Sink posts to the bot of a chat group. Bots cannot be asked whether a message
// arrived.
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
	case len(raw) > s.platform.limit, s.platform.fits != nil && !s.platform.fits(body):
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
	query := to.Query()
	for name, values := range s.platform.params {
		query[name] = values
	}
	if s.Secret != "" && s.platform.sign != nil {
		s.platform.sign(string(s.Secret), s.Time(), query, body)
	}
	to.RawQuery = query.Encode()
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

// verdict is the outcome that an answer means, and whether the message was refused
// for its layout. A code in the body decides, whatever the status; without one the
// status does.
func (s *Sink) verdict(got sink.Answer) (layout bool, err error) {
	refusal := sink.StatusError(got, s.Time())
	r, readable := s.platform.read(got)
	switch {
	case refusal != nil && (!readable || r.accepted):
		if got.Status == http.StatusNotFound {
			refusal.Hint = s.platform.named(urlHint)
		}
		return false, refusal
	case !readable:
		return false, sink.Accepted(got, "the answer is not "+s.platform.name+"'s")
	case r.accepted:
		return false, nil
	}
	e := &sink.Error{Class: r.rule.Class, Code: r.code, Hint: s.platform.named(r.rule.Hint)}
	if e.Class == "" {
		e.Class, e.After, e.Hint = refusal.Class, refusal.After, cmp.Or(e.Hint, refusal.Hint)
	}
	if e.Class == sink.Later {
		e.After = max(r.after, sink.RetryAfter(got.Header.Get("Retry-After"), s.Time()))
	}
	e.Err = fmt.Errorf("%s did not take the message", s.platform.name)
	if sentence := sink.Quote(r.message, s.URL, s.Secret); sentence != "" {
		e.Err = fmt.Errorf("%w: %q", e.Err, sentence)
	}
	return r.rule.Layout, e
}

// Check checks the URL's and the secret's shape; the network is not used.
func (s *Sink) Check(context.Context) []sink.Finding {
	findings := []sink.Finding{sink.CheckHome(s.URL, s.platform.home)}
	if s.platform.note != "" {
		findings = append(findings, sink.Finding{Item: "delivery", Level: sink.OK, Detail: s.platform.note})
	}
	switch {
	case s.platform.sign == nil:
	case s.Secret == "":
		findings = append(findings, sink.Finding{Item: "secret", Level: sink.Warn, Detail: "messages are not signed",
			Hint: s.platform.named("Set {secret} if the bot's security settings ask for a signature")})
	case !strings.HasPrefix(string(s.Secret), s.platform.secretBegins):
		findings = append(findings, sink.Finding{Item: "secret", Level: sink.Warn, Detail: "does not begin with " + s.platform.secretBegins,
			Hint: "Copy the secret from the bot's security settings once more"})
	default:
		findings = append(findings, sink.Finding{Item: "secret", Level: sink.OK, Detail: "messages are signed"})
	}
	return findings
}
