package notifiertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestSlackRules: the receiver refuses what Slack refuses. Were it blind, the
// tests of the sinks would prove little.
func TestSlackRules(t *testing.T) {
	section := func(n int) string {
		return fmt.Sprintf(`{"type":"section","text":{"type":"mrkdwn","text":"%s"}}`, strings.Repeat("界", n))
	}
	times := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	field := func(n int) string { return fmt.Sprintf(`{"type":"mrkdwn","text":"%s"}`, strings.Repeat("x", n)) }
	button := func(label, to string) string {
		return fmt.Sprintf(`{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"%s"},"url":"%s"}]}`, label, to)
	}
	tests := []struct{ blocks, code string }{
		{section(3000), ""},
		{section(3001), "invalid_blocks"},
		{section(0), "invalid_blocks"},
		{times(50, section(1)), ""},
		{times(51, section(1)), "invalid_blocks"},
		{times(2, section(3000)), "msg_blocks_too_long"},
		{`{"type":"section","fields":[` + times(10, field(2000)) + `]}`, "msg_blocks_too_long"},
		{`{"type":"section","fields":[` + times(10, field(200)) + `]}`, ""},
		{`{"type":"section","fields":[` + times(11, field(1)) + `]}`, "invalid_blocks"},
		{`{"type":"section","fields":[` + field(2001) + `]}`, "invalid_blocks"},
		{`{"type":"section"}`, "invalid_blocks"},
		{`{"type":"context","elements":[` + times(10, field(1)) + `]}`, ""},
		{`{"type":"context","elements":[` + times(11, field(1)) + `]}`, "invalid_blocks"},
		{`{"type":"context","elements":[]}`, "invalid_blocks"},
		{button("Open", "https://example.com/"), ""},
		{button(strings.Repeat("x", 76), "https://example.com/"), "invalid_blocks"},
		{button("Open", "https://example.com/"+strings.Repeat("x", 3000)), "invalid_blocks"},
		{button("Open", "javascript:alert(1)"), "invalid_blocks"},
		{`{"type":"dance"}`, "invalid_blocks"},
	}
	for _, test := range tests {
		for _, m := range []Message{
			{Text: "x", Blocks: json.RawMessage("[" + test.blocks + "]")},
			{Text: "x", Attachments: json.RawMessage(`[{"color":"#fff","blocks":[` + test.blocks + `]}]`)},
		} {
			if code, detail := messageProblem(m); code != test.code {
				t.Errorf("%.80s…: %q (%s), want %q", test.blocks, code, detail, test.code)
			}
		}
	}
	for code, m := range map[string]Message{
		"no_text":               {},
		"msg_too_long":          {Text: strings.Repeat("x", 40_001)},
		"invalid_attachments":   {Text: "x", Attachments: json.RawMessage(`{}`)},
		"invalid_blocks_format": {Text: "x", Blocks: json.RawMessage(`{}`)},
	} {
		if got, _ := messageProblem(m); got != code {
			t.Errorf("%q, want %q", got, code)
		}
	}
}

func start(t *testing.T, r *Receiver) *Receiver {
	t.Helper()
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func post(t *testing.T, to, contentType, body string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(to, contentType, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// TestHistory: newest first, in pages, without replies, and payloads only when
// asked for.
func TestHistory(t *testing.T) {
	r := start(t, &Receiver{Slack: Workspace{Token: "xoxb-x", Channels: []*Channel{{ID: "C1", Member: true}}}})
	call := func(e Endpoint, form url.Values) string {
		form.Set("token", "xoxb-x")
		form.Set("channel", "C1")
		_, answer := post(t, r.URL(e)+string(e), "application/x-www-form-urlencoded", form.Encode())
		return answer
	}
	var first struct{ TS string }
	for i := range 5 {
		answer := call(SlackPost, url.Values{"text": {fmt.Sprint("m", i)}, "metadata": {fmt.Sprintf(`{"event_type":"e","event_payload":{"delivery_id":"id%d"}}`, i)}})
		if i == 0 {
			if err := json.Unmarshal([]byte(answer), &first); err != nil || first.TS == "" {
				t.Fatalf("%v: %s", err, answer)
			}
		}
	}
	call(SlackPost, url.Values{"text": {"reply"}, "thread_ts": {first.TS}})

	page := call(SlackHistory, url.Values{"limit": {"2"}, "include_all_metadata": {"1"}, "oldest": {first.TS}})
	if !strings.Contains(page, "id4") || !strings.Contains(page, "id3") || strings.Contains(page, "id2") || !strings.Contains(page, `"next_cursor":"2"`) {
		t.Error(page)
	}
	page = call(SlackHistory, url.Values{"limit": {"2"}, "include_all_metadata": {"1"}, "oldest": {first.TS}, "cursor": {"2"}})
	if !strings.Contains(page, "id2") || !strings.Contains(page, "id1") || strings.Contains(page, "id0") || !strings.Contains(page, `"next_cursor":""`) {
		t.Error(page)
	}
	page = call(SlackHistory, url.Values{})
	if !strings.Contains(page, "event_type") || strings.Contains(page, "delivery_id") || strings.Contains(page, "reply") {
		t.Error(page)
	}
	if n := r.Arrived()["chat.postMessage id4"]; n != 1 {
		t.Errorf("arrived %v", r.Arrived())
	}
}

func TestSlackWords(t *testing.T) {
	r := start(t, &Receiver{Slack: Workspace{
		Token: "xoxb-x", Scopes: []string{"chat:write"},
		Channels: []*Channel{{ID: "C1", Member: true}, {ID: "C2"}, {ID: "C3", Archived: true, Member: true}},
	}})
	tests := []struct {
		method Endpoint
		form   string
		want   string
	}{
		{SlackPost, "channel=C1&text=x", `"not_authed"`},
		{SlackPost, "token=xoxb-y&channel=C1&text=x", `"invalid_auth"`},
		{SlackPost, "token=xoxb-x&channel=C9&text=x", `"channel_not_found"`},
		{SlackPost, "token=xoxb-x&channel=C2&text=x", `"not_in_channel"`},
		{SlackPost, "token=xoxb-x&channel=C3&text=x", `"is_archived"`},
		{SlackPost, "token=xoxb-x&channel=C1", `"no_text"`},
		{SlackPost, "token=xoxb-x&channel=C1&text=x&metadata={}", `"invalid_metadata_format"`},
		{SlackPost, "token=xoxb-x&channel=C1&text=x", `"ok":true`},
		{SlackHistory, "token=xoxb-x&channel=C1", `"missing_scope"`},
		{"chat.dance", "token=xoxb-x", `"unknown_method"`},
	}
	for _, test := range tests {
		status, answer := post(t, r.URL(test.method)+string(test.method), "application/x-www-form-urlencoded", test.form)
		if status != http.StatusOK || !strings.Contains(answer, test.want) {
			t.Errorf("%s %s: %d %s", test.method, test.form, status, answer)
		}
	}
}

// TestBotRules: sizes, signatures and shapes, in the platforms' own codes.
func TestBotRules(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	r := start(t, &Receiver{DingTalkSecret: "SEC", FeishuSecret: "fs", Now: func() time.Time { return now }})
	ding := func(at time.Time, sign string) string {
		stamp := fmt.Sprint(at.UnixMilli())
		if sign == "" {
			sign = hmacBase64("SEC", stamp+"\nSEC")
		}
		return r.URL(DingTalk) + "&timestamp=" + stamp + "&sign=" + url.QueryEscape(sign)
	}
	feishu := func(at time.Time, rest string) string {
		stamp := fmt.Sprint(at.Unix())
		return fmt.Sprintf(`{"timestamp":"%s","sign":"%s",%s}`, stamp, hmacBase64(stamp+"\nfs", ""), rest)
	}
	text := func(n int) string {
		return fmt.Sprintf(`{"msgtype":"text","text":{"content":"%s"}}`, strings.Repeat("x", n))
	}
	tests := []struct{ name, to, body, want string }{
		{"dingtalk", ding(now, ""), text(10), `"errcode":0`},
		{"dingtalk, wrong sign", ding(now, "x"), text(10), "sign not match"},
		{"dingtalk, late", ding(now.Add(-2*time.Hour), ""), text(10), "invalid timestamp"},
		{"dingtalk, long", ding(now, ""), text(20_000), "460101"},
		{"dingtalk, no JSON", ding(now, ""), "{", "40035"},
		{"dingtalk, shapeless", ding(now, ""), "{}", "400105"},
		{"dingtalk, wrong token", r.base + dingTalkPath + "?access_token=x", text(1), "300005"},
		{"feishu", r.URL(Feishu), feishu(now, `"msg_type":"text","content":{"text":"x"}`), `"code":0`},
		{"feishu, late", r.URL(Feishu), feishu(now.Add(2*time.Hour), `"msg_type":"text","content":{"text":"x"}`), "19021"},
		{"feishu, unsigned", r.URL(Feishu), `{"msg_type":"text","content":{"text":"x"}}`, "19021"},
		{"feishu, shapeless", r.URL(Feishu), feishu(now, `"msg_type":"interactive"`), "19002"},
		{"feishu, long", r.URL(Feishu), feishu(now, `"msg_type":"text","content":{"text":"`+strings.Repeat("x", 20<<10)+`"}`), "9499"},
		{"wecom", r.URL(WeCom), text(2048), `"errcode":0`},
		{"wecom, long", r.URL(WeCom), text(2049), "40058"},
		{"wecom, long Markdown", r.URL(WeCom), `{"msgtype":"markdown","markdown":{"content":"` + strings.Repeat("界", 1366) + `"}}`, "40058"},
		{"wecom, wrong key", r.base + weComPath + "?key=x", text(1), "93000"},
	}
	for _, test := range tests {
		status, answer := post(t, test.to, "application/json", test.body)
		if status != http.StatusOK || !strings.Contains(answer, test.want) {
			t.Errorf("%s: %d %s, want %s", test.name, status, answer, test.want)
		}
	}
}
