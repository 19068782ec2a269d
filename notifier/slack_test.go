package notifier

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// afterwards is the delivery as the next attempt sees it.
func afterwards(d Delivery) Delivery {
	d.Attempts++
	d.Unknown = testNow
	return d
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
			r := newRig(t, "en")
			s := r.slack(t)
			r.Script(notifiertest.SlackPost, f)
			r.assertOutcome(t, s.Send(r.untilItHangs(t), one(1)), Unknown, 0)
			for range historyLimit + 10 { // it is not on the first page of history
				r.Say(testChannel, "good morning")
			}
			if err := s.Send(t.Context(), afterwards(one(1))); err != nil {
				t.Fatal(err)
			}
			if n := r.Arrived()["chat.postMessage "+one(1).ID]; n != 1 {
				t.Errorf("it is there %d times", n)
			}
			if len(r.warned) != 0 {
				t.Errorf("warned %q", r.warned)
			}
		})
	}
}

// TestNoLookUpAtFirst: a first attempt costs one request.
func TestNoLookUpAtFirst(t *testing.T) {
	r := newRig(t, "en")
	if err := r.slack(t).Send(t.Context(), one(1)); err != nil {
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
		change func(r *rig, s *Slack)
		says   string
	}{
		"missing scope":    {func(r *rig, _ *Slack) { r.Slack.Scopes = []string{"chat:write"} }, "channels:history"},
		"private channel":  {func(r *rig, _ *Slack) { r.Slack.Scopes = []string{"chat:write"}; r.Slack.Channels[0].Private = true }, "groups:history"},
		"not a member":     {func(r *rig, _ *Slack) { r.Slack.Channels[0].Member = false }, "/invite"},
		"channel by name":  {func(_ *rig, s *Slack) { s.Channel = "ops" }, "set its id"},
		"channel by #name": {func(_ *rig, s *Slack) { s.Channel = "#ops" }, "set its id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "en")
			s := r.slack(t)
			test.change(r, s)
			for i := range 2 {
				if err := s.Send(t.Context(), afterwards(one(i))); err != nil {
					t.Fatal(err)
				}
			}
			if len(r.warned) != 1 || !strings.Contains(r.warned[0], test.says) {
				t.Errorf("warned %q, want %q once", r.warned, test.says)
			}
			if n := len(r.Messages(testChannel)); n != 2 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// TestFailedLookUp: a look-up without an answer postpones the post.
func TestFailedLookUp(t *testing.T) {
	faults := map[string]fault{
		"rate limit": {fault: notifiertest.Busy(429, "30"), after: 30 * time.Second},
		"500":        {fault: notifiertest.Answer(500, "")},
		"reset":      {fault: notifiertest.Fault{Reset: true}},
		"hang":       {fault: notifiertest.Fault{Hang: true}},
		"page":       {fault: notifiertest.Answer(200, "<html>")},
		"fatal":      {fault: notifiertest.SlackSays("fatal_error")},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "en")
			r.Script(notifiertest.SlackHistory, f.fault)
			r.assertOutcome(t, r.slack(t).Send(r.untilItHangs(t), afterwards(one(1))), Later, f.after)
			if n := len(r.Posts(notifiertest.SlackPost)); n != 0 {
				t.Errorf("posted %d times without knowing", n)
			}
		})
	}
}

// TestPlainText: a message that is refused for its layout goes out as text, once,
// still carrying its id.
func TestPlainText(t *testing.T) {
	refusals := map[string]notifiertest.Fault{
		"slack":         notifiertest.SlackSays("invalid_blocks"),
		"slack-webhook": notifiertest.Answer(400, "invalid_blocks"),
		"dingtalk":      notifiertest.Answer(200, `{"errcode":460101,"errmsg":"message too long"}`),
		"feishu":        notifiertest.Answer(400, `{"code":9499,"msg":"Bad Request"}`),
		"wecom":         notifiertest.Answer(200, `{"errcode":40058,"errmsg":"content exceed max length"}`),
	}
	for name, refusal := range refusals {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "en")
			p := r.place(t, name)
			for _, sample := range template.Samples() {
				r.Script(p.endpoint, refusal)
				if err := p.sink.Send(t.Context(), asDelivery(sample)); err != nil {
					t.Fatalf("%s: %v", sample.Name, err)
				}
			}
			posts := r.Posts(p.endpoint)
			first, second := posts[0], posts[1]
			if first.Arrived || !second.Arrived || second.ID != first.ID {
				t.Errorf("first %v, second %v with id %q, want %q", first.Arrived, second.Arrived, second.ID, first.ID)
			}
			for _, markup := range []string{`"blocks"`, `"attachments"`, `"markdown"`, `"card"`} {
				if strings.Contains(string(second.Body), markup) {
					t.Errorf("the second has %s: %s", markup, second.Body)
				}
			}
			if !strings.Contains(string(second.Body), "intro.mp4") {
				t.Errorf("the news is lost: %s", second.Body)
			}
			for _, post := range posts {
				for _, mention := range []string{"<!channel>", "<@U", "<at ", `isAtAll":true`} {
					if strings.Contains(string(post.Body), mention) {
						t.Errorf("task data mentions people: %s", post.Body)
					}
				}
			}
			r.Script(p.endpoint, refusal, refusal)
			r.assertOutcome(t, p.sink.Send(t.Context(), one(7)), Refused, 0)
		})
	}
}

// TestRefusedMetadata: without metadata rather than without news.
func TestRefusedMetadata(t *testing.T) {
	r := newRig(t, "en")
	r.Script(notifiertest.SlackPost, notifiertest.SlackSays("metadata_too_large"))
	if err := r.slack(t).Send(t.Context(), one(1)); err != nil {
		t.Fatal(err)
	}
	if m := r.Messages(testChannel); len(m) != 1 || m[0].Metadata != nil {
		t.Errorf("%+v", m)
	}
}

// TestThread: a digest's further rows are replies to it, in the channel whose id
// the API returned.
func TestThread(t *testing.T) {
	samples := template.Samples()
	digest := asDelivery(samples[slices.IndexFunc(samples, func(s template.Sample) bool { return s.Name == "digest" })])
	r := newRig(t, "en")
	s := r.slack(t)
	s.Channel = "#ops"
	if err := s.Send(t.Context(), digest); err != nil {
		t.Fatal(err)
	}
	m := r.Messages(testChannel)
	if len(m) != 2 || m[1].ThreadTS != m[0].TS || m[0].ThreadTS != "" {
		t.Fatalf("%+v", m)
	}
	if post := r.Posts(notifiertest.SlackPost)[1]; !strings.Contains(string(post.Body), `"channel":"C0OPS"`) {
		t.Errorf("the reply does not use the channel's id: %s", post.Body)
	}
}

// TestFailedThread: the news is out with the digest itself.
func TestFailedThread(t *testing.T) {
	r := newRig(t, "en")
	s := r.slack(t)
	s.reply(t.Context(), one(1), posted{testChannel, "1.000001"}, []string{"row"})
	if len(r.warned) != 0 {
		t.Fatalf("warned %q", r.warned)
	}
	r.Script(notifiertest.SlackPost, notifiertest.SlackSays("cannot_reply_to_message"))
	s.reply(t.Context(), one(1), posted{testChannel, "1.000001"}, []string{"row", "row"})
	if len(r.warned) != 1 || !strings.Contains(r.warned[0], "lacks 2 of its 2 replies") {
		t.Errorf("warned %q", r.warned)
	}
	if n := len(r.Posts(notifiertest.SlackPost)); n != 2 {
		t.Errorf("%d replies were tried", n)
	}
}

// TestSlackEventTypes: the outside contract fixes them.
func TestSlackEventTypes(t *testing.T) {
	want := map[poller.Kind]string{
		poller.Finished: "refresh_tasks_finished", poller.Stalled: "refresh_tasks_stalled", poller.Expired: "refresh_tasks_expired",
		template.Gap: "refreshwatch_gap", template.Trouble: "refreshwatch_trouble", template.Recovered: "refreshwatch_recovered", template.Test: "refreshwatch_test",
	}
	r := newRig(t, "en")
	s := r.slack(t)
	got := map[poller.Kind]string{}
	for _, sample := range template.Samples() {
		if err := s.Send(t.Context(), asDelivery(sample)); err != nil {
			t.Fatal(err)
		}
		m := r.Messages(testChannel)
		last := m[len(m)-1]
		if last.ThreadTS == "" {
			got[sample.Message.Kind] = last.Metadata.EventType
		}
	}
	for _, m := range r.Messages(testChannel) {
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
	r := newRig(t, "en")
	for _, sample := range template.Samples() {
		body, err := r.slack(t).Body(asDelivery(sample))
		if err != nil {
			t.Fatal(err)
		}
		var m slack.Msg
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		if len(m.Blocks.BlockSet) != 1 || len(m.Attachments) != 1 || len(m.Attachments[0].Blocks.BlockSet) < 2 || m.Metadata.EventType == "" {
			t.Errorf("%s: %+v", sample.Name, m)
		}
		for _, b := range append(m.Blocks.BlockSet, m.Attachments[0].Blocks.BlockSet...) {
			if _, unknown := b.(*slack.UnknownBlock); unknown {
				t.Errorf("%s: unknown block %v", sample.Name, b)
			}
		}
	}
}

// TestHugeCard: a card that no template should make is still within the limits.
func TestHugeCard(t *testing.T) {
	card := template.Card{Context: "context", Button: template.Link{Label: strings.Repeat("界", 99), URL: "https://example.com/"}}
	for range 100 {
		card.Rows = append(card.Rows, strings.Repeat("&", 200))
		card.Reasons = append(card.Reasons, strings.Repeat("界", 150))
		card.Fields = append(card.Fields, template.Field{Label: "label", Value: "value"})
	}
	size, err := json.Marshal(slackBlocks(card))
	if err != nil {
		t.Fatal(err)
	}
	if len(size) > slackBlockBytes || len(size) < slackBlockBytes/2 {
		t.Errorf("%d bytes", len(size))
	}
	if got := packed([]string{strings.Repeat("a", 60), strings.Repeat("界", 60)}, 50); len(got) != 2 || len([]rune(got[1])) != 50 {
		t.Errorf("packed %q", got)
	}
}

func TestNewSlack(t *testing.T) {
	tests := map[string]Slack{
		"token is not set":            {Channel: "C0"},
		"token holds white space":     {Token: "xoxb-1 2", Channel: "C0"},
		"channel is not set":          {Token: testToken},
		"api_url must begin with":     {Token: testToken, Channel: "C0", APIURL: "http://slack.com/api"},
		"api_url names no host":       {Token: testToken, Channel: "C0", APIURL: "https:///api"},
		"api_url must not hold a use": {Token: testToken, Channel: "C0", APIURL: "https://a:b@slack.com/api"},
	}
	for want, settings := range tests {
		if _, err := NewSlack(settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, base := range []string{"", "https://slack.com/api", "https://slack.com/api/"} {
		s, err := NewSlack(Slack{Token: testToken, Channel: "C0", APIURL: base})
		if err != nil || s.APIURL != SlackAPI {
			t.Errorf("%q becomes %q, %v", base, s.APIURL, err)
		}
	}
}

func TestSlackCheck(t *testing.T) {
	ok, all := map[string]Level{"token": OK, "scope chat:write": OK, "channel": OK, "scope channels:history": OK}, []string{"chat:write", "channels:history", "channels:read"}
	with := func(changes map[string]Level) map[string]Level {
		m := map[string]Level{}
		for k, v := range ok {
			m[k] = v
		}
		for k, v := range changes {
			m[k] = v
		}
		return m
	}
	tests := map[string]struct {
		change func(w *notifiertest.Workspace, s *Slack)
		want   map[string]Level
	}{
		"all is well":  {func(*notifiertest.Workspace, *Slack) {}, ok},
		"wrong token":  {func(w *notifiertest.Workspace, _ *Slack) { w.Token = "xoxb-other" }, map[string]Level{"token": Bad}},
		"not a member": {func(w *notifiertest.Workspace, _ *Slack) { w.Channels[0].Member = false }, with(map[string]Level{"channel": Bad})},
		"archived":     {func(w *notifiertest.Workspace, _ *Slack) { w.Channels[0].Archived = true }, with(map[string]Level{"channel": Bad})},
		"no channel":   {func(_ *notifiertest.Workspace, s *Slack) { s.Channel = "C0NONE" }, with(map[string]Level{"channel": Bad})},
		"public post": {func(w *notifiertest.Workspace, _ *Slack) {
			w.Channels[0].Member = false
			w.Scopes = append(all, "chat:write.public")
		}, with(map[string]Level{"channel": Warn})},
		"cannot write": {func(w *notifiertest.Workspace, _ *Slack) { w.Scopes = all[1:] }, with(map[string]Level{"scope chat:write": Bad})},
		"scopes untold": {func(w *notifiertest.Workspace, _ *Slack) { w.Scopes = []string{} },
			with(map[string]Level{"scope chat:write": Warn, "channel": Warn, "scope channels:history": Warn})},
		"cannot look": {func(w *notifiertest.Workspace, _ *Slack) { w.Scopes = []string{"chat:write", "channels:read"} }, with(map[string]Level{"scope channels:history": Warn})},
		"cannot see":  {func(w *notifiertest.Workspace, _ *Slack) { w.Scopes = all[:2] }, with(map[string]Level{"channel": Warn})},
		"name, no id": {func(_ *notifiertest.Workspace, s *Slack) { s.Channel = "#ops" }, map[string]Level{"token": OK, "scope chat:write": OK, "channel": Warn}},
		"private": {func(w *notifiertest.Workspace, _ *Slack) {
			w.Channels[0].Private = true
			w.Scopes = append(all, "groups:history")
		}, map[string]Level{"token": OK, "scope chat:write": OK, "channel": OK, "scope groups:history": OK}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "en")
			s := r.slack(t)
			r.Slack.Scopes = all
			test.change(&r.Slack, s)
			got := map[string]Level{}
			for _, f := range s.Check(t.Context()) {
				got[f.Item] = f.Level
				if f.Level != OK && f.Hint == "" {
					t.Errorf("%+v has no hint", f)
				}
				r.assertNoSecret(t, f.Detail, f.Hint)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if n := len(r.Messages(testChannel)); n != 0 {
				t.Errorf("check posted %d messages", n)
			}
		})
	}
}
