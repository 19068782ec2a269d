package notifier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// slackWire carries slack-go's requests through the outlet and reads the answers
// itself: slack-go takes `200 {}`, `null` and `{"ok":false}` for success, drops a
// Retry-After date, and knows only a few statuses (measured with v0.35.0).
// One wire serves one call.
type slackWire struct {
	outlet *Outlet
	limit  int64
	now    func() time.Time
	said   slackAnswer
}

// slackAnswer is what every answer of the Web API has.
type slackAnswer struct {
	OK     bool   `json:"ok"`
	Error  string `json:"error"`
	Needed string `json:"needed"` // the missing scope
}

// Do is what slack-go calls. An answer that is no 200 with JSON is an [*Error].
func (w *slackWire) Do(req *http.Request) (*http.Response, error) {
	got, err := w.outlet.do(req, w.limit)
	if err != nil {
		return nil, err
	}
	if refusal := statusVerdict(got, w.now()); refusal != nil {
		if got.status >= 500 {
			refusal.Class = Unknown // Slack's 503 may come after the fact; the look-up will tell
		}
		return nil, refusal
	}
	if !got.whole || json.Unmarshal(got.body, &w.said) != nil {
		return nil, unreadable("the answer is not Slack's JSON")
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: got.header, Request: req,
		Body: io.NopCloser(bytes.NewReader(got.body)),
	}, nil
}

// verdict is the call's outcome: nil only when Slack said ok.
func (w *slackWire) verdict(err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case w.said.OK && err == nil:
		return nil
	case !w.said.OK && madeOf(w.said.Error, slackCode, 64):
		return slackError(w.said.Error, w.said.Needed)
	default:
		return unreadable("the answer is not Slack's JSON")
	}
}

// The characters of error codes and of scopes. What has others is not repeated in
// our errors, for it may hold what we sent.
const (
	slackCode  = "abcdefghijklmnopqrstuvwxyz0123456789_"
	slackScope = slackCode + ".:,"
)

// madeOf reports whether s is some of these characters, and not too long.
func madeOf(s, characters string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s, characters) == ""
}

// slackError reads an error code of chat.postMessage and its neighbours.
func slackError(code, needed string) *Error {
	rule := slackRule(code)
	e := &Error{Class: rule.class, Code: code, Hint: rule.hint, Err: errors.New("Slack refused the message")}
	if rule.class == Unknown {
		e.Err = errors.New("Slack cannot say whether the message was posted")
	}
	if code == "missing_scope" && madeOf(needed, slackScope, 100) {
		e.Hint = fmt.Sprintf("Add the scope %s to the Slack app and install it again", needed)
	}
	return e
}
