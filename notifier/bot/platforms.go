package bot

import (
	"net/url"
	"strings"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// platform is what makes the bots of one platform different from the others.
type platform struct {
	kind    string // the type in CONFIG_FILE
	name    string
	dialect template.Dialect

	urlEnv, secretEnv string // variables; secretEnv is "" for a platform without signatures
	home              sink.Home
	checkURL          func(*url.URL) error // what else is wrong with a URL; may be nil
	secretBegins      string               // what its secrets begin with; "" for anything

	markup sink.Markup // of its mentions (the platforms' bot guides, read 2026-11)

	every  time.Duration // its published rate, after a burst
	burst  int
	minute int                            // and what it takes a minute, where that is a second limit
	limit  int                            // bytes of a body
	fits   func(body map[string]any) bool // what else bounds a body; may be nil
	text   int                            // bytes of a plain text

	params url.Values // added to every URL
	sign   func(secret string, now time.Time, to url.Values, body map[string]any)
	card   func(template.Card) map[string]any
	plain  func(text, mention string) map[string]any
	read   func(sink.Answer) (reading, bool) // false: the answer is not in the platform's form
	note   string                            // what check says about delivery; "" for nothing
}

// platforms is the table, in the contract's order. Limits and rates are the published
// ones (bot guides of DingTalk, Feishu and WeCom, Microsoft's and Discord's
// documentation, read 2026-11; DingTalk's 20,000 bytes and Discord's rates as
// reported). DingTalk and WeCom take 20 messages a minute: 5 at once and one every 4
// seconds. Teams takes about 28 KB and 4 requests a second, Discord 5 requests in 2
// seconds and 30 a minute.
func platforms() []platform {
	return []platform{{
		kind: "dingtalk", name: "DingTalk", dialect: template.DingTalk,
		urlEnv: "DINGTALK_WEBHOOK_URL", secretEnv: "DINGTALK_SECRET", secretBegins: "SEC",
		home:     sink.Home{Hosts: []string{"oapi.dingtalk.com"}, Path: "/robot/send", Query: "access_token"},
		checkURL: refuseSigned,
		markup: sink.Markup{Example: "@all, or @ and a phone number or user id", Pattern: `(?:^|\s)@[\w+.$-]+`,
			Not: `(?:^|\s)@(?:here|channel|everyone|team)\b`}, // they look like user ids, and are what other platforms call everybody
		every: 4 * time.Second, burst: 5, limit: 20_000, text: 16_000,
		sign: signDingTalk, card: dingTalkCard, plain: dingTalkText, read: code(answer.errcode, dingTalkRule),
	}, {
		kind: "feishu", name: "Feishu", dialect: template.Feishu,
		urlEnv: "FEISHU_WEBHOOK_URL", secretEnv: "FEISHU_SECRET",
		home:     sink.Home{Hosts: []string{"open.feishu.cn", "open.larksuite.com"}, Path: "/open-apis/bot/v2/hook/"},
		checkURL: refuseSigned,
		markup:   sink.Markup{Example: "<at id=all></at> or <at id=ou_…></at>", Pattern: `<at (?:user_)?(?:id|email|ids)="?[\w@.,-]+"?>[^<>]*</at>`},
		every:    250 * time.Millisecond, burst: 1, minute: 100, limit: 20<<10 - 100, text: 16_000, // the signature comes on top
		sign: signFeishu, card: feishuCard, plain: feishuText, read: code(answer.feishuCode, feishuRule),
	}, {
		kind: "wecom", name: "WeCom", dialect: template.WeCom,
		urlEnv: "WECOM_WEBHOOK_URL",
		home:   sink.Home{Hosts: []string{"qyapi.weixin.qq.com"}, Path: "/cgi-bin/webhook/send", Query: "key"},
		markup: sink.Markup{Example: "<@userid> or <@all>", Pattern: `<@[\w.@-]+>`},
		every:  4 * time.Second, burst: 5, limit: 4096, text: 2000,
		card: weComCard, plain: weComText, read: code(answer.errcode, weComRule),
	}, {
		kind: "teams", name: "Microsoft Teams", dialect: template.Teams,
		urlEnv:   "TEAMS_WEBHOOK_URL",
		home:     sink.Home{Hosts: []string{".logic.azure.com", ".environment.api.powerplatform.com"}, Query: "sig"},
		checkURL: refuseConnector,
		markup:   sink.Markup{Example: "<at>name@example.com</at>", Pattern: `<at id="[^"<>]+">[^<>]+</at>|<at>[^<>@]+@[^<>@]+</at>`},
		every:    250 * time.Millisecond, burst: 1, limit: 21_000, text: 16_000,
		card: teamsCard, plain: teamsText, read: readTeams,
		note: "Teams accepts a message before its flow has posted it: a flow that fails shows only in its run history in Power Automate",
	}, {
		kind: "discord", name: "Discord", dialect: template.Discord,
		urlEnv:   "DISCORD_WEBHOOK_URL",
		home:     sink.Home{Hosts: []string{"discord.com", "discordapp.com", ".discord.com"}, Path: "/api/"},
		checkURL: checkDiscord,
		markup:   sink.Markup{Example: "<@123…>, <@&123…>, @here or @everyone", Pattern: `<@[!&]?\d+>|(?:^|\s)@(?:here|everyone)\b`},
		every:    2400 * time.Millisecond, burst: 5, limit: 20_000, text: 1900, fits: discordFits,
		params: url.Values{"wait": {"true"}}, // without it Discord answers before it knows
		card:   discordCard, plain: discordText, read: readDiscord,
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
	fields := []sink.Field{{Key: "url", Env: p.urlEnv, Secret: true, Required: true, Check: p.checkField, Help: "the bot's URL, with its token"}}
	if p.sign != nil {
		fields = append(fields, sink.Field{Key: "secret", Env: p.secretEnv, Secret: true, Check: sink.CheckOpaque, Help: "the bot's signing secret"})
	}
	return sink.Kind{
		Type: p.kind, Title: p.name, Dialect: p.dialect, Fields: fields, Home: p.home,
		Markup: p.markup,
		New: func(s sink.Settings, c sink.Common) (sink.Sink, error) {
			return p.newSink(Config{Common: c, Type: p.kind, URL: s["url"], Secret: s["secret"]})
		},
	}
}

// checkField is the Check of the URL.
func (p platform) checkField(value string) error {
	u, err := sink.ParseURL(value)
	if err != nil {
		return err
	}
	if p.checkURL != nil {
		if err := p.checkURL(u); err != nil {
			return err
		}
	}
	return p.home.Check(u)
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

// named is a hint with the settings that it is about.
func (p *platform) named(hint string) string {
	return strings.NewReplacer(
		"{url}", "the bot's URL ("+p.urlEnv+", or url in CONFIG_FILE)",
		"{secret}", "the bot's secret ("+p.secretEnv+", or secret in CONFIG_FILE)",
	).Replace(hint)
}
