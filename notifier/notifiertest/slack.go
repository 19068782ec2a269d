package notifiertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Workspace is the Slack that the receiver plays.
type Workspace struct {
	Token    string   // of the bot
	Scopes   []string // granted to it; nil means all it could ask for
	Channels []*Channel
}

// Channel is one conversation.
type Channel struct {
	ID, Name string
	Private  bool
	Member   bool // the bot is in it
	Archived bool

	messages []Message
}

// Message is what a channel keeps of a post.
type Message struct {
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts,omitempty"`
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Metadata    *Metadata       `json:"metadata,omitempty"`
}

// Metadata is a message's metadata.
type Metadata struct {
	EventType    string         `json:"event_type"`
	EventPayload map[string]any `json:"event_payload,omitempty"`
}

// Messages are the channel's posts in order, replies included.
func (r *Receiver) Messages(channel string) []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.Slack.channel(channel); c != nil {
		return slices.Clone(c.messages)
	}
	return nil
}

// Say is somebody else's message in the channel.
func (r *Receiver) Say(channel, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.Slack.channel(channel); c != nil {
		c.messages = append(c.messages, Message{TS: r.timestamp(), Text: text})
	}
}

func (s *Workspace) channel(name string) *Channel {
	for _, c := range s.Channels {
		if name == c.ID || name == c.Name || name == "#"+c.Name {
			return c
		}
	}
	return nil
}

func (s *Workspace) granted(scope string) bool {
	return s.Scopes == nil || slices.Contains(s.Scopes, scope)
}

// serveSlack plays one method of the Web API, called with a form as slack-go does.
func (r *Receiver) serveSlack(w http.ResponseWriter, req *http.Request, method Endpoint, body []byte) {
	methods := map[Endpoint]func(url.Values) verdict{
		SlackPost: r.slackPost, SlackHistory: r.slackHistory, SlackInfo: r.slackInfo, SlackList: r.slackList, SlackAuth: r.slackAuth,
	}
	r.serve(w, req, method, body, func(_ *http.Request, body []byte) verdict {
		form, err := url.ParseQuery(string(body))
		run := methods[method]
		switch {
		case err != nil:
			return slackRefusal("invalid_form_data")
		case run == nil:
			return slackRefusal("unknown_method")
		case form.Get("token") == "":
			return slackRefusal("not_authed")
		case form.Get("token") != r.Slack.Token:
			return slackRefusal("invalid_auth")
		}
		v := run(form)
		if v.shown == nil {
			v.shown = formJSON(form)
		}
		return v
	})
}

func slackRefusal(code string, more ...string) verdict {
	answer := map[string]any{"ok": false, "error": code}
	if len(more) > 0 {
		answer["errors"] = more
	}
	v := slackAnswer(answer)
	v.problem = strings.Join(append([]string{code}, more...), ": ")
	return v
}

func slackAnswer(fields map[string]any) verdict {
	text, _ := json.Marshal(fields)
	return verdict{reply: func() reply {
		return reply{status: http.StatusOK, contentType: "application/json", body: string(text)}
	}}
}

// formJSON is the JSON that a form stands for, without the token: structured
// arguments are JSON texts in it.
func formJSON(form url.Values) []byte {
	fields := map[string]any{}
	for name := range form {
		value := form.Get(name)
		switch name {
		case "token":
		case "attachments", "blocks", "metadata":
			fields[name] = json.RawMessage(value)
		case "unfurl_links", "unfurl_media":
			fields[name] = value == "true"
		default:
			fields[name] = value
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return []byte(`{"problem":"the form holds broken JSON"}`)
	}
	return text
}

func (r *Receiver) slackPost(form url.Values) verdict {
	m := Message{
		Text: form.Get("text"), ThreadTS: form.Get("thread_ts"),
		Blocks: json.RawMessage(form.Get("blocks")), Attachments: json.RawMessage(form.Get("attachments")),
	}
	channel := r.Slack.channel(form.Get("channel"))
	if refusal := r.mayPost(channel); refusal != "" {
		return slackRefusal(refusal)
	}
	if code, detail := messageProblem(m); code != "" {
		return slackRefusal(code, detail)
	}
	if raw := form.Get("metadata"); raw != "" {
		if json.Unmarshal([]byte(raw), &m.Metadata) != nil || m.Metadata.EventType == "" || m.Metadata.EventPayload == nil {
			return slackRefusal("invalid_metadata_format")
		}
	}
	m.TS = r.timestamp()
	v := slackAnswer(map[string]any{"ok": true, "channel": channel.ID, "ts": m.TS, "message": map[string]any{"text": m.Text, "ts": m.TS}})
	v.keep = func() { channel.messages = append(channel.messages, m) }
	if m.Metadata != nil {
		v.id, _ = m.Metadata.EventPayload["delivery_id"].(string)
	}
	return v
}

// mayPost is Slack's word against posting to the channel; "" allows it.
func (r *Receiver) mayPost(c *Channel) string {
	switch {
	case !r.Slack.granted("chat:write"):
		return "missing_scope"
	case c == nil:
		return "channel_not_found"
	case c.Archived:
		return "is_archived"
	case !c.Member && (c.Private || !r.Slack.granted("chat:write.public")):
		return "not_in_channel"
	default:
		return ""
	}
}

// timestamp is the next message's ts: the clock, but never the same twice.
func (r *Receiver) timestamp() string {
	at := r.now().Truncate(time.Microsecond)
	if !at.After(r.last) {
		at = r.last.Add(time.Microsecond)
	}
	r.last = at
	return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
}

// slackHistory lists top-level messages, newest first. Replies are not among
// them, and without include_all_metadata the payloads are stripped.
func (r *Receiver) slackHistory(form url.Values) verdict {
	var channel *Channel
	for _, c := range r.Slack.Channels {
		if c.ID == form.Get("channel") { // names do not work here
			channel = c
		}
	}
	if channel == nil {
		return slackRefusal("channel_not_found")
	}
	if scope := historyScope(channel); !r.Slack.granted(scope) {
		v := slackAnswer(map[string]any{"ok": false, "error": "missing_scope", "needed": scope, "provided": strings.Join(r.Slack.Scopes, ",")})
		v.problem = "missing_scope"
		return v
	}
	if !channel.Member {
		return slackRefusal("not_in_channel")
	}
	var found []Message
	for _, m := range slices.Backward(channel.messages) {
		if m.ThreadTS != "" || !within(m.TS, form) {
			continue
		}
		if m.Metadata != nil && form.Get("include_all_metadata") != "1" {
			m.Metadata = &Metadata{EventType: m.Metadata.EventType}
		}
		found = append(found, m)
	}
	return page(found, form)
}

// within reports whether a timestamp is between oldest and latest; they count only when
// inclusive is set.
func within(ts string, form url.Values) bool {
	oldest, latest := form.Get("oldest"), form.Get("latest")
	if form.Get("inclusive") == "1" && (ts == oldest || ts == latest) {
		return true
	}
	return ts > oldest && (latest == "" || ts < latest)
}

func historyScope(c *Channel) string {
	if c.Private {
		return "groups:history"
	}
	return "channels:history"
}

// page cuts one page out of a listing; the cursor is an offset.
func page(found []Message, form url.Values) verdict {
	limit, err := strconv.Atoi(form.Get("limit"))
	if err != nil || limit < 1 || limit > 999 {
		limit = 100
	}
	start, _ := strconv.Atoi(form.Get("cursor"))
	start = min(max(start, 0), len(found))
	end := min(start+limit, len(found))
	next := ""
	if end < len(found) {
		next = strconv.Itoa(end)
	}
	return slackAnswer(map[string]any{
		"ok": true, "messages": append([]Message{}, found[start:end]...), "has_more": next != "",
		"response_metadata": map[string]string{"next_cursor": next},
	})
}

func (r *Receiver) slackInfo(form url.Values) verdict {
	channel := r.Slack.channel(form.Get("channel"))
	if channel == nil || channel.ID != form.Get("channel") {
		return slackRefusal("channel_not_found")
	}
	if !r.Slack.granted("channels:read") {
		return slackRefusal("missing_scope")
	}
	return slackAnswer(map[string]any{"ok": true, "channel": map[string]any{
		"id": channel.ID, "name": channel.Name, "is_member": channel.Member,
		"is_archived": channel.Archived, "is_private": channel.Private,
	}})
}

// slackList lists the channels that the bot may see, without private ones that it is
// not in.
func (r *Receiver) slackList(url.Values) verdict {
	if !r.Slack.granted("channels:read") {
		return slackRefusal("missing_scope")
	}
	var list []any
	for _, c := range r.Slack.Channels {
		if !c.Private || c.Member {
			list = append(list, map[string]any{"id": c.ID, "name": c.Name, "is_member": c.Member, "is_archived": c.Archived})
		}
	}
	return slackAnswer(map[string]any{"ok": true, "channels": list, "response_metadata": map[string]string{"next_cursor": ""}})
}

func (r *Receiver) slackAuth(url.Values) verdict {
	scopes := r.Slack.Scopes
	if scopes == nil {
		scopes = []string{"chat:write", "channels:history", "groups:history", "channels:read"}
	}
	return verdict{reply: func() reply {
		return reply{
			status: http.StatusOK, contentType: "application/json",
			header: http.Header{"X-Oauth-Scopes": {strings.Join(scopes, ",")}},
			body:   `{"ok":true,"team":"Example","user":"refreshwatch","team_id":"T0","user_id":"U0","bot_id":"B0"}`,
		}
	}}
}

// slackHook plays an incoming webhook: text answers, no ts, no metadata.
func (r *Receiver) slackHook(_ *http.Request, body []byte) verdict {
	var m Message
	refuse := func(code string) verdict {
		return verdict{problem: code, reply: func() reply { return reply{status: http.StatusBadRequest, body: code} }}
	}
	if json.Unmarshal(body, &m) != nil {
		return refuse("invalid_payload")
	}
	if code, _ := messageProblem(m); code != "" {
		return refuse(code)
	}
	return verdict{reply: func() reply { return reply{status: http.StatusOK, contentType: "text/html", body: "ok"} }}
}
