package sink

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestUnreadableSaysWhatItSeems: the hint names whose answer it looks like.
func TestUnreadableSaysWhatItSeems(t *testing.T) {
	for body, want := range map[string]string{
		" <!doctype html>":                "web page",
		`{"errcode":0,"errmsg":"ok"}`:     "DingTalk or WeCom",
		`{"code":0,"msg":"success"}`:      "Feishu",
		`{"id":"1","channel_id":"2"}`:     "Discord",
		`{"ok":null,"ts":"1"}`:            "Slack's Web API",
		"1":                               "retired Teams connector",
		"":                                "WEBHOOK_URL",
		"thank you for your order secret": "WEBHOOK_URL",
	} {
		err := Accepted(Answer{Status: 200, Body: []byte(body), Whole: true}, "it is not that")
		e := Outcome(err)
		if e.Class != Unknown || e.Code != CodeUnreadable || !strings.Contains(e.Hint, want) || strings.Contains(err.Error(), "order") {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
}

// TestQuote: sentences stay, whatever may be a secret goes.
func TestQuote(t *testing.T) {
	secrets := []Secret{"https://hooks.example.com/services/T0AB12/pathsecret?key=querysecret", "signingsecret"}
	for sentence, want := range map[string]string{
		"keywords not in content":                                                  "keywords not in content",
		"关键词不匹配;请联系群管理员(ip 10.1.2.3)":                                              "关键词不匹配;请联系群管理员(ip 10.1.2.3)",
		"at 2001:db8::1 or 12:30":                                                  "at 2001:db8::1 or 12:30",
		"pathsecret, querysecret and signingsecret":                                "***, *** and ***",
		"invalid webhook url, hint: [1670000000123456789012345], cgi-bin services": "invalid webhook url, hint: [1670000000123456789012345], cgi-bin services",
		"see https://hooks.example.com/a?b=c":                                      "see ***",
		"key LTAI5tKeyIdSecret01 is bad":                                           "key *** is bad",
		"AAAAABBBBBCCCCCDDDDDEEEEEFFFFF":                                           "***",
		"two\nlines\x1b[31m \u202e\u200b and  spaces":                              "two lines[31m and spaces",
		"\xff\xfe": "\uFFFD",
	} {
		if got := Quote(sentence, secrets...); got != want {
			t.Errorf("%q becomes %q, want %q", sentence, got, want)
		}
	}
	if got := Quote(strings.Repeat("界 ", 500)); utf8.RuneCountInString(got) > maxQuote+1 {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("sign not match signingsecret", "signingsecret")
	f.Fuzz(func(t *testing.T, sentence, secret string) {
		got := Quote(sentence, Secret(secret))
		if len(secret) >= 6 && secret != masked && !strings.Contains(masked, secret) && strings.Contains(got, secret) && !strings.Contains(secret, "*") {
			t.Errorf("%q shows %q", got, secret)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q", got)
		}
	})
}

func TestCheckOpaque(t *testing.T) {
	for value, want := range map[string]string{
		"xoxb-1_2.3+/=":  "",
		`"xoxb-1"`:       "quotation mark at its beginning",
		"xoxb-1'":        "quotation mark at its end",
		"xoxb-1 ":        "white space at its end",
		"xoxb-1\r\n":     "line break",
		"xoxb 1":         "white space in it",
		"\ufeffxoxb-1":   "invisible character at its beginning",
		"xoxb–1":         "outside ASCII in it",
		"xoxb-…":         "shortened value at its end",
		"xoxb-***":       "shortened value in it",
		"<your token>":   "bracket at its beginning",
		"${TOKEN}":       "bracket in it",
		"xoxb\\-1":       "backslash in it",
		"token\u00a0":    "white space at its end",
		"“xoxb-1”":       "quotation mark at its beginning",
		"xoxb-1\x00more": "invisible character in it",
	} {
		err := CheckOpaque(value)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", value, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "xoxb") {
			t.Errorf("the value is repeated: %v", err)
		}
	}
}
