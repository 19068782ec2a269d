package bot

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// TestSignatures compares with values computed by openssl, so that sender and
// receiver of these tests cannot be wrong together:
//
//	printf '1795163402000\nSECdingtalksigningsecret' | openssl dgst -sha256 -hmac SECdingtalksigningsecret -binary | base64
//	printf '' | openssl dgst -sha256 -hmac "$(printf '1795163402\nfeishusigningsecret')" -binary | base64
func TestSignatures(t *testing.T) {
	query := url.Values{}
	signDingTalk("SECdingtalksigningsecret", notifiertest.Now, query, nil)
	if diff := cmp.Diff(url.Values{"timestamp": {"1795163402000"}, "sign": {"WU9N92BT6+vRTCBaZPiXkmG3KxUBmm+LoiCKNaVLFX0="}}, query); diff != "" {
		t.Error(diff)
	}
	body := map[string]any{}
	signFeishu("feishusigningsecret", notifiertest.Now, nil, body)
	if diff := cmp.Diff(map[string]any{"timestamp": "1795163402", "sign": "2HX+ll9WOq4HPx6OK1daIYR3fZK28b15d+mwzVhWt/o="}, body); diff != "" {
		t.Error(diff)
	}
}

// TestClockSkew: the bots refuse old timestamps, and the hint says why.
func TestClockSkew(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	r.Common.Now = func() time.Time { return notifiertest.Now.Add(-2 * time.Hour) }
	for _, name := range []string{"dingtalk", "feishu"} {
		err := r.Sink(t, kind(t, name)).Send(t.Context(), notifiertest.One(1))
		r.AssertOutcome(t, err, sink.Refused, 0)
		if !strings.Contains(sink.Outcome(err).Hint, "clock") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDingTalkHints: DingTalk names the cause in English or in Chinese; its advice
// about a signature speaks of timestamps as well.
func TestDingTalkHints(t *testing.T) {
	for message, want := range map[string]string{
		"keywords not in content": "keyword",
		"错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词,并在发送的信息中包含此关键词;": "keyword",
		"sign not match, more: [https://ding-doc.dingtalk.com]": "secret",
		"错误描述:机器人发送签名不匹配;解决方案:请确认签名和生成签名的时间戳是否都放在了链接里(timestamp&sign);": "secret",
		"invalid timestamp": "clock",
		"错误描述:机器人发送签名过期;解决方案:签名生成时间和发送时间请保持在timestampms以内;": "clock",
		"ip 1.2.3.4 not in whitelist": "address",
		"错误描述:ip不在白名单内;解决方案:请联系群管理员添加此机器人ip白名单;":  "address",
		"sign not match, is the timestamp right?": "secret",
		"签名过期":                                 "clock",
		"时间戳无效":                                "clock",
		"ip 1.2.3.4 is not allowed":            "address",
		"this address is not in the whitelist": "address",
		"something DingTalk adds next":         "secret",
	} {
		if rule := dingTalkRule(310000, message); rule.Class != sink.Refused || !strings.Contains(rule.Hint, want) {
			t.Errorf("%s: %+v", message, rule)
		}
	}
}

// TestHints: what a person can do about a refusal, where the class alone says the same as
// that of an unknown code or of the HTTP status.
func TestHints(t *testing.T) {
	slow, gone, channel := "limited number of messages a minute", "was deleted", "permissions"
	for _, test := range []struct {
		name string
		rule sink.Rule
		want string
	}{
		{"dingtalk -1", dingTalkRule(-1, ""), slow},
		{"dingtalk 130101", dingTalkRule(130101, ""), slow},
		{"dingtalk 410100", dingTalkRule(410100, ""), slow},
		{"dingtalk 1111", dingTalkRule(1111, ""), slow},
		{"feishu 11232", feishuRule(11232, ""), slow},
		{"wecom -1", weComRule(-1, ""), slow},
		{"wecom 45009", weComRule(45009, ""), slow},
		{"wecom 45033", weComRule(45033, ""), slow},
		{"discord 40062", discordRule(40062), slow},
		{"discord 130000", discordRule(130000), slow},
		{"discord 10015", discordRule(10015), gone},
		{"discord 50027", discordRule(50027), gone},
		{"discord 10003", discordRule(10003), channel},
		{"discord 50001", discordRule(50001), channel},
		{"discord 50013", discordRule(50013), channel},
		{"teams, the flow is gone", teamsRule(404, "WorkflowNotFound"), gone},
		{"teams, its trigger is gone", teamsRule(404, "TriggerNotFound"), gone},
		{"teams, the flow is off", teamsRule(400, "WorkflowTriggerIsNotEnabled"), "Turn the flow on"},
	} {
		if !strings.Contains(test.rule.Hint, test.want) {
			t.Errorf("%s: hint %q, want %q", test.name, test.rule.Hint, test.want)
		}
	}
}

// TestSentence: the platform's own sentence is shown, without what it repeats of ours.
func TestSentence(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	r.Script(notifiertest.DingTalk, notifiertest.Answer(200, `{"errcode":310000,"errmsg":"关键词不匹配\n\u001b[31m token=`+"dingtalktokensecret"+` \u202esecret SECdingtalksigningsecret https://oapi.dingtalk.com/robot/send?access_token=dingtalktokensecret"}`))
	err := r.Sink(t, kind(t, "dingtalk")).Send(t.Context(), notifiertest.One(1))
	r.AssertOutcome(t, err, sink.Refused, 0)
	if text := err.Error(); !strings.Contains(text, "关键词不匹配") || strings.ContainsAny(text, "\x1b\n\u202e") {
		t.Errorf("%q", text)
	}
}

// TestURLs: what people paste is accepted, or refused for what it is, and nothing of
// it is repeated.
func TestURLs(t *testing.T) {
	const (
		ding    = "https://oapi.dingtalk.com/robot/send?access_token=SECRET0"
		lark    = "https://open.larksuite.com/open-apis/bot/v2/hook/SECRET0"
		wecom   = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=SECRET0"
		teams   = "https://prod-12.westeurope.logic.azure.com:443/workflows/SECRET0/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=SECRET0"
		power   = "https://default1.2.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/SECRET0/triggers/manual/paths/invoke?api-version=1&sig=SECRET0"
		discord = "https://discord.com/api/webhooks/123/SECRET0"
	)
	for _, test := range []struct{ kind, url, want string }{
		{"dingtalk", ding, ""},
		{"dingtalk", "https://relay.example.com/ding", ""},
		{"dingtalk", ding + "&timestamp=1&sign=SECRET0", "signature"},
		{"dingtalk", "https://relay.example.com/SECRET0?sign=x", "signature"},
		{"dingtalk", "https://oapi.dingtalk.com/robot/send", "no access_token"},
		{"dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=", "no access_token"},
		{"dingtalk", "https://OAPI.dingtalk.com/robot/send?token=SECRET0", "no access_token"},
		{"dingtalk", "https://oapi.dingtalk.com/SECRET0", "not that of an incoming webhook"},
		{"dingtalk", `"` + ding + `"`, "quotation mark at its beginning"},
		{"dingtalk", ding + "”", "quotation mark at its end"},
		{"dingtalk", ding + "\u200b", "invisible character at its end"},
		{"dingtalk", "oapi.dingtalk.com/robot/send?access_token=SECRET0", "not a URL"},
		{"dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=<SECRET0>", "a bracket"},
		{"feishu", lark, ""},
		{"feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/", "no token"},
		{"feishu", "https://open.feishu.cn/open-apis/bot/hook/SECRET0", "not that of an incoming webhook"},
		{"wecom", wecom, ""},
		{"wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?debug=1", "no key"},
		{"teams", teams, ""},
		{"teams", power, ""},
		{"teams", strings.Split(teams, "&sig")[0], "no sig"},
		{"teams", "https://example.webhook.office.com/webhookb2/SECRET0", "retired"},
		{"teams", "https://outlook.office.com/webhook/SECRET0", "retired"},
		{"discord", discord, ""},
		{"discord", "https://discordapp.com/api/v10/webhooks/123/SECRET0?thread_id=7", ""},
		{"discord", discord + "/slack", "another service's format"},
		{"discord", "https://discord.com/api/webhooks/123", "lacks its token"},
		{"discord", "https://discord.com/channels/1/2", "not that of a webhook"},
	} {
		_, err := New(Config{Type: test.kind, URL: sink.Secret(test.url)})
		switch {
		case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s %s: %v, want %q", test.kind, test.url, err, test.want)
		case err != nil && strings.Contains(err.Error(), "SECRET0"):
			t.Errorf("the URL is repeated: %v", err)
		}
	}
}

// TestMisplaced: a URL under another platform's variable is recognized.
func TestMisplaced(t *testing.T) {
	for _, test := range []struct{ kind, url, want string }{
		{"dingtalk", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", "WECOM_WEBHOOK_URL"},
		{"wecom", "https://discord.com/api/webhooks/1/x", "DISCORD_WEBHOOK_URL"},
		{"feishu", "https://prod-1.eastus.logic.azure.com/workflows/x?sig=x", "TEAMS_WEBHOOK_URL"},
		{"feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/x", ""},
		{"feishu", "https://example.com/", ""},
	} {
		err := sink.Misplaced(Kinds(), kind(t, test.kind), sink.Settings{"url": sink.Secret(test.url)})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s at %s: %v, want %q", test.kind, test.url, err, test.want)
		}
	}
}

// TestCheckMention: another platform's markup would mention nobody.
func TestCheckMention(t *testing.T) {
	good := map[string]string{
		"dingtalk": "@all @13800000000 @zhang.san", "feishu": `<at id=all></at> <at user_id="ou_1">Tom</at>`, "wecom": "值班 <@zhangsan> <@all>",
		"teams": `<at>a@example.com</at> <at id="29:1">Ann Lee</at>`, "discord": "<@1> <@&2> @here",
	}
	for _, k := range Kinds() {
		if err := k.CheckMention(good[k.Type]); err != nil {
			t.Errorf("%s: %v", k.Type, err)
		}
		for _, bad := range []string{"<!here>", "everybody", "<!subteam^S0>", "", "<@1", "@channel"} {
			if err := k.CheckMention(bad); err == nil {
				t.Errorf("%s takes %q", k.Type, bad)
			}
		}
		for other, markup := range good {
			if other != k.Type && k.CheckMention(markup) == nil {
				t.Errorf("%s takes %q of %s", k.Type, markup, other)
			}
		}
	}
}

// TestTooLarge: a card too large for its platform loses its markup, not what it says,
// and somebody hears of it.
func TestTooLarge(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	m := sink.MessageOf(template.Samples()[2].Message, notifiertest.Now)
	for i, k := range Kinds() {
		bot := r.Sink(t, k).(*Sink)
		whole, err := bot.Body(m)
		if err != nil || len(r.Warned()) != i {
			t.Fatal(err, r.Warned())
		}
		bot.platform.limit = len(whole) - 1
		body, err := bot.Body(m)
		if err != nil || strings.Contains(string(body), "**") || !strings.Contains(string(body), "2 of 40 failed") {
			t.Errorf("%s: %v %s", k.Type, err, body)
		}
		if warned := r.Warned(); len(warned) != i+1 || !strings.Contains(warned[i], m.ID) {
			t.Errorf("%s: warned of %q", k.Type, warned)
		}
	}
}

func kind(t *testing.T, name string) sink.Kind {
	t.Helper()
	for _, k := range Kinds() {
		if k.Type == name {
			return k
		}
	}
	t.Fatalf("no kind %q", name)
	return sink.Kind{}
}

func TestNew(t *testing.T) {
	tests := map[string]Config{
		"url: not set":                {Type: "dingtalk"},
		"url: http is accepted":       {Type: "feishu", URL: "http://open.feishu.cn/open-apis/bot/v2/hook/x"},
		"WeCom bots have no secret":   {Type: "wecom", URL: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", Secret: "x"},
		`unknown bot type "telegram"`: {Type: "telegram", URL: "https://example.com/"},
		`unknown bot type "slack"`:    {Type: "slack", URL: "https://example.com/"},
		"url: holds a user name":      {Type: "wecom", URL: "https://a:b@example.com/"},
	}
	for want, settings := range tests {
		if _, err := New(settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestCheckShapes: URLs and secrets are checked, not used.
func TestCheckShapes(t *testing.T) {
	tests := []struct {
		name        string
		kind        string
		url, secret sink.Secret
		want        map[string]sink.Level
	}{
		{"dingtalk", "dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=x", "SECx", map[string]sink.Level{"url": sink.OK, "secret": sink.OK}},
		{"dingtalk, unsigned", "dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=x", "", map[string]sink.Level{"url": sink.OK, "secret": sink.Warn}},
		{"teams", "teams", "https://prod-00.westus.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig=x", "", map[string]sink.Level{"url": sink.OK, "delivery": sink.OK}},
		{"discord", "discord", "https://discord.com/api/webhooks/1/x", "", map[string]sink.Level{"url": sink.OK}},
		{"dingtalk, odd secret", "dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=x", "x", map[string]sink.Level{"url": sink.OK, "secret": sink.Warn}},
		{"feishu", "feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/x", "x", map[string]sink.Level{"url": sink.OK, "secret": sink.OK}},
		{"lark", "feishu", "https://open.larksuite.com/open-apis/bot/v2/hook/x", "x", map[string]sink.Level{"url": sink.OK, "secret": sink.OK}},
		{"feishu elsewhere", "feishu", "https://example.com/hook/x", "x", map[string]sink.Level{"url": sink.Warn, "secret": sink.OK}},
		{"wecom", "wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", "", map[string]sink.Level{"url": sink.OK}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(Config{Type: test.kind, URL: test.url, Secret: test.secret})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]sink.Level{}
			for _, f := range s.Check(t.Context()) {
				got[f.Item] = f.Level
				if f.Level != sink.OK && f.Hint == "" {
					t.Errorf("%+v has no hint", f)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLimits: the largest card and the longest text that count as fitting are taken by
// the receiver, whose limits are the platforms' own numbers.
func TestLimits(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	for _, k := range Kinds() {
		bot := r.Sink(t, k).(*Sink)
		p := bot.platform
		fits := func(body map[string]any) bool {
			raw, err := sink.Encode(body)
			return err == nil && len(raw) <= p.limit && (p.fits == nil || p.fits(body))
		}
		card := template.Card{Title: "title", Push: "push"}
		for n := 1; n < 40_000; n += 97 {
			longer := card
			longer.Rows = []string{strings.Repeat("x", n)}
			if !fits(p.card(longer)) {
				break
			}
			card = longer
		}
		if len(card.Rows) == 0 || len(card.Rows[0]) > 39_000 {
			t.Fatalf("%s has no limit: %d", k.Type, len(card.Rows))
		}
		if _, err := bot.post(t.Context(), p.card(card)); err != nil {
			t.Errorf("%s refuses a card with a row of %d bytes: %v", k.Type, len(card.Rows[0]), err)
		}
		if _, err := bot.post(t.Context(), p.plain(strings.Repeat("x", p.text), "")); err != nil {
			t.Errorf("%s refuses a text of %d bytes: %v", k.Type, p.text, err)
		}
	}
}

// TestDiscordLimits: an embed keeps to Discord's published numbers, which count characters.
func TestDiscordLimits(t *testing.T) {
	text := func(n int) string { return strings.Repeat("字", n) }
	for name, tt := range map[string]struct {
		card template.Card
		want bool
	}{
		"a title of 256":                 {template.Card{Title: text(256)}, true},
		"a title of 257":                 {template.Card{Title: text(257)}, false},
		"a description of 4,096":         {template.Card{Rows: []string{text(4096)}}, true},
		"a description of 4,097":         {template.Card{Rows: []string{text(4097)}}, false},
		"facts of 4,096, markup and all": {template.Card{Rows: []string{text(3000)}, Fields: []template.Field{{Label: strings.Repeat("l", 89), Value: text(1000)}}}, true},
		"facts of 4,097":                 {template.Card{Rows: []string{text(3000)}, Fields: []template.Field{{Label: strings.Repeat("l", 89), Value: text(1001)}}}, false},
	} {
		if got := discordFits(discordCard(tt.card)); got != tt.want {
			t.Errorf("%s: fits is %v", name, got)
		}
	}
}

// TestDiscordMentions: exactly those of the operator's mention are allowed, and nobody without
// one.
func TestDiscordMentions(t *testing.T) {
	for mention, want := range map[string]string{
		"":                       `{"parse":[]}`,
		"<@1> <@!2> <@&3>":       `{"parse":[],"roles":["3"],"users":["1","2"]}`,
		"@here":                  `{"parse":["everyone"]}`,
		"@everyone <@&3> @hello": `{"parse":["everyone"],"roles":["3"]}`,
	} {
		if got, err := sink.Encode(discordMentions(mention)); string(got) != want || err != nil {
			t.Errorf("%q: %s, want %s", mention, got, want)
		}
	}
}

// TestDiscordWaits: Discord answers what became of a message only when it is asked to.
func TestDiscordWaits(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	if err := r.Sink(t, kind(t, "discord")).Send(t.Context(), notifiertest.One(1)); err != nil {
		t.Fatal(err)
	}
	if got := r.Posts(notifiertest.Discord)[0].Query.Get("wait"); got != "true" {
		t.Errorf("wait=%q", got)
	}
}

// A hint names the settings of its platform: people have several bots.
func TestHintsNameTheSetting(t *testing.T) {
	for _, tt := range []struct{ kind, hint, want string }{
		{"dingtalk", dingTalkRule(310000, "sign not match").Hint, "DINGTALK_SECRET"},
		{"dingtalk", dingTalkRule(300005, "").Hint, "DINGTALK_WEBHOOK_URL"},
		{"feishu", feishuRule(19021, "").Hint, "FEISHU_SECRET"},
		{"wecom", weComRule(93000, "").Hint, "WECOM_WEBHOOK_URL"},
	} {
		all := platforms()
		i := slices.IndexFunc(all, func(p platform) bool { return p.kind == tt.kind })
		if got := all[i].named(tt.hint); !strings.Contains(got, tt.want) || strings.ContainsAny(got, "{}") {
			t.Errorf("%s: %q does not name %s", tt.kind, got, tt.want)
		}
	}
}

func TestColon(t *testing.T) {
	for label, want := range map[string]string{"Took": ": ", "耗时": "：", "任务 ID": "："} {
		if got := colon(label); got != want {
			t.Errorf("%s: %q", label, got)
		}
	}
}
