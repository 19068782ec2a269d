package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"refreshwatch/notifier/sink"
)

// transport carries slack-go's requests through the client and reads the answers
// itself: slack-go takes `200 {}`, `null` and `{"ok":false}` for success, drops a
// Retry-After date, and knows only a few statuses (measured with v0.35.0).
// One transport serves one call.
type transport struct {
	client *sink.Client
	limit  int64
	now    func() time.Time
	got    answer
	answer sink.Answer
}

// answer is what every answer of the Web API has.
type answer struct {
	OK     bool   `json:"ok"`
	Error  string `json:"error"`
	Needed string `json:"needed"` // the missing scope
}

// Do is what slack-go calls. An answer that is no 200 with JSON is an [*sink.Error].
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	got, err := t.client.Do(req, t.limit)
	if err != nil {
		return nil, err
	}
	if refusal := sink.StatusError(got, t.now()); refusal != nil {
		if got.Status >= 500 {
			refusal.Class = sink.Unknown // Slack's 503 may come after the fact; the look-up decides
		}
		return nil, refusal
	}
	if !got.Whole || json.Unmarshal(got.Body, &t.got) != nil {
		return nil, sink.Unreadable("the answer is not Slack's JSON", got)
	}
	t.answer = got
	return &http.Response{
		StatusCode: http.StatusOK, Header: got.Header, Request: req,
		Body: io.NopCloser(bytes.NewReader(got.Body)),
	}, nil
}

// verdict is the call's outcome: nil only when Slack said ok.
func (t *transport) verdict(err error) error {
	var known *sink.Error
	switch {
	case errors.As(err, &known):
		return known
	case t.got.OK && err == nil:
		return nil
	case !t.got.OK && consistsOf(t.got.Error, codeRunes, 64):
		return apiError(t.got.Error, t.got.Needed)
	default:
		return sink.Unreadable("the answer is JSON, but none that Slack gives", t.answer)
	}
}

// The characters of error codes and of scopes. What has others is not repeated in
// our errors, for it may hold what we sent.
const (
	codeRunes  = "abcdefghijklmnopqrstuvwxyz0123456789_"
	scopeRunes = codeRunes + ".:,"
)

// consistsOf reports whether s is some of these characters, and not too long.
func consistsOf(s, characters string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s, characters) == ""
}

var (
	errRefused = errors.New("the message was refused by Slack")
	errUnclear = errors.New("whether the message was posted is unknown to Slack")
)

// apiError reads an error code of chat.postMessage and its neighbours.
func apiError(code, needed string) *sink.Error {
	rule := apiRule(code)
	e := &sink.Error{Class: rule.Class, Code: code, Hint: rule.Hint, Err: errRefused}
	if rule.Class == sink.Unknown {
		e.Err = errUnclear
	}
	if code == "missing_scope" && consistsOf(needed, scopeRunes, 100) {
		e.Hint = fmt.Sprintf("Add the scope %s to the Slack app and install it again", needed)
	}
	return e
}
