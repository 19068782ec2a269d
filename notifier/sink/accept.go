package sink

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// CodeUnreadable is the code of a 2xx answer that does not say what became of the
// message.
const CodeUnreadable = "bad_answer"

// Unreadable is a 2xx whose body is not the promised one: a proxy's page, an empty
// answer, one that broke off. The message may have arrived. The hint says what the
// URL seems to lead to.
func Unreadable(what string, a Answer) *Error {
	return &Error{Class: Unknown, Code: CodeUnreadable, Err: errors.New(what), Hint: seems(a)}
}

// Accepted reads a 2xx in the usual forms of relays and compatible services: 204,
// "ok", {"ok":true}, {"success":true}, {"result":"success"}, {"status":"ok"}. nil is
// acceptance. A false in one of them is an [*Error] of class [Later]; any other
// answer is [Unreadable], with expected as what was awaited.
func Accepted(a Answer, expected string) error {
	text := bytes.TrimSpace(a.Body)
	if a.Status == 204 && len(text) == 0 || a.Whole && strings.EqualFold(string(text), "ok") {
		return nil
	}
	var form struct {
		OK      *bool `json:"ok"`
		Success *bool `json:"success"`
		Result  any   `json:"result"`
		Status  any   `json:"status"`
	}
	if !a.Whole || len(text) == 0 || text[0] != '{' || json.Unmarshal(text, &form) != nil {
		return Unreadable(expected, a)
	}
	for _, said := range []*bool{form.OK, form.Success, word(form.Result), word(form.Status)} {
		switch {
		case said == nil:
		case *said:
			return nil
		default:
			return &Error{Class: Later, Code: "not_accepted", Err: errors.New("the receiver answered 2xx and says that it did not accept the message"), Hint: seems(a)}
		}
	}
	return Unreadable(expected, a)
}

// word reads a success or a failure that is spelled out.
func word(v any) *bool {
	text, _ := v.(string)
	yes, no := true, false
	switch strings.ToLower(text) {
	case "ok", "success":
		return &yes
	case "error", "fail", "failed", "failure":
		return &no
	default:
		return nil
	}
}

// seems says what an answer looks like, so that a wrong URL is recognized.
func seems(a Answer) string {
	text := bytes.TrimSpace(a.Body)
	var form map[string]json.RawMessage
	_ = json.Unmarshal(text, &form)
	has := func(keys ...string) bool {
		for _, key := range keys {
			if _, ok := form[key]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case len(text) > 0 && text[0] == '<':
		return "The URL seems to lead to a web page, or a proxy answers with one; check the URL"
	case has("errcode"):
		return "The answer has the form of a DingTalk or WeCom bot; check that the URL is set under the right variable or type"
	case has("code", "msg"), has("StatusCode"):
		return "The answer has the form of a Feishu bot; check that the URL is set under the right variable or type"
	case has("id", "channel_id"):
		return "The answer has the form of Discord; check that the URL is set under the right variable or type"
	case has("ok"):
		return "The answer resembles Slack's Web API, or Telegram's; check that the URL is set under the right variable or type"
	case string(text) == "1":
		return "The answer has the form of the retired Teams connector; create a Workflows URL and set TEAMS_WEBHOOK_URL"
	default:
		return "Check the URL; an endpoint of your own is a sink of type webhook (WEBHOOK_URL)"
	}
}
