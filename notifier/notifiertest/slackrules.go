package notifiertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What Slack refuses (docs.slack.dev, Block Kit reference and chat.postMessage,
// read 2026-11). The sum over all blocks is not documented: refusals were reported
// from about 13,200 characters (slackapi/bolt-js#2509).
const (
	slackBlocks     = 50
	slackBlockBytes = 13_000
	slackText       = 40_000
)

type attachment struct {
	Color  string  `json:"color"`
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text"`
	Fields   []text `json:"fields"`
	Elements []struct {
		Type     string          `json:"type"`
		Text     json.RawMessage `json:"text"` // a text object in a button, a string in a context
		URL      string          `json:"url"`
		ActionID string          `json:"action_id"`
	} `json:"elements"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// messageProblem is Slack's error code for a message, and the detail that comes
// with it; "" accepts it.
func messageProblem(m Message) (code, detail string) {
	var list []attachment
	if len(m.Attachments) > 0 && json.Unmarshal(m.Attachments, &list) != nil {
		return "invalid_attachments", "not a list of attachments"
	}
	top := attachment{}
	if len(m.Blocks) > 0 && json.Unmarshal(m.Blocks, &top.Blocks) != nil {
		return "invalid_blocks_format", "not a list of blocks"
	}
	words := m.Text
	list = append(list, top)
	switch {
	case words == "" && len(list) == 1 && len(top.Blocks) == 0:
		return "no_text", "nothing to show"
	case utf8.RuneCountInString(words) > slackText:
		return "msg_too_long", "text"
	case len(list) > 100:
		return "too_many_attachments", fmt.Sprint(len(list))
	}
	for _, a := range list {
		if len(a.Blocks) > slackBlocks {
			return "invalid_blocks", "no more than 50 items allowed"
		}
		if size, _ := json.Marshal(a.Blocks); len(size) > slackBlockBytes {
			return "msg_blocks_too_long", fmt.Sprint(len(size))
		}
		for i, b := range a.Blocks {
			if problem := b.problem(); problem != "" {
				return "invalid_blocks", fmt.Sprintf("%s [json-pointer:/blocks/%d]", problem, i)
			}
		}
	}
	return "", ""
}

func (b block) problem() string {
	switch b.Type {
	case "section":
		return b.sectionProblem()
	case "context":
		if len(b.Elements) < 1 || len(b.Elements) > 10 {
			return "a context has 1 to 10 elements"
		}
		for _, e := range b.Elements {
			var s string
			if e.Type == "mrkdwn" && (json.Unmarshal(e.Text, &s) != nil || s == "" || utf8.RuneCountInString(s) > 3000) {
				return "a context element has 1 to 3000 characters"
			}
		}
	case "actions":
		if len(b.Elements) < 1 || len(b.Elements) > 25 {
			return "actions has 1 to 25 elements"
		}
		for _, e := range b.Elements {
			var label text
			switch {
			case e.Type != "button":
				return "unsupported element " + e.Type
			case json.Unmarshal(e.Text, &label) != nil || label.Type != "plain_text" || !between(label.Text, 1, 75):
				return "a button's text is plain_text of 1 to 75 characters"
			case len(e.URL) > 3000 || len(e.ActionID) > 255:
				return "a button's url or action_id is too long"
			case e.URL != "" && !strings.HasPrefix(e.URL, "https://") && !strings.HasPrefix(e.URL, "http://"):
				return "invalid url"
			}
		}
	case "divider":
	default:
		return "unsupported type: " + b.Type
	}
	return ""
}

func (b block) sectionProblem() string {
	switch {
	case b.Text == nil && len(b.Fields) == 0:
		return "a section has text or fields"
	case b.Text != nil && !between(b.Text.Text, 1, 3000):
		return "must be less than 3001 characters"
	case len(b.Fields) > 10:
		return "no more than 10 items allowed"
	}
	for _, f := range b.Fields {
		if !between(f.Text, 1, 2000) {
			return "must be less than 2001 characters"
		}
	}
	return ""
}

func between(s string, low, high int) bool {
	n := utf8.RuneCountInString(s)
	return low <= n && n <= high
}
