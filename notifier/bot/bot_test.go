package bot

import (
	"net/url"
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

func TestDingTalkHints(t *testing.T) {
	for message, want := range map[string]string{
		"keywords not in content":      "keyword",
		"sign not match":               "secret",
		"invalid timestamp":            "clock",
		"ip 1.2.3.4 not in whitelist":  "address",
		"something DingTalk adds next": "secret",
	} {
		if rule := dingTalkRule(310000, message); rule.Class != sink.Refused || !strings.Contains(rule.Hint, want) {
			t.Errorf("%s: %+v", message, rule)
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
		{"dingtalk without token", "dingtalk", "https://oapi.dingtalk.com/robot/send", "", map[string]sink.Level{"url": sink.Warn, "secret": sink.Warn}},
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
