package notifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"refreshwatch/template"
)

// Robot posts to the robot of a chat group: DingTalk, Feishu (Lark), or WeCom. The
// platforms answer HTTP 200 to nearly everything; only a code in the body says
// what happened. Robots cannot be asked whether a message arrived.
type Robot struct {
	Kit
	Kind   template.Dialect // which of the three
	URL    Secret           // with its token; https, http on this machine only
	Secret Secret           // signs DingTalk ("SEC…") and Feishu messages; "" sends no signature

	robot
	pace pace
}

// robot is what tells the platforms apart.
type robot struct {
	name         string
	homes        []string // host and path its URLs begin with
	secretBegins string
	every        time.Duration // its published rate, after a burst
	burst        int
	minute       int // and what it takes a minute, where that is a second limit
	limit        int // bytes of a body
	text         int // bytes of a plain text
	sign         func(secret string, now time.Time, to url.Values, body map[string]any)
	card         func(template.Card) map[string]any
	plain        func(text, mention string) map[string]any
	code         func(robotAnswer) *int
	rule         func(code int, message string) codeRule
}

// robotFor is the table of platforms, in their published limits (DingTalk, Feishu
// and WeCom robot guides, read 2026-11; DingTalk's 20,000 bytes as reported).
// DingTalk and WeCom take 20 messages a minute: 5 at once and one every 4 seconds.
func robotFor(kind template.Dialect) (robot, bool) {
	switch kind {
	case template.DingTalk:
		return robot{
			name: "DingTalk", homes: []string{"oapi.dingtalk.com/robot/send"}, secretBegins: "SEC",
			every: 4 * time.Second, burst: 5, limit: 20_000, text: 16_000,
			sign: signDingTalk, card: dingTalkCard, plain: dingTalkText, code: robotAnswer.errcode, rule: dingTalkRule,
		}, true
	case template.Feishu:
		return robot{
			name: "Feishu", homes: []string{"open.feishu.cn/open-apis/bot/v2/hook/", "open.larksuite.com/open-apis/bot/v2/hook/"},
			every: 250 * time.Millisecond, burst: 1, minute: 100, limit: 20 << 10, text: 16_000,
			sign: signFeishu, card: feishuCard, plain: feishuText, code: robotAnswer.feishuCode, rule: feishuRule,
		}, true
	case template.WeCom:
		return robot{
			name: "WeCom", homes: []string{"qyapi.weixin.qq.com/cgi-bin/webhook/send"},
			every: 4 * time.Second, burst: 5, limit: 4096, text: 2000,
			card: weComCard, plain: weComText, code: robotAnswer.errcode, rule: weComRule,
		}, true
	default:
		return robot{}, false
	}
}

// NewRobot checks the settings; its mistakes are [*FieldError]s, joined.
func NewRobot(r Robot) (*Robot, error) {
	var known bool
	if r.robot, known = robotFor(r.Kind); !known {
		return nil, &FieldError{Field: "type", Problem: "is no robot: " + strconv.Quote(string(r.Kind))}
	}
	var mistakes []error
	mistakes = append(mistakes, checkField("url", r.URL))
	if r.Secret != "" && r.sign == nil {
		mistakes = append(mistakes, &FieldError{Field: "secret", Problem: r.name + " robots have no secret: their URL is one"})
	}
	if !r.Unpaced {
		r.pace = pace{spacing(r.every, r.burst)}
		if r.minute > 0 {
			half := r.minute / 2 // at once, and half over the minute: never more than the whole
			r.pace = append(r.pace, spacing(time.Minute/time.Duration(half), half))
		}
	}
	return &r, errors.Join(mistakes...)
}

// Send posts the delivery once. A message that is refused for its layout goes out
// once more as plain text.
func (r *Robot) Send(ctx context.Context, d Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, PostTimeout)
	defer cancel()
	body, err := r.body(d)
	if err != nil {
		return err
	}
	layout, err := r.post(ctx, body)
	if !layout {
		return err
	}
	r.warn(r.name + " refused the layout of " + d.ID + " (" + codeOf(err) + "); it is sent as plain text")
	if body, err = r.plainBody(d); err != nil {
		return err
	}
	_, err = r.post(ctx, body)
	return err
}

// Body is what Send posts, without the signature that changes each time.
func (r *Robot) Body(d Delivery) ([]byte, error) {
	body, err := r.body(d)
	if err != nil {
		return nil, err
	}
	return encode(body)
}

// body lays the card out. Should it be too large for the platform, it shrinks
// until it fits.
func (r *Robot) body(d Delivery) (map[string]any, error) {
	card, err := r.render(r.Kind, d)
	if err != nil {
		return nil, err
	}
	for {
		body := r.card(card)
		raw, err := encode(body)
		switch {
		case err != nil:
			return nil, &Error{Class: Refused, Code: "encode", Err: err}
		case len(raw) <= r.limit:
			return body, nil
		case !shrink(&card):
			return r.plainBody(d)
		}
	}
}

// plainBody is the news without markup. The platforms look for mentions in plain
// text too, so the characters that make them are widened.
func (r *Robot) plainBody(d Delivery) (map[string]any, error) {
	card, err := r.render(template.Plain, d)
	if err != nil {
		return nil, err
	}
	harmless := strings.NewReplacer("<", "＜", ">", "＞", "@", "＠")
	return r.plain(clipBytes(harmless.Replace(plainText(card, r.text)), r.text), d.Mention), nil
}

func (r *Robot) post(ctx context.Context, body map[string]any) (layout bool, err error) {
	if err := r.pace.wait(ctx); err != nil {
		return false, err
	}
	to, err := url.Parse(string(r.URL))
	if err != nil {
		return false, &Error{Class: Refused, Code: "bad_url", Err: errors.New("the robot's URL cannot be read")}
	}
	if r.Secret != "" && r.sign != nil {
		query := to.Query()
		r.sign(string(r.Secret), r.now(), query, body)
		to.RawQuery = query.Encode()
	}
	raw, err := encode(body)
	if err != nil {
		return false, &Error{Class: Refused, Code: "encode", Err: err}
	}
	got, err := r.Outlet.post(ctx, Secret(to.String()), http.Header{"Content-Type": {"application/json; charset=utf-8"}}, raw)
	if err != nil {
		return false, err
	}
	return r.verdict(got)
}

// robotAnswer is the union of what the three platforms answer.
type robotAnswer struct {
	ErrCode    *int   `json:"errcode"`
	ErrMsg     string `json:"errmsg"`
	Code       *int   `json:"code"`
	StatusCode *int   `json:"StatusCode"` // Feishu's old form
	Status     int    `json:"status"`     // DingTalk's flood guard, sometimes without errcode
	Msg        string `json:"msg"`
}

func (a robotAnswer) errcode() *int {
	if a.ErrCode == nil && a.Status == dingTalkFlood {
		return &a.Status
	}
	return a.ErrCode
}

func (a robotAnswer) feishuCode() *int {
	if a.Code == nil {
		return a.StatusCode
	}
	return a.Code
}

// verdict lets the code in the body decide, whatever the status. A body without
// one is no success. A code that is not in the table says that nothing was told.
func (r *Robot) verdict(got answer) (layout bool, err error) {
	var said robotAnswer
	refusal := statusVerdict(got, r.now())
	if !got.whole || json.Unmarshal(got.body, &said) != nil || r.code(said) == nil {
		if refusal != nil {
			return false, refusal
		}
		return false, unreadable("the answer is not " + r.name + "'s JSON")
	}
	code := *r.code(said)
	if code == 0 {
		if refusal != nil {
			return false, refusal
		}
		return false, nil
	}
	rule := r.rule(code, said.ErrMsg+said.Msg)
	e := &Error{Class: rule.class, Code: strconv.Itoa(code), Hint: rule.hint, Err: fmt.Errorf("%s did not take the message", r.name)}
	if rule.class == Later {
		e.After = max(robotPause, retryAfter(got.header.Get("Retry-After"), r.now()))
	}
	return rule.layout, e
}

// robotPause is how long a robot that was too fast is left alone: DingTalk and
// WeCom count by the minute.
const robotPause = time.Minute
