package bot

import (
	"net/url"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// platform is what makes the bots of one platform different from the others.
type platform struct {
	kind         string // the type in CONFIG_FILE
	name         string
	dialect      template.Dialect
	urlEnv       string
	secretEnv    string        // "" for a platform without signatures
	secretBegins string        // what its secrets begin with; "" for anything
	homes        []string      // host and path its URLs begin with
	every        time.Duration // its published rate, after a burst
	burst        int
	minute       int // and what it takes a minute, where that is a second limit
	limit        int // bytes of a body
	text         int // bytes of a plain text
	sign         func(secret string, now time.Time, to url.Values, body map[string]any)
	card         func(template.Card) map[string]any
	plain        func(text, mention string) map[string]any
	code         func(answer) *int
	rule         func(code int, message string) sink.Rule
}

// platforms is the table, with the published limits (DingTalk, Feishu and WeCom bot
// guides, read 2026-11; DingTalk's 20,000 bytes as reported). DingTalk and WeCom
// take 20 messages a minute: 5 at once and one every 4 seconds.
func platforms() []platform {
	return []platform{{
		kind: "dingtalk", name: "DingTalk", dialect: template.DingTalk,
		urlEnv: "DINGTALK_WEBHOOK_URL", secretEnv: "DINGTALK_SECRET", secretBegins: "SEC",
		homes: []string{"oapi.dingtalk.com/robot/send"},
		every: 4 * time.Second, burst: 5, limit: 20_000, text: 16_000,
		sign: signDingTalk, card: dingTalkCard, plain: dingTalkText, code: answer.errcode, rule: dingTalkRule,
	}, {
		kind: "feishu", name: "Feishu", dialect: template.Feishu,
		urlEnv: "FEISHU_WEBHOOK_URL", secretEnv: "FEISHU_SECRET",
		homes: []string{"open.feishu.cn/open-apis/bot/v2/hook/", "open.larksuite.com/open-apis/bot/v2/hook/"},
		every: 250 * time.Millisecond, burst: 1, minute: 100, limit: 20 << 10, text: 16_000,
		sign: signFeishu, card: feishuCard, plain: feishuText, code: answer.feishuCode, rule: feishuRule,
	}, {
		kind: "wecom", name: "WeCom", dialect: template.WeCom,
		urlEnv: "WECOM_WEBHOOK_URL",
		homes:  []string{"qyapi.weixin.qq.com/cgi-bin/webhook/send"},
		every:  4 * time.Second, burst: 5, limit: 4096, text: 2000,
		card: weComCard, plain: weComText, code: answer.errcode, rule: weComRule,
	}}
}

// Kinds are the bots' rows of the table of sink kinds.
func Kinds() []sink.Kind {
	var kinds []sink.Kind
	for _, p := range platforms() {
		kinds = append(kinds, p.sinkKind())
	}
	return kinds
}

func (p platform) sinkKind() sink.Kind {
	fields := []sink.Field{{Key: "url", Env: p.urlEnv, Secret: true, Required: true, Check: sink.CheckURL, Help: "the bot's URL, with its token"}}
	if p.sign != nil {
		fields = append(fields, sink.Field{Key: "secret", Env: p.secretEnv, Secret: true, Help: "the bot's signing secret"})
	}
	return sink.Kind{
		Type: p.kind, Title: p.name, Dialect: p.dialect, Fields: fields,
		New: func(s sink.Settings, c sink.Common) (sink.Sink, error) {
			return p.newSink(Config{Common: c, Type: p.kind, URL: s["url"], Secret: s["secret"]})
		},
	}
}

// pace keeps to the platform's rate.
func (p platform) pace() sink.Pace {
	pace := sink.Pace{sink.Every(p.every, p.burst)}
	if p.minute > 0 {
		half := p.minute / 2 // at once, and half over the minute: never more than the whole
		pace = append(pace, sink.Every(time.Minute/time.Duration(half), half))
	}
	return pace
}
