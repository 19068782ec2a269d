package notifier

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/template"
)

const sent Class = "sent"

// fault is one thing that goes wrong, and what it must count as.
type fault struct {
	name  string
	fault notifiertest.Fault
	class Class
	after time.Duration
}

// anywhere are the faults every receiver can have. Only the generic webhook
// decides by status alone; for it trusting says what an odd 200 counts as.
func anywhere(unavailable, trusting Class) []fault {
	page := "<html><body>Please sign in</body></html>"
	return []fault{
		{name: "hang", fault: notifiertest.Fault{Hang: true}, class: Unknown},
		{name: "reset", fault: notifiertest.Fault{Reset: true}, class: Unknown},
		{name: "reset after it was stored", fault: notifiertest.Fault{Reset: true}.ButStored(), class: Unknown},
		{name: "500", fault: notifiertest.Answer(500, page), class: Unknown},
		{name: "500 after it was stored", fault: notifiertest.Answer(500, page).ButStored(), class: Unknown},
		{name: "502", fault: notifiertest.Answer(502, page), class: Unknown},
		{name: "504 with a wait", fault: notifiertest.Busy(504, "9"), class: Unknown, after: 9 * time.Second},
		{name: "503", fault: notifiertest.Answer(503, page), class: unavailable},
		{name: "503 with a wait", fault: notifiertest.Busy(503, "11"), class: unavailable, after: 11 * time.Second},
		{name: "429", fault: notifiertest.Answer(429, "slow down"), class: Later},
		{name: "429 in seconds", fault: notifiertest.Busy(429, "90"), class: Later, after: 90 * time.Second},
		{name: "429 with a date", fault: notifiertest.Busy(429, testNow.Add(2*time.Minute).Format(http.TimeFormat)), class: Later, after: 2 * time.Minute},
		{name: "429 with garbage", fault: notifiertest.Busy(429, "soon"), class: Later},
		{name: "400", fault: notifiertest.Answer(400, page), class: Refused},
		{name: "403", fault: notifiertest.Answer(403, page), class: Refused},
		{name: "404", fault: notifiertest.Answer(404, page), class: Refused},
		{name: "410", fault: notifiertest.Answer(410, page), class: Refused},
		{name: "a page with status 200", fault: notifiertest.Answer(200, page), class: trusting},
		{name: "an empty 200", fault: notifiertest.Answer(200, ""), class: trusting},
		{name: "null", fault: notifiertest.Answer(200, "null"), class: trusting},
		{name: "an empty object", fault: notifiertest.Answer(200, "{}"), class: trusting},
		{name: "an answer that breaks off", fault: notifiertest.Fault{Cut: true, Body: "ok"}, class: trusting},
		{name: "an endless answer", fault: notifiertest.Answer(200, string(make([]byte, answerCap+1))), class: trusting},
	}
}

func code(format string, codes ...int) func(Class, time.Duration) []fault {
	return func(class Class, after time.Duration) []fault {
		var faults []fault
		for _, c := range codes {
			body := fmt.Sprintf(format, c)
			faults = append(faults, fault{name: body, fault: notifiertest.Answer(200, body), class: class, after: after})
		}
		return faults
	}
}

func slackSays(class Class, codes ...string) []fault {
	var faults []fault
	for _, c := range codes {
		faults = append(faults, fault{name: c, fault: notifiertest.SlackSays(c), class: class})
	}
	return faults
}

func hookSays(status int, class Class, codes ...string) []fault {
	var faults []fault
	for _, c := range codes {
		faults = append(faults, fault{name: c, fault: notifiertest.Answer(status, c), class: class})
	}
	return faults
}

func join(lists ...[]fault) []fault {
	var all []fault
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// particular are the faults in each platform's own words.
func particular(name string) []fault {
	errcode, feishu := `{"errcode":%d,"errmsg":"no"}`, `{"code":%d,"msg":"no"}`
	switch name {
	case "slack":
		return join(anywhere(Unknown, Unknown),
			slackSays(Later, "ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org", "org_login_required", "message_limit_exceeded"),
			slackSays(Unknown, "fatal_error", "internal_error", "a_code_of_next_year", "<b>no code</b>"),
			slackSays(Refused, "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope",
				"not_allowed_token_type", "no_permission", "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "team_not_found"),
			slackSays(sent, "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments", "metadata_too_large", "no_text"),
			[]fault{
				{name: "not ok without a reason", fault: notifiertest.Answer(200, `{"ok":false,"ts":"1.2","channel":"C0OPS"}`), class: Unknown},
				{name: "ok without ts", fault: notifiertest.Answer(200, `{"ok":true}`), class: Unknown},
			})
	case "slack-webhook":
		return join(anywhere(Later, Unknown),
			hookSays(400, sent, "invalid_payload", "invalid_blocks", "too_many_attachments", "no_text"),
			hookSays(400, Refused, "user_not_found"),
			hookSays(403, Refused, "action_prohibited", "invalid_token", "posting_to_general_channel_denied"),
			hookSays(404, Refused, "channel_not_found", "no_service", "no_active_hooks", "no_team"),
			hookSays(410, Refused, "channel_is_archived"),
			hookSays(500, Unknown, "rollup_error"),
			hookSays(200, Unknown, "ok ", "OK", "no_service"))
	case "dingtalk":
		return join(anywhere(Later, Unknown),
			code(errcode, 130101, 410100, -1)(Later, time.Minute),
			code(errcode, 310000, 300005, 300001, 400101, 400102, 400106, 400013)(Refused, 0),
			code(errcode, 40035, 43004, 400105, 460101)(sent, 0),
			code(errcode, 77)(Later, time.Minute),
			[]fault{{name: "flood guard", fault: notifiertest.Answer(200, `{"status":1111,"wait":5,"punish":"deny"}`), class: Later, after: time.Minute}})
	case "feishu":
		return join(anywhere(Later, Unknown),
			code(feishu, 11232)(Later, time.Minute),
			code(feishu, 19001, 19021, 19022, 19024)(Refused, 0),
			code(feishu, 9499, 19002)(sent, 0),
			code(`{"StatusCode":%d,"StatusMessage":"success"}`, 0)(sent, 0),
			[]fault{
				{name: "too fast under 9499", fault: notifiertest.Answer(200, `{"code":9499,"msg":"too many request"}`), class: Later, after: time.Minute},
				{name: "9499 with status 400", fault: notifiertest.Answer(400, `{"code":9499,"msg":"Bad Request"}`), class: sent},
			})
	case "wecom":
		return join(anywhere(Later, Unknown),
			code(errcode, 45009, -1)(Later, time.Minute),
			code(errcode, 93000)(Refused, 0),
			code(errcode, 40058)(sent, 0))
	default:
		return anywhere(Later, sent)
	}
}

// TestFaults lets every fault happen to every sink: it counts as the table says,
// nothing secret shows, and the next attempt succeeds.
func TestFaults(t *testing.T) {
	for _, name := range []string{"slack", "slack-webhook", "webhook", "webhook-cloudevents", "dingtalk", "feishu", "wecom"} {
		t.Run(name, func(t *testing.T) {
			for i, f := range particular(name) {
				t.Run(f.name, func(t *testing.T) {
					r := newRig(t, "en")
					p := r.place(t, name)
					r.Script(p.endpoint, f.fault)
					err := p.sink.Send(r.untilItHangs(t), one(i))
					r.assertOutcome(t, err, f.class, f.after)
					if err := p.sink.Send(t.Context(), one(i+1000)); err != nil {
						t.Errorf("the next attempt failed: %v", err)
					}
				})
			}
		})
	}
}

func (r *rig) place(t *testing.T, name string) place {
	t.Helper()
	for _, p := range r.places(t) {
		if p.name == name {
			return p
		}
	}
	t.Fatalf("no sink %q", name)
	return place{}
}

func (r *rig) assertOutcome(t *testing.T, err error, class Class, after time.Duration) {
	t.Helper()
	if err == nil {
		if class != sent {
			t.Errorf("sent, want %s", class)
		}
		return
	}
	e := outcome(err)
	if e.Class != class || e.After != after {
		t.Errorf("%s after %s (%v), want %s after %s", e.Class, e.After, err, class, after)
	}
	asJSON, _ := json.Marshal(e)
	r.assertNoSecret(t, err.Error(), fmt.Sprintf("%+v %#v", err, err), fmt.Sprintf("%#v", e.Err), string(asJSON))
}

// TestUnreachable: what never left this machine may be sent again.
func TestUnreachable(t *testing.T) {
	for _, name := range []string{"slack", "slack-webhook", "webhook", "dingtalk", "feishu", "wecom"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "en")
			p := r.place(t, name)
			r.kit.Outlet.client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "receiver", IsNotFound: true}}
			}
			err := p.sink.Send(t.Context(), one(1))
			r.assertOutcome(t, err, Later, 0)
			if got := codeOf(err); got != "dns" {
				t.Errorf("code %q", got)
			}
		})
	}
}

// TestRedirects: a redirect is a refusal, and nothing is sent to where it leads.
func TestRedirects(t *testing.T) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	r := newRig(t, "en")
	for _, p := range r.places(t) {
		r.Script(p.endpoint, notifiertest.Redirect(elsewhere.URL))
		r.assertOutcome(t, p.sink.Send(t.Context(), one(1)), Refused, 0)
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests followed a redirect", n)
	}
}

// TestWrongSecrets: the receiver notices a wrong signature, so the right ones
// that the other tests send are right.
func TestWrongSecrets(t *testing.T) {
	r := newRig(t, "en")
	wrongKey := Secret("whsec_bm90IHRoZSByaWdodCBrZXksIG5vdCBhdCBhbGwh")
	sinks := map[string]Sink{
		"webhook":  must(t)(NewWebhook(Webhook{Kit: r.kit, URL: Secret(r.URL(notifiertest.Webhook)), Secret: wrongKey})),
		"dingtalk": r.robot(t, template.DingTalk, "SECwrong"),
		"feishu":   r.robot(t, template.Feishu, "wrong"),
		"slack":    must(t)(NewSlack(Slack{Kit: r.kit, Token: "xoxb-wrong", Channel: testChannel, APIURL: r.URL(notifiertest.SlackPost)})),
	}
	for name, sink := range sinks {
		t.Run(name, func(t *testing.T) {
			r.assertOutcome(t, sink.Send(t.Context(), one(1)), Refused, 0)
		})
	}
	if n := len(r.Arrived()); n != 0 {
		t.Errorf("%d messages arrived", n)
	}
}
