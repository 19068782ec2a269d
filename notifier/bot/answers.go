package bot

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"refreshwatch/notifier/sink"
)

// reading is what a platform's answer says.
type reading struct {
	accepted bool
	code     string    // the platform's word for what is wrong
	message  string    // and its sentence
	rule     sink.Rule // what the code means; without a class the HTTP status decides
	after    time.Duration
}

// answer is the union of what DingTalk, Feishu and WeCom answer.
type answer struct {
	ErrCode    *int   `json:"errcode"`
	ErrMsg     string `json:"errmsg"`
	Code       *int   `json:"code"`
	StatusCode *int   `json:"StatusCode"` // Feishu's old form
	Status     int    `json:"status"`     // DingTalk's flood guard, sometimes without errcode
	Msg        string `json:"msg"`
}

func (a answer) errcode() *int {
	if a.ErrCode == nil && a.Status == dingTalkFlood {
		return &a.Status
	}
	return a.ErrCode
}

func (a answer) feishuCode() *int {
	if a.Code == nil {
		return a.StatusCode
	}
	return a.Code
}

// floodPause is how long a bot that was too fast is left alone: DingTalk and WeCom
// count by the minute.
const floodPause = time.Minute

// code reads the answers of platforms that answer HTTP 200 to nearly everything and
// say in a code what happened. A missing code is no success. A code that is not in
// the table counts as not delivered.
func code(key func(answer) *int, rule func(code int, message string) sink.Rule) func(sink.Answer) (reading, bool) {
	return func(got sink.Answer) (reading, bool) {
		var a answer
		if !got.Whole || json.Unmarshal(got.Body, &a) != nil || key(a) == nil {
			return reading{}, false
		}
		n := *key(a)
		if n == 0 {
			return reading{accepted: true}, true
		}
		r := reading{code: strconv.Itoa(n), message: a.ErrMsg + a.Msg}
		if r.rule = rule(n, r.message); r.rule.Class == sink.Later {
			r.after = floodPause
		}
		return r, true
	}
}

// readTeams reads a flow's answer (Power Automate, "When a Teams webhook request is
// received", read 2026-11): 202 accepts, before anything is posted. A page is no
// flow's answer. Refusals are {"error":{"code","message"}}.
func readTeams(got sink.Answer) (reading, bool) {
	if got.Status/100 == 2 {
		page := bytes.HasPrefix(bytes.TrimSpace(got.Body), []byte("<"))
		return reading{accepted: true}, !page
	}
	var a struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(got.Body, &a) != nil || !isCode(a.Error.Code) {
		return reading{}, false
	}
	return reading{code: a.Error.Code, message: a.Error.Message, rule: teamsRule(got.Status, a.Error.Code)}, true
}

// readDiscord reads the answer to a message that was sent with wait=true: the message
// as it was saved, or {"code","message"} (Discord, Execute Webhook, read 2026-11).
func readDiscord(got sink.Answer) (reading, bool) {
	var a struct {
		ID         string   `json:"id"`
		Code       *int     `json:"code"`
		Message    string   `json:"message"`
		RetryAfter *float64 `json:"retry_after"` // seconds
	}
	switch {
	case !got.Whole || json.Unmarshal(got.Body, &a) != nil:
		return reading{}, false
	case got.Status/100 == 2:
		return reading{accepted: true}, a.ID != ""
	case got.Status == http.StatusTooManyRequests && a.RetryAfter != nil:
		return reading{code: "429", message: a.Message, rule: sink.Rule{Class: sink.Later, Hint: slowDown},
			after: sink.RetryAfter(strconv.FormatFloat(*a.RetryAfter, 'f', -1, 64), time.Time{})}, true
	case a.Code == nil:
		return reading{}, false
	}
	return reading{code: strconv.Itoa(*a.Code), message: a.Message, rule: discordRule(*a.Code)}, true
}

// isCode reports whether a platform's code is a short word: what is not may repeat
// what we sent, and is not shown.
func isCode(s string) bool {
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '.' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
