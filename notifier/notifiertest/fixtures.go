package notifiertest

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"refreshwatch/notifier/sink"
)

// Fixture is what the conformance suite knows of one kind of sink: how it is set up
// in front of the [Receiver], and what its receiver's answers must count as. A kind
// without a fixture fails the suite.
type Fixture struct {
	Type     string
	Endpoint Endpoint
	Settings func(*Receiver) sink.Settings

	WrongSecret sink.Settings // changes that its receiver refuses; nil when there is no secret but the URL
	Trusting    bool          // every 2xx is acceptance, whatever its body
	ByStatus    bool          // so is every 2xx but a page
	LooksUp     bool          // an unknown outcome is looked up, so 503 counts as unknown as well
	Markup      string        // what only a card holds, not a plain text
	Layout      *Fault        // refuses a message for its layout; nil when there is none
	Calls       string        // a regular expression: what mentions people in a body
	Mention     string        // in the platform's markup; "" when nobody can be mentioned
	Mentions    string        // what that is in the body; "" for the mention itself
	PerSecond   int           // messages its receiver takes, as published; 0 when there is no such rate
	PerMinute   int
	Answers     []Expected // the platform's own words
}

// Expected is a fault, and what it must count as.
type Expected struct {
	Name  string
	Fault Fault
	Class sink.Class
	After time.Duration
}

func fixture(t testing.TB, kind sink.Kind) Fixture {
	t.Helper()
	all := Fixtures()
	i := slices.IndexFunc(all, func(f Fixture) bool { return f.Type == kind.Type })
	if i < 0 {
		t.Fatalf("no fixture for sinks of type %s: add one to fixtures.go", kind.Type)
	}
	return all[i]
}

const slackCalls = `<!(channel|here|everyone|subteam)|<@[A-Za-z]`

// Fixtures lists them, one a kind.
func Fixtures() []Fixture {
	slackLayout := SlackSays("invalid_blocks")
	hookLayout := Answer(400, "invalid_blocks")
	dingTalkLayout := Answer(200, `{"errcode":460101,"errmsg":"message too long"}`)
	feishuLayout := Answer(400, `{"code":9499,"msg":"Bad Request"}`)
	weComLayout := Answer(200, `{"errcode":40058,"errmsg":"content exceed max length"}`)
	teamsLayout := Answer(413, `{"error":{"code":"RequestEntityTooLarge","message":"too large"}}`)
	discordLayout := Answer(400, `{"code":50035,"message":"Invalid Form Body"}`)
	only := func(e Endpoint) func(*Receiver) sink.Settings {
		return func(r *Receiver) sink.Settings { return sink.Settings{"url": sink.Secret(r.URL(e))} }
	}
	signed := func(e Endpoint, secret func(*Receiver) string) func(*Receiver) sink.Settings {
		return func(r *Receiver) sink.Settings {
			return sink.Settings{"url": sink.Secret(r.URL(e)), "secret": sink.Secret(secret(r))}
		}
	}
	return []Fixture{{
		Type: "slack", Endpoint: SlackPost,
		Settings: func(r *Receiver) sink.Settings {
			return sink.Settings{"token": sink.Secret(r.Slack.Token), "channel": SlackChannel, "api_url": sink.Secret(r.URL(SlackPost))}
		},
		WrongSecret: sink.Settings{"token": "xoxb-wrong"},
		LooksUp:     true, Markup: `"blocks"`, Layout: &slackLayout, Calls: slackCalls, Mention: "<!subteam^S0123>",
		PerSecond: 1, PerMinute: 60,
		Answers: slackAnswers(),
	}, {
		Type: "slack-webhook", Endpoint: SlackHook, Settings: only(SlackHook),
		Markup: `"attachments"`, Layout: &hookLayout, Calls: slackCalls, Mention: "<@U0123>",
		PerSecond: 1, PerMinute: 60,
		Answers: slackWebhookAnswers(),
	}, {
		Type: "webhook", Endpoint: Webhook,
		Settings:    signed(Webhook, func(r *Receiver) string { return r.WebhookSecret }),
		WrongSecret: sink.Settings{"secret": "whsec_bm90IHRoZSByaWdodCBrZXksIG5vdCBhdCBhbGwh"},
		Trusting:    true,
	}, {
		Type: "dingtalk", Endpoint: DingTalk,
		Settings:    signed(DingTalk, func(r *Receiver) string { return r.DingTalkSecret }),
		WrongSecret: sink.Settings{"secret": "SECwrong"},
		Markup:      `"markdown"`,
		Layout:      &dingTalkLayout,
		Calls:       `"isAtAll":true|"atMobiles"|"atUserIds"|@all`,
		Mention:     "@13800000000 @zhang @all",
		Mentions:    `"at":{"atMobiles":["13800000000"],"atUserIds":["zhang"],"isAtAll":true}`,
		PerSecond:   5, PerMinute: 20,
		Answers: dingTalkAnswers(),
	}, {
		Type: "feishu", Endpoint: Feishu,
		Settings:    signed(Feishu, func(r *Receiver) string { return r.FeishuSecret }),
		WrongSecret: sink.Settings{"secret": "wrong"},
		Markup:      `"card"`, Layout: &feishuLayout, Calls: `<at[ >]`, Mention: "<at id=all></at>",
		PerSecond: 5, PerMinute: 100,
		Answers: feishuAnswers(),
	}, {
		Type: "wecom", Endpoint: WeCom, Settings: only(WeCom),
		Markup: `"markdown"`, Layout: &weComLayout, Calls: `<@[A-Za-z]`, Mention: "<@zhangsan>",
		PerSecond: 5, PerMinute: 20,
		Answers: weComAnswers(),
	}, {
		Type: "teams", Endpoint: Teams, Settings: only(Teams), ByStatus: true,
		Markup: "FactSet", Layout: &teamsLayout, Calls: `<at[ >]|"entities"`, Mention: "<at>ops@example.com</at>",
		Mentions:  `"entities":[{"mentioned":{"id":"ops@example.com","name":"ops@example.com"},"text":"<at>ops@example.com</at>","type":"mention"}]`,
		PerSecond: 4, PerMinute: 240,
		Answers: teamsAnswers(),
	}, {
		Type: "discord", Endpoint: Discord, Settings: only(Discord),
		Markup: `"embeds"`, Layout: &discordLayout, Calls: `"content":"<|"parse":\["|"users"|"roles"`, Mention: "<@123> <@&456> @here",
		Mentions:  `"allowed_mentions":{"parse":["everyone"],"roles":["456"],"users":["123"]}`,
		PerSecond: 5, PerMinute: 30,
		Answers: discordAnswers(),
	}}
}

// anywhere are the answers every receiver can give.
func (f Fixture) anywhere() []Expected {
	page := "<html><body>Please sign in</body></html>"
	unavailable, odd, paged := sink.Later, sink.Unknown, sink.Unknown
	if f.LooksUp {
		unavailable = sink.Unknown
	}
	if f.Trusting || f.ByStatus {
		odd = Sent
	}
	if f.Trusting {
		paged = Sent
	}
	return []Expected{
		{Name: "hang", Fault: Fault{Hang: true}, Class: sink.Unknown},
		{Name: "reset", Fault: Fault{Reset: true}, Class: sink.Unknown},
		{Name: "reset after it was stored", Fault: Fault{Reset: true}.ButStored(), Class: sink.Unknown},
		{Name: "500", Fault: Answer(500, page), Class: sink.Unknown},
		{Name: "500 after it was stored", Fault: Answer(500, page).ButStored(), Class: sink.Unknown},
		{Name: "502", Fault: Answer(502, page), Class: sink.Unknown},
		{Name: "504 with a wait", Fault: Busy(504, "9"), Class: sink.Unknown, After: 9 * time.Second},
		{Name: "503", Fault: Answer(503, page), Class: unavailable},
		{Name: "503 with a wait", Fault: Busy(503, "11"), Class: unavailable, After: 11 * time.Second},
		{Name: "429", Fault: Answer(429, "slow down"), Class: sink.Later},
		{Name: "429 in seconds", Fault: Busy(429, "90"), Class: sink.Later, After: 90 * time.Second},
		{Name: "429 with a date", Fault: Busy(429, Now.Add(2*time.Minute).Format(http.TimeFormat)), Class: sink.Later, After: 2 * time.Minute},
		{Name: "429 with garbage", Fault: Busy(429, "soon"), Class: sink.Later},
		{Name: "400", Fault: Answer(400, page), Class: sink.Refused},
		{Name: "403", Fault: Answer(403, page), Class: sink.Refused},
		{Name: "404", Fault: Answer(404, page), Class: sink.Refused},
		{Name: "410", Fault: Answer(410, page), Class: sink.Refused},
		{Name: "a page with status 200", Fault: Answer(200, page), Class: paged},
		{Name: "an empty 200", Fault: Answer(200, ""), Class: odd},
		{Name: "null", Fault: Answer(200, "null"), Class: odd},
		{Name: "an empty object", Fault: Answer(200, "{}"), Class: odd},
		{Name: "an answer that breaks off", Fault: Fault{Cut: true, Body: "ok"}, Class: odd},
		{Name: "an endless answer", Fault: Answer(200, string(make([]byte, sink.AnswerCap+1))), Class: odd},
	}
}

func slackAnswers() []Expected {
	return slices.Concat(
		slackSays(sink.Later, "ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org", "org_login_required", "message_limit_exceeded"),
		slackSays(sink.Unknown, "fatal_error", "internal_error", "a_code_of_next_year", "<b>no code</b>"),
		slackSays(sink.Refused, "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope",
			"not_allowed_token_type", "no_permission", "access_denied", "accesslimited", "ekm_access_denied", "enterprise_is_restricted",
			"app_access_restricted", "two_factor_setup_required", "team_not_found", "channel_not_found", "not_in_channel",
			"is_archived", "is_inactive", "messages_tab_disabled", "restricted_action", "restricted_action_read_only_channel",
			"restricted_action_thread_only_channel", "restricted_action_non_threadable_channel", "restricted_action_thread_locked", "cannot_reply_to_message"),
		slackSays(Sent, "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments", "too_many_attachments",
			"attachment_payload_limit_exceeded", "markdown_text_conflict", "no_text", "msg_too_long", "invalid_metadata_format",
			"invalid_metadata_schema", "metadata_too_large", "metadata_must_be_sent_from_app"),
		says(500, sink.Unknown, `{"ok":true,"channel":"C0OPS","ts":"1700000000.000001"}`),
		[]Expected{
			{Name: "not ok without a reason", Fault: Answer(200, `{"ok":false,"ts":"1.2","channel":"C0OPS"}`), Class: sink.Unknown},
			{Name: "ok without ts", Fault: Answer(200, `{"ok":true}`), Class: sink.Unknown},
		})
}

func slackWebhookAnswers() []Expected {
	return slices.Concat(
		says(400, Sent, "invalid_payload", "invalid_blocks", "too_many_attachments", "no_text", "invalid_attachments", "msg_blocks_too_long"),
		says(500, sink.Unknown, "ok", `{"ok":true}`),
		says(429, sink.Later, "rate_limited", "ratelimited"),
		says(400, sink.Refused, "user_not_found"),
		says(403, sink.Refused, "action_prohibited", "invalid_token", "posting_to_general_channel_denied"),
		says(404, sink.Refused, "channel_not_found", "no_service", "no_active_hooks", "no_team"),
		says(410, sink.Refused, "channel_is_archived"),
		says(500, sink.Unknown, "rollup_error"),
		says(200, Sent, "ok ", "OK", "ok\n", `{"ok":true}`, `{"success":true}`, `{"success": true, "id": 7}`, `{"msg":"","result":"success"}`, `{"status":"OK"}`),
		says(204, Sent, ""),
		says(200, sink.Later, `{"success":false,"error":"no channel"}`, `{"ok":false}`, `{"status":"error"}`),
		says(200, sink.Unknown, "no_service", "okay", "[]", `"ok"`, `{"ok":"true"}`, `{"success":1}`, `{"errcode":0}`))
}

func teamsAnswers() []Expected {
	const refusal = `{"error":{"code":"%s","message":"The workflow says no."}}`
	of := func(code string) string { return fmt.Sprintf(refusal, code) }
	return slices.Concat(
		says(202, Sent, ""), says(200, Sent, "1", "Ok"),
		says(400, sink.Refused, of("WorkflowTriggerIsNotEnabled")),
		says(404, sink.Refused, of("WorkflowNotFound"), of("TriggerNotFound"), of("SomethingNew")),
		says(401, sink.Refused, of("AuthorizationFailed"), of("DirectApiAuthorizationRequired")),
		says(403, sink.Refused, of("InvokerFailed")), says(413, Sent, of("RequestEntityTooLarge")),
		says(400, Sent, of("TriggerInputSchemaMismatch"), of("InvalidTemplate")),
		says(429, sink.Later, of("RateLimitExceeded")),
		says(502, sink.Unknown, of("NoResponse"), of("<b>")))
}

func discordAnswers() []Expected {
	return slices.Concat(
		says(204, Sent, ""),
		says(404, sink.Refused, `{"message":"Unknown Webhook","code":10015}`),
		says(401, sink.Refused, `{"message":"Invalid Webhook Token","code":50027}`),
		says(403, sink.Refused, `{"message":"Missing Permissions","code":50013}`, `{"message":"Missing Access","code":50001}`),
		says(404, sink.Refused, `{"message":"Unknown Channel","code":10003}`),
		says(400, Sent, `{"message":"Cannot send an empty message","code":50006}`, `{"message":"Invalid Form Body","code":50035}`, `{"message":"invalid JSON","code":50109}`),
		says(503, sink.Later, `{"message":"overloaded","code":130000}`), says(500, sink.Unknown, `{"id":"1"}`, `{"message":"500","code":0}`),
		says(400, sink.Refused, `{"message":"You are being blocked","code":99999}`),
		says(429, sink.Later, `{"message":"The service resource is being rate limited.","code":40062}`),
		says(200, sink.Unknown, `{"channel_id":"1"}`),
		[]Expected{{Name: "429 in the body", Fault: Answer(429, `{"message":"You are being rate limited.","retry_after":0.65,"global":false}`), Class: sink.Later, After: 650 * time.Millisecond}})
}

func dingTalkAnswers() []Expected {
	const errcode = `{"errcode":%d,"errmsg":"no"}`
	return slices.Concat(
		codes(errcode, sink.Later, time.Minute, 130101, 410100, -1),
		codes(errcode, sink.Refused, 0, 310000, 300005, 300001, 400101, 400102, 400106, 400013),
		codes(errcode, Sent, 0, 40035, 43004, 400105, 460101),
		codes(errcode, sink.Later, time.Minute, 77),
		says(500, sink.Unknown, `{"errcode":0,"errmsg":"ok"}`), says(403, sink.Refused, `{"errcode":0,"errmsg":"ok"}`),
		[]Expected{{Name: "flood guard", Fault: Answer(200, `{"status":1111,"wait":5,"punish":"deny"}`), Class: sink.Later, After: time.Minute}})
}

func feishuAnswers() []Expected {
	const code = `{"code":%d,"msg":"no"}`
	return slices.Concat(
		codes(code, sink.Later, time.Minute, 11232),
		codes(code, sink.Refused, 0, 19001, 19021, 19022, 19024),
		codes(code, Sent, 0, 9499, 19002),
		codes(`{"StatusCode":%d,"StatusMessage":"success"}`, Sent, 0, 0),
		says(502, sink.Unknown, `{"code":0,"msg":"success"}`),
		[]Expected{
			{Name: "too fast under 9499", Fault: Answer(200, `{"code":9499,"msg":"too many request"}`), Class: sink.Later, After: time.Minute},
			{Name: "9499 with status 400", Fault: Answer(400, `{"code":9499,"msg":"Bad Request"}`), Class: Sent},
		})
}

func weComAnswers() []Expected {
	const errcode = `{"errcode":%d,"errmsg":"no"}`
	return slices.Concat(
		codes(errcode, sink.Later, time.Minute, 45009, 45033, -1, 77),
		codes(errcode, sink.Refused, 0, 93000, 93004, 93008),
		codes(errcode, Sent, 0, 40008, 40058, 44004, 45002),
		says(500, sink.Unknown, `{"errcode":0,"errmsg":"ok"}`))
}

func codes(format string, class sink.Class, after time.Duration, list ...int) []Expected {
	var all []Expected
	for _, code := range list {
		body := fmt.Sprintf(format, code)
		all = append(all, Expected{Name: body, Fault: Answer(200, body), Class: class, After: after})
	}
	return all
}

func slackSays(class sink.Class, list ...string) []Expected {
	var all []Expected
	for _, code := range list {
		all = append(all, Expected{Name: code, Fault: SlackSays(code), Class: class})
	}
	return all
}

func says(status int, class sink.Class, bodies ...string) []Expected {
	var all []Expected
	for _, body := range bodies {
		all = append(all, Expected{Name: body, Fault: Answer(status, body), Class: class})
	}
	return all
}
