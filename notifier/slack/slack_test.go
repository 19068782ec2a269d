package slack

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	slackgo "github.com/slack-go/slack"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

func bot(t *testing.T, r *notifiertest.Rig) *Sink {
	t.Helper()
	return r.Sink(t, Bot()).(*Sink)
}

// TestLookUp: whatever happened to the first attempt, the message is in the
// channel once after the second.
func TestLookUp(t *testing.T) {
	faults := map[string]notifiertest.Fault{
		"lost before it was stored":   {Reset: true},
		"stored, the answer lost":     notifiertest.Fault{Reset: true}.ButStored(),
		"stored, then a server error": notifiertest.Answer(500, "oops").ButStored(),
		"stored, then no answer":      notifiertest.Fault{Hang: true}.ButStored(),
		"stored, then fatal_error":    notifiertest.SlackSays("fatal_error").ButStored(),
		"not stored, internal_error":  notifiertest.SlackSays("internal_error"),
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			r := notifiertest.NewRig(t, "en")
			var passed atomic.Int64
			r.Receiver.Now = func() time.Time { return notifiertest.Now.Add(time.Duration(passed.Load())) }
			s := bot(t, r)
			r.Script(notifiertest.SlackPost, f)
			r.AssertOutcome(t, s.Send(r.UntilItHangs(t), notifiertest.One(1)), sink.Unknown, 0)
			passed.Store(int64(20 * time.Minute)) // since then the channel was busy
			for range 2 * historyLimit {
				r.Say(notifiertest.SlackChannel, "good morning")
			}
			if err := s.Send(t.Context(), notifiertest.Again(notifiertest.One(1))); err != nil {
				t.Fatal(err)
			}
			if n := r.Arrived()["chat.postMessage "+notifiertest.One(1).ID]; n != 1 {
				t.Errorf("it is there %d times", n)
			}
			if n := len(r.Posts(notifiertest.SlackHistory)); n != 1 {
				t.Errorf("%d pages of history", n)
			}
			if len(r.Warned()) != 0 {
				t.Errorf("warned %q", r.Warned())
			}
		})
	}
}

// TestLookUpAllowsForClocks: Slack's clock and ours may be most of a minute apart, and the
// attempt may have taken its whole time.
func TestLookUpAllowsForClocks(t *testing.T) {
	for _, apart := range []time.Duration{-50 * time.Second, 0, time.Minute} {
		r := notifiertest.NewRig(t, "en")
		r.Receiver.Now = func() time.Time { return notifiertest.Now.Add(apart) }
		s := bot(t, r)
		r.Script(notifiertest.SlackPost, notifiertest.Fault{Reset: true}.ButStored())
		r.AssertOutcome(t, s.Send(t.Context(), notifiertest.One(1)), sink.Unknown, 0)
		if err := s.Send(t.Context(), notifiertest.Again(notifiertest.One(1))); err != nil {
			t.Fatal(err)
		}
		if n := r.Arrived()["chat.postMessage "+notifiertest.One(1).ID]; n != 1 {
			t.Errorf("%v apart: it is there %d times", apart, n)
		}
	}
}

// TestNoLookUpAtFirst: a first attempt costs one request.
func TestNoLookUpAtFirst(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	if err := bot(t, r).Send(t.Context(), notifiertest.One(1)); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Posts("")); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestBlindLookUp: when Slack refuses the look-up, that is said once, and the
// messages go out again: rather twice than never.
func TestBlindLookUp(t *testing.T) {
	tests := map[string]struct {
		change func(r *notifiertest.Rig, s *Sink)
		says   string
	}{
		"missing scope": {func(r *notifiertest.Rig, _ *Sink) { r.Slack.Scopes = []string{"chat:write"} }, "channels:history"},
		"private channel": {func(r *notifiertest.Rig, _ *Sink) {
			r.Slack.Scopes = []string{"chat:write"}
			r.Slack.Channels[0].Private = true
		}, "groups:history"},
		"not a member":     {func(r *notifiertest.Rig, _ *Sink) { r.Slack.Channels[0].Member = false }, "/invite"},
		"channel by name":  {func(_ *notifiertest.Rig, s *Sink) { s.Channel = "ops" }, "set its id"},
		"channel by #name": {func(_ *notifiertest.Rig, s *Sink) { s.Channel = "#ops" }, "set its id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := notifiertest.NewRig(t, "en")
			s := bot(t, r)
			test.change(r, s)
			for i := range 2 {
				if err := s.Send(t.Context(), notifiertest.Again(notifiertest.One(i))); err != nil {
					t.Fatal(err)
				}
			}
			if len(r.Warned()) != 1 || !strings.Contains(r.Warned()[0], test.says) {
				t.Errorf("warned %q, want %q once", r.Warned(), test.says)
			}
			if n := len(r.Messages(notifiertest.SlackChannel)); n != 2 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// TestFailedLookUp: a look-up without an answer postpones the post.
func TestFailedLookUp(t *testing.T) {
	faults := map[string]struct {
		fault notifiertest.Fault
		after time.Duration
	}{
		"rate limit": {fault: notifiertest.Busy(429, "30"), after: 30 * time.Second},
		"500":        {fault: notifiertest.Answer(500, "")},
		"reset":      {fault: notifiertest.Fault{Reset: true}},
		"hang":       {fault: notifiertest.Fault{Hang: true}},
		"page":       {fault: notifiertest.Answer(200, "<html>")},
		"fatal":      {fault: notifiertest.SlackSays("fatal_error")},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			r := notifiertest.NewRig(t, "en")
			r.Script(notifiertest.SlackHistory, f.fault)
			r.AssertOutcome(t, bot(t, r).Send(r.UntilItHangs(t), notifiertest.Again(notifiertest.One(1))), sink.Later, f.after)
			if n := len(r.Posts(notifiertest.SlackPost)); n != 0 {
				t.Errorf("posted %d times without knowing", n)
			}
		})
	}
}

// TestSlowHistory: a history that does not answer delays a message for minutes, not for
// days, and leaves the post time of its own.
func TestSlowHistory(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	s := bot(t, r)
	m := notifiertest.Again(notifiertest.One(1))
	for _, after := range []time.Duration{0, 5 * time.Minute, 10 * time.Minute} {
		r.Common.Now = func() time.Time { return notifiertest.Now.Add(after) }
		s.Now = r.Common.Now
		r.Script(notifiertest.SlackHistory, notifiertest.Busy(429, "60"))
		r.AssertOutcome(t, s.Send(t.Context(), m), sink.Later, time.Minute)
	}
	s.Now = func() time.Time { return notifiertest.Now.Add(10*time.Minute + time.Second) }
	r.Script(notifiertest.SlackHistory, notifiertest.Busy(429, "60"))
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if n, warned := len(r.Messages(notifiertest.SlackChannel)), r.Warned(); n != 1 || len(warned) != 1 || !strings.Contains(warned[0], "sent again") {
		t.Errorf("%d messages, warned %q", n, warned)
	}
}

// TestHangingHistory: the look-up leaves time for the post.
func TestHangingHistory(t *testing.T) {
	words, err := template.Load(template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := notifiertest.InProcess(words)
		m := notifiertest.One(2)
		m.Unknown = time.Now()
		time.Sleep(10*time.Minute + time.Second)
		began := time.Now()
		r.Script(notifiertest.SlackHistory, notifiertest.Fault{Hang: true})
		if err := bot(t, r).Send(t.Context(), m); err != nil {
			t.Errorf("nothing was posted: %v", err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("the look-up took %s", took)
		}
	})
}

// TestRefusedMetadata: without metadata rather than without news.
func TestRefusedMetadata(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	r.Script(notifiertest.SlackPost, notifiertest.SlackSays("metadata_too_large"))
	if err := bot(t, r).Send(t.Context(), notifiertest.One(1)); err != nil {
		t.Fatal(err)
	}
	if m := r.Messages(notifiertest.SlackChannel); len(m) != 1 || m[0].Metadata != nil {
		t.Errorf("%+v", m)
	}
}

// TestThread: a digest's further rows are replies to it, in the channel whose id
// the API returned.
func TestThread(t *testing.T) {
	digest := asMessage(template.Samples()[3])
	for i := range digest.Events {
		digest.Events[i].Task.Status = poller.Failed
	}
	r := notifiertest.NewRig(t, "en")
	s := bot(t, r)
	s.Channel = "#ops"
	if err := s.Send(t.Context(), digest); err != nil {
		t.Fatal(err)
	}
	m := r.Messages(notifiertest.SlackChannel)
	if len(m) != 2 || m[1].ThreadTS != m[0].TS || m[0].ThreadTS != "" {
		t.Fatalf("%+v", m)
	}
	if post := r.Posts(notifiertest.SlackPost)[1]; !strings.Contains(string(post.Body), `"channel":"C0OPS"`) {
		t.Errorf("the reply does not use the channel's id: %s", post.Body)
	}
}

// TestFailedThread: the news is out with the digest itself.
func TestFailedThread(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	s := bot(t, r)
	s.reply(t.Context(), notifiertest.One(1), posted{notifiertest.SlackChannel, "1.000001"}, []string{"row"})
	if len(r.Warned()) != 0 {
		t.Fatalf("warned %q", r.Warned())
	}
	r.Script(notifiertest.SlackPost, notifiertest.SlackSays("cannot_reply_to_message"))
	s.reply(t.Context(), notifiertest.One(1), posted{notifiertest.SlackChannel, "1.000001"}, []string{"row", "row"})
	if len(r.Warned()) != 1 || !strings.Contains(r.Warned()[0], "lacks 2 of its 2 replies") {
		t.Errorf("warned %q", r.Warned())
	}
	if n := len(r.Posts(notifiertest.SlackPost)); n != 2 {
		t.Errorf("%d replies were tried", n)
	}
}

// TestSlackEventTypes: the outside contract fixes them.
func TestSlackEventTypes(t *testing.T) {
	want := map[poller.Kind]string{
		poller.Finished: "refresh_tasks_finished", poller.Stalled: "refresh_tasks_stalled", poller.Expired: "refresh_tasks_expired",
		template.Gap: "refreshwatch_gap", template.Trouble: "refreshwatch_trouble", template.Recovered: "refreshwatch_recovered", template.LowQuota: "refreshwatch_quota", template.Test: "refreshwatch_test",
	}
	r := notifiertest.NewRig(t, "en")
	s := bot(t, r)
	got := map[poller.Kind]string{}
	for _, sample := range template.Samples() {
		if err := s.Send(t.Context(), asMessage(sample)); err != nil {
			t.Fatal(err)
		}
		m := r.Messages(notifiertest.SlackChannel)
		last := m[len(m)-1]
		if last.ThreadTS == "" {
			got[sample.Message.Kind] = last.Metadata.EventType
		}
	}
	for _, m := range r.Messages(notifiertest.SlackChannel) {
		if m.Metadata != nil && m.Metadata.EventPayload["delivery_id"] != template.Samples()[0].Message.ID {
			t.Errorf("payload %v", m.Metadata.EventPayload)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSlackReadsOurBlocks: slack-go's own types read back what is posted.
func TestSlackReadsOurBlocks(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	for _, sample := range append(template.Samples(), template.Hostile()...) {
		body, err := bot(t, r).Body(asMessage(sample))
		if err != nil {
			t.Fatal(err)
		}
		var m slackgo.Msg
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		if len(m.Blocks.BlockSet) != 1 || len(m.Attachments) != 1 || len(m.Attachments[0].Blocks.BlockSet) < 2 || m.Metadata.EventType == "" {
			t.Errorf("%s: %+v", sample.Name, m)
		}
		for _, b := range append(m.Blocks.BlockSet, m.Attachments[0].Blocks.BlockSet...) {
			if _, unknown := b.(*slackgo.UnknownBlock); unknown {
				t.Errorf("%s: unknown block %v", sample.Name, b)
			}
		}
	}
}

// TestWebhookHints: every text answer of an incoming webhook that refuses for good names the
// next step; the HTTP status beside it would say nothing.
func TestWebhookHints(t *testing.T) {
	for want, codes := range map[string]string{
		"a channel that is in use": "user_not_found channel_not_found channel_is_archived posting_to_general_channel_denied",
		"administrator":            "action_prohibited",
		"make a new one":           "invalid_token no_service no_active_hooks no_team",
	} {
		for code := range strings.FieldsSeq(codes) {
			err := webhookVerdict(sink.Answer{Status: 400, Body: []byte(code), Whole: true}, notifiertest.Now)
			if e := sink.Outcome(err); e.Class != sink.Refused || e.Code != code || !strings.Contains(e.Hint, want) {
				t.Errorf("%s: %+v", code, e)
			}
		}
	}
}

// TestBlocksAreBounded: up to 10,000 bytes of blocks are sent, escapes counted. A larger card,
// which no embedded word makes, is plain text of at most 4,000 bytes.
func TestBlocksAreBounded(t *testing.T) {
	largest, longest := 0, 0
	for rows := range 200 {
		card := template.Card{Title: "2 of 40 failed", Text: "text", Context: "context", Button: template.Link{Label: "open", URL: "https://example.com/"}}
		for range rows {
			card.Rows = append(card.Rows, strings.Repeat("&", 29))
		}
		p := lay(card)
		longest = max(longest, len(p.plain))
		if blocks, err := json.Marshal(p.Attachments); p.Attachments != nil {
			largest = max(largest, len(blocks))
		} else if p.Text != p.plain || !strings.HasPrefix(p.Text, "text\n&&") || p.Blocks != nil || err != nil {
			t.Errorf("%d rows: neither a card nor plain text: %+v", rows, p)
		}
	}
	if largest < 9_800 || largest > 10_000 {
		t.Errorf("the largest card has %d bytes", largest)
	}
	if longest < 3_800 || longest > 4_000 {
		t.Errorf("the longest plain text has %d bytes", longest)
	}
}

func TestNew(t *testing.T) {
	tests := map[string]Config{
		"token: not set":                    {Channel: "C0OPS"},
		"token: there is white space in it": {Token: "xoxb-1 2", Channel: "C0OPS"},
		"channel: not set":                  {Token: notifiertest.BotToken},
		"api_url: http is accepted":         {Token: notifiertest.BotToken, Channel: "C0OPS", APIURL: "http://slack.com/api"},
		"api_url: names no host":            {Token: notifiertest.BotToken, Channel: "C0OPS", APIURL: "https:///api"},
		"api_url: holds a user name":        {Token: notifiertest.BotToken, Channel: "C0OPS", APIURL: "https://a:b@slack.com/api"},
	}
	for want, settings := range tests {
		if _, err := New(settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, base := range []string{"", "https://slack.com/api", "https://slack.com/api/"} {
		s, err := New(Config{Token: notifiertest.BotToken, Channel: "C0OPS", APIURL: base})
		if err != nil || s.APIURL != defaultAPI {
			t.Errorf("%q becomes %q, %v", base, s.APIURL, err)
		}
	}
}

func TestSlackCheck(t *testing.T) {
	ok, all := map[string]sink.Level{"token": sink.OK, "scope chat:write": sink.OK, "channel": sink.OK, "scope channels:history": sink.OK}, []string{"chat:write", "channels:history", "channels:read"}
	with := func(changes map[string]sink.Level) map[string]sink.Level {
		m := map[string]sink.Level{}
		for k, v := range ok {
			m[k] = v
		}
		for k, v := range changes {
			m[k] = v
		}
		return m
	}
	tests := map[string]struct {
		change func(w *notifiertest.Workspace, s *Sink)
		want   map[string]sink.Level
	}{
		"all is well":  {func(*notifiertest.Workspace, *Sink) {}, ok},
		"wrong token":  {func(w *notifiertest.Workspace, _ *Sink) { w.Token = "xoxb-other" }, map[string]sink.Level{"token": sink.Bad}},
		"not a member": {func(w *notifiertest.Workspace, _ *Sink) { w.Channels[0].Member = false }, with(map[string]sink.Level{"channel": sink.Bad})},
		"archived":     {func(w *notifiertest.Workspace, _ *Sink) { w.Channels[0].Archived = true }, with(map[string]sink.Level{"channel": sink.Bad})},
		"no channel":   {func(_ *notifiertest.Workspace, s *Sink) { s.Channel = "C0NONE" }, with(map[string]sink.Level{"channel": sink.Bad})},
		"public post": {func(w *notifiertest.Workspace, _ *Sink) {
			w.Channels[0].Member = false
			w.Scopes = append(all, "chat:write.public")
		}, with(map[string]sink.Level{"channel": sink.Warn})},
		"cannot write": {func(w *notifiertest.Workspace, _ *Sink) { w.Scopes = all[1:] }, with(map[string]sink.Level{"scope chat:write": sink.Bad})},
		"scopes untold": {func(w *notifiertest.Workspace, _ *Sink) { w.Scopes = []string{} },
			with(map[string]sink.Level{"scope chat:write": sink.Warn, "channel": sink.Warn, "scope channels:history": sink.Warn})},
		"cannot look": {func(w *notifiertest.Workspace, _ *Sink) { w.Scopes = []string{"chat:write", "channels:read"} }, with(map[string]sink.Level{"scope channels:history": sink.Warn})},
		"cannot see":  {func(w *notifiertest.Workspace, _ *Sink) { w.Scopes = all[:2] }, with(map[string]sink.Level{"channel": sink.Warn})},
		"by name":     {func(_ *notifiertest.Workspace, s *Sink) { s.Channel = "ops" }, with(map[string]sink.Level{"channel name": sink.Warn})},
		"by a wrong name": {func(w *notifiertest.Workspace, s *Sink) {
			s.Channel = "opps"
			w.Scopes = append(all, "groups:read")
		}, map[string]sink.Level{"token": sink.OK, "scope chat:write": sink.OK, "channel": sink.Bad}},
		"perhaps a private channel's name": {func(_ *notifiertest.Workspace, s *Sink) { s.Channel = "opps" }, map[string]sink.Level{"token": sink.OK, "scope chat:write": sink.OK, "channel": sink.Warn}},
		"by name, and cannot list": {func(w *notifiertest.Workspace, s *Sink) {
			s.Channel = "ops"
			w.Scopes = all[:2]
		}, map[string]sink.Level{"token": sink.OK, "scope chat:write": sink.OK, "channel": sink.Warn}},
		"private": {func(w *notifiertest.Workspace, _ *Sink) {
			w.Channels[0].Private = true
			w.Scopes = append(all, "groups:history")
		}, map[string]sink.Level{"token": sink.OK, "scope chat:write": sink.OK, "channel": sink.OK, "scope groups:history": sink.OK}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := notifiertest.NewRig(t, "en")
			s := bot(t, r)
			r.Slack.Scopes = all
			test.change(&r.Slack, s)
			got := map[string]sink.Level{}
			for _, f := range s.Check(t.Context()) {
				got[f.Item] = f.Level
				if f.Level != sink.OK && f.Hint == "" {
					t.Errorf("%+v has no hint", f)
				}
				r.AssertNoSecret(t, f.Detail, f.Hint)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if n := len(r.Messages(notifiertest.SlackChannel)); n != 0 {
				t.Errorf("check posted %d messages", n)
			}
		})
	}
}

// TestSlackCheckNamesNames: a token of another workspace is valid, too, and an id says
// nothing to people. What Slack does not tell is left out, and nothing speaks of a
// message, for there was none.
func TestSlackCheckNamesNames(t *testing.T) {
	tests := map[string]struct {
		change func(r *notifiertest.Rig)
		item   string
		want   string
	}{
		"workspace and bot": {func(*notifiertest.Rig) {}, "token", "is valid: bot refreshwatch in the workspace Example"},
		"no names": {func(r *notifiertest.Rig) { r.Script(notifiertest.SlackAuth, notifiertest.Answer(200, `{"ok":true}`)) },
			"token", "is valid"},
		"hostile names": {func(r *notifiertest.Rig) {
			r.Script(notifiertest.SlackAuth, notifiertest.Answer(200, `{"ok":true,"team":"A\u001b[2J\nB","user":"x\u202ey"}`))
		}, "token", "is valid: bot xy in the workspace A[2J B"},
		"channel": {func(*notifiertest.Rig) {}, "channel", "#ops has the bot as a member"},
		"not a member": {func(r *notifiertest.Rig) { r.Slack.Channels[0].Member = false },
			"channel", "#ops does not have the bot as a member"},
		"archived": {func(r *notifiertest.Rig) { r.Slack.Channels[0].Archived = true }, "channel", "#ops is archived"},
		"no scope": {func(r *notifiertest.Rig) { r.Slack.Scopes = []string{"chat:write"} },
			"channel", notifiertest.SlackChannel + " was not checked: the bot may not read its name, nor whether it is a member"},
		"no such channel": {func(r *notifiertest.Rig) { r.Slack.Channels = nil }, "channel", "channel_not_found: refused by Slack"},
		"a failure":       {func(r *notifiertest.Rig) { r.Script(notifiertest.SlackInfo, notifiertest.SlackSays("fatal_error")) }, "channel", "fatal_error: refused by Slack"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := notifiertest.NewRig(t, "en")
			s := bot(t, r)
			test.change(r)
			for _, f := range s.Check(t.Context()) {
				if f.Item == test.item && f.Detail != test.want {
					t.Errorf("%+v, want %q", f, test.want)
				}
			}
		})
	}
}

// TestSlackCheckOfAPrivateChannel: without a scope to read about channels either of the
// two scopes for the history may be the right one.
func TestSlackCheckOfAPrivateChannel(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	r.Slack.Channels[0].Private, r.Slack.Scopes = true, []string{"chat:write", "groups:history"}
	for _, f := range bot(t, r).Check(t.Context()) {
		if strings.HasPrefix(f.Item, "scope ") && f.Level != sink.OK {
			t.Errorf("%+v", f)
		}
	}
}

func asMessage(s template.Sample) sink.Message { return sink.MessageOf(s.Message, notifiertest.Now) }

// TestMentionIsShown: the text is not shown beside blocks, so the title's
// block names the people too.
func TestMentionIsShown(t *testing.T) {
	m := notifiertest.One(1)
	m.Mention = "<!subteam^S0123>"
	p, err := bot(t, notifiertest.NewRig(t, "en")).payload(m)
	if err != nil {
		t.Fatal(err)
	}
	title, err := sink.Encode(p.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(string(title), `\u003c`, "<"), `\u003e`, ">"), m.Mention) || !strings.Contains(p.Text, m.Mention) {
		t.Errorf("%s\n%s", title, p.Text)
	}
}

// TestWebhookCheck: the URL's shape is checked, the network is not used.
func TestWebhookCheck(t *testing.T) {
	for to, want := range map[sink.Secret]sink.Level{
		"https://hooks.slack.com/services/T/B/x": sink.OK, "https://example.com/hook": sink.Warn,
	} {
		w, err := NewWebhook(WebhookConfig{URL: to})
		if err != nil {
			t.Fatal(err)
		}
		if f := w.Check(t.Context())[0]; f.Level != want || (want == sink.OK) != (f.Hint == "") {
			t.Errorf("%+v, want %s", f, want)
		}
	}
}

// TestParseChannel: what people paste for a channel is read, or refused for what it is.
func TestParseChannel(t *testing.T) {
	for _, test := range []struct{ value, want, problem string }{
		{"C0OPS", "C0OPS", ""},
		{"#C0OPS", "C0OPS", ""},
		{"<#C0OPS|ops>", "C0OPS", ""},
		{"<#C0OPS>", "C0OPS", ""},
		{" C0OPS ", "C0OPS", ""},
		{"G0PRIVATE", "G0PRIVATE", ""},
		{"https://example.slack.com/archives/C0OPS/p1700000000000100", "C0OPS", ""},
		{"https://app.slack.com/client/T0TEAM/C0OPS", "C0OPS", ""},
		{"ops", "ops", ""},
		{"#ops-alerts_1", "ops-alerts_1", ""},
		{"#运维", "运维", ""},
		{"U0123ABC", "", "person's ID"},
		{"W0123ABC", "", "person's ID"},
		{"T0123ABC", "", "workspace's ID"},
		{"@ann", "", "person's name"},
		{"ops, dev", "", "more than one"},
		{"C0OPS,C0DEV", "", "more than one"},
		{`"C0OPS"`, "", "not a channel's ID or name"},
		{"Ops", "", "not a channel's ID or name"},
		{"#", "", "not a channel's ID or name"},
		{"https://example.com/archives/C0OPS", "", "leads to no channel"},
		{"https://example.slack.com/", "", "leads to no channel"},
		{"ops.alerts", "", "not a channel's ID or name"},
	} {
		got, err := parseChannel(test.value)
		if got != test.want || (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%q: %q, %v; want %q, %q", test.value, got, err, test.want, test.problem)
		}
	}
}

// TestTokens: tokens that cannot post are named, and never shown.
func TestTokens(t *testing.T) {
	for token, want := range map[string]string{
		"xoxb-1-2-SECRET0": "", "xoxp-1-SECRET0": "", "xoxe.xoxb-1-SECRET0": "",
		"xapp-1-SECRET0": "app-level token", "xoxe-1-SECRET0": "refresh token", "SECRET0": "not a Slack token",
		"https://hooks.slack.com/services/SECRET0": "this is a URL", `"xoxb-SECRET0"`: "quotation mark", "Bearer xoxb-SECRET0": "white space",
	} {
		_, err := New(Config{Token: sink.Secret(token), Channel: "C0OPS"})
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET0")) {
			t.Errorf("%s: %v, want %q", token, err, want)
		}
	}
	for to, want := range map[string]string{
		"https://hooks.slack.com/services/T0/B0/SECRET0": "", "https://mattermost.example.com/hooks/SECRET0": "",
		"https://hooks.slack.com/services/": "no token", "https://hooks.slack.com/workflows/T0/A0/SECRET0": "starts a workflow",
		"https://hooks.slack.com/triggers/T0/SECRET0": "starts a workflow", "https://hooks.slack.com/": "not that of an incoming webhook",
	} {
		_, err := NewWebhook(WebhookConfig{URL: sink.Secret(to)})
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET0")) {
			t.Errorf("%s: %v, want %q", to, err, want)
		}
	}
}

// TestMentionMarkup: Slack's own forms are accepted, and no others.
func TestMentionMarkup(t *testing.T) {
	for _, good := range []string{"on call: <!here>", "<!here>", "<@U0123> <@W9>", "<!subteam^S0123|@ops> <!channel>"} {
		if err := Bot().CheckMention(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"@here", "@all", "<at id=all></at>", "<@zhangsan>", "<@123>", "<!here", "here", "", "<!here> <@zhangsan>", "<at>a@example.com</at>", "<!date^1^x|y>"} {
		if err := IncomingWebhook().CheckMention(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
