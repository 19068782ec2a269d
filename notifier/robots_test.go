package notifier

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// TestSignatures compares with values computed by openssl, so that sender and
// receiver of these tests cannot be wrong together:
//
//	printf '1795163402000\nSECdingtalksigningsecret' | openssl dgst -sha256 -hmac SECdingtalksigningsecret -binary | base64
//	printf '' | openssl dgst -sha256 -hmac "$(printf '1795163402\nfeishusigningsecret')" -binary | base64
func TestSignatures(t *testing.T) {
	query := url.Values{}
	signDingTalk("SECdingtalksigningsecret", testNow, query, nil)
	if diff := cmp.Diff(url.Values{"timestamp": {"1795163402000"}, "sign": {"WU9N92BT6+vRTCBaZPiXkmG3KxUBmm+LoiCKNaVLFX0="}}, query); diff != "" {
		t.Error(diff)
	}
	body := map[string]any{}
	signFeishu("feishusigningsecret", testNow, nil, body)
	if diff := cmp.Diff(map[string]any{"timestamp": "1795163402", "sign": "2HX+ll9WOq4HPx6OK1daIYR3fZK28b15d+mwzVhWt/o="}, body); diff != "" {
		t.Error(diff)
	}
}

// TestClockSkew: the robots refuse old timestamps, and the hint says why.
func TestClockSkew(t *testing.T) {
	r := newRig(t, "en")
	r.kit.Now = func() time.Time { return testNow.Add(-2 * time.Hour) }
	for _, name := range []string{"dingtalk", "feishu"} {
		err := r.place(t, name).sink.Send(t.Context(), one(1))
		r.assertOutcome(t, err, Refused, 0)
		if !strings.Contains(outcome(err).Hint, "clock") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDingTalkHints(t *testing.T) {
	for message, want := range map[string]string{
		"keywords not in content":      "keyword",
		"sign not match":               "secret",
		"invalid timestamp":            "clock",
		"ip 1.2.3.4 not in whitelist":  "address",
		"something DingTalk adds next": "secret",
	} {
		if rule := dingTalkRule(310000, message); rule.class != Refused || !strings.Contains(rule.hint, want) {
			t.Errorf("%s: %+v", message, rule)
		}
	}
}

// TestMentions: people whom the operator named are called in each platform's own
// way, in cards and in plain text.
func TestMentions(t *testing.T) {
	tests := map[string]struct{ mention, want string }{
		"slack":         {"<!subteam^S0123>", `<!subteam^S0123>`},
		"slack-webhook": {"<@U0123>", `<@U0123>`},
		"dingtalk":      {"@13800000000 @zhang @all", `"at":{"atMobiles":["13800000000"],"atUserIds":["zhang"],"isAtAll":true}`},
		"feishu":        {"<at id=all></at>", `<at id=all></at>`},
		"wecom":         {"<@zhangsan>", `<@zhangsan>`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "zh")
			p := r.place(t, name)
			d := one(1)
			d.Mention = test.mention
			layout := notifiertest.Answer(200, `{"errcode":40035,"code":9499}`)
			switch name {
			case "slack":
				layout = notifiertest.SlackSays("invalid_blocks")
			case "slack-webhook":
				layout = notifiertest.Answer(400, "invalid_blocks")
			case "wecom":
				layout = notifiertest.Answer(200, `{"errcode":40058}`)
			}
			r.Script(p.endpoint, layout)
			if err := p.sink.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			posts := r.Posts(p.endpoint)
			if len(posts) != 2 {
				t.Fatalf("%d posts", len(posts))
			}
			for _, post := range posts {
				var body any
				if err := json.Unmarshal(post.Body, &body); err != nil {
					t.Fatal(err)
				}
				plain, err := encode(body)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(string(plain), test.want) {
					t.Errorf("nobody is called: %s", plain)
				}
			}
		})
	}
}

// TestRobotLimits: whatever the rows, bodies stay within the platform's bytes.
func TestRobotLimits(t *testing.T) {
	r := newRig(t, "zh")
	d := one(1)
	d.Events = nil
	for i := range 50 {
		d.Events = append(d.Events, poller.Event{Kind: poller.Finished, Observed: testNow, Task: poller.Task{
			Key:    poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: "https://例子.example.com/" + strings.Repeat("很长的路径<>&\"", 60) + string(rune('a'+i%26))},
			Status: poller.Failed, Description: strings.Repeat("原因", 200) + string(rune('a'+i%26)),
		}})
	}
	for _, p := range r.places(t) {
		if p.endpoint == notifiertest.Webhook {
			continue // keeps to its rows; its bytes are the batch's business
		}
		body, err := p.sink.(Previewer).Body(d)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(body) {
			t.Errorf("%s: broken characters", p.name)
		}
		if err := p.sink.Send(t.Context(), d); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if posts := r.Posts(p.endpoint); posts[0].Problem != "" {
			t.Errorf("%s: %s", p.name, posts[0].Problem)
		}
	}
}

// TestRobotShrinks: a card too large for its platform loses rows, then reasons,
// then its markup, before it loses the news.
func TestRobotShrinks(t *testing.T) {
	r := newRig(t, "en")
	for _, kind := range []template.Dialect{template.DingTalk, template.Feishu, template.WeCom} {
		robot := r.robot(t, kind, "")
		whole, err := robot.Body(asDelivery(template.Samples()[2]))
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{len(whole) - 1, len(whole) * 3 / 4} {
			robot.limit = limit
			body, err := robot.Body(asDelivery(template.Samples()[2]))
			if err != nil || len(body) > limit || !strings.Contains(string(body), "2 failed") {
				t.Errorf("%s: %d bytes of %d: %v %s", kind, len(body), limit, err, body)
			}
		}
		robot.limit = 10
		if body, err := robot.Body(asDelivery(template.Samples()[2])); err != nil || strings.Contains(string(body), "**") {
			t.Errorf("%s: %v %s", kind, err, body)
		}
	}
}

// TestSlackMentionIsShown: the text is not shown beside blocks, so the title's
// block names the people too.
func TestSlackMentionIsShown(t *testing.T) {
	d := one(1)
	d.Mention = "<!subteam^S0123>"
	m, err := newRig(t, "en").slack(t).message(d)
	if err != nil {
		t.Fatal(err)
	}
	title, err := encode(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(unescaped(t, title), d.Mention) || !strings.Contains(m.Text, d.Mention) {
		t.Errorf("%s\n%s", title, m.Text)
	}
}

func TestClipBytes(t *testing.T) {
	for limit := 3; limit < 20; limit++ {
		got := clipBytes("a界b界界c界界d", limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("%d: %q", limit, got)
		}
	}
	if got := clipBytes("界", 3); got != "界" {
		t.Errorf("%q", got)
	}
}

func TestNewRobot(t *testing.T) {
	tests := map[string]Robot{
		"url is not set":               {Kind: template.DingTalk},
		"url must begin with https":    {Kind: template.Feishu, URL: "http://open.feishu.cn/open-apis/bot/v2/hook/x"},
		"WeCom robots have no secret":  {Kind: template.WeCom, URL: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", Secret: "x"},
		`type is no robot: "teams"`:    {Kind: "teams", URL: "https://example.com/"},
		`type is no robot: "slack"`:    {Kind: template.Slack, URL: "https://example.com/"},
		"url must not hold a user nam": {Kind: template.WeCom, URL: "https://a:b@example.com/"},
	}
	for want, settings := range tests {
		if _, err := NewRobot(settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestCheckShapes: URLs and secrets are looked at, not used.
func TestCheckShapes(t *testing.T) {
	kit := Kit{}
	robot := func(kind template.Dialect, to, secret Secret) Checker {
		r, err := NewRobot(Robot{Kit: kit, Kind: kind, URL: to, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	hook := func(to Secret) Checker {
		s, err := NewSlackHook(SlackHook{Kit: kit, URL: to})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	webhook := func(to, secret Secret) Checker {
		w, err := NewWebhook(Webhook{Kit: kit, URL: to, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	tests := []struct {
		name string
		sink Checker
		want map[string]Level
	}{
		{"dingtalk", robot(template.DingTalk, "https://oapi.dingtalk.com/robot/send?access_token=x", "SECx"), map[string]Level{"url": OK, "secret": OK}},
		{"dingtalk without token", robot(template.DingTalk, "https://oapi.dingtalk.com/robot/send", ""), map[string]Level{"url": Warn, "secret": Warn}},
		{"dingtalk, odd secret", robot(template.DingTalk, "https://oapi.dingtalk.com/robot/send?access_token=x", "x"), map[string]Level{"url": OK, "secret": Warn}},
		{"feishu", robot(template.Feishu, "https://open.feishu.cn/open-apis/bot/v2/hook/x", "x"), map[string]Level{"url": OK, "secret": OK}},
		{"lark", robot(template.Feishu, "https://open.larksuite.com/open-apis/bot/v2/hook/x", "x"), map[string]Level{"url": OK, "secret": OK}},
		{"feishu elsewhere", robot(template.Feishu, "https://example.com/hook/x", "x"), map[string]Level{"url": Warn, "secret": OK}},
		{"wecom", robot(template.WeCom, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", ""), map[string]Level{"url": OK}},
		{"slack", hook("https://hooks.slack.com/services/T/B/x"), map[string]Level{"url": OK}},
		{"slack without path", hook("https://hooks.slack.com/services/"), map[string]Level{"url": Warn}},
		{"webhook", webhook("https://example.com/", "whsec_bm90IHRoZSByaWdodCBrZXksIG5vdCBhdCBhbGwh"), map[string]Level{"url": OK, "secret": OK}},
		{"unsigned webhook", webhook("https://example.com/", ""), map[string]Level{"url": OK, "secret": Warn}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]Level{}
			for _, f := range test.sink.Check(t.Context()) {
				got[f.Item] = f.Level
				if f.Level != OK && f.Hint == "" {
					t.Errorf("%+v has no hint", f)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
