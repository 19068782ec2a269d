package slack

import (
	"context"
	"slices"
	"strings"

	slackgo "github.com/slack-go/slack"

	"refreshwatch/notifier/sink"
)

// Check asks Slack about the token, its scopes and the channel. It posts nothing.
func (s *Sink) Check(ctx context.Context) []sink.Finding {
	api, call := s.api(sink.AnswerCap)
	auth, err := api.AuthTestContext(ctx)
	if err := call.verdict(err); err != nil {
		return []sink.Finding{sink.Failed("token", err)}
	}
	scopes := strings.FieldsFunc(auth.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	findings := []sink.Finding{{Item: "token", Level: sink.OK, Detail: "is valid"}, scopeFinding(scopes)}
	return append(findings, s.checkChannel(ctx, scopes)...)
}

func scopeFinding(scopes []string) sink.Finding {
	if len(scopes) == 0 {
		return sink.Finding{Item: "scope chat:write", Level: sink.Warn, Detail: "is unknown: Slack did not list the token's scopes",
			Hint: "Send a test message with check -post to be sure"}
	}
	if !slices.Contains(scopes, "chat:write") {
		return sink.Finding{Item: "scope chat:write", Level: sink.Bad, Detail: "is missing",
			Hint: "Add the scope chat:write to the Slack app and install it again"}
	}
	return sink.Finding{Item: "scope chat:write", Level: sink.OK, Detail: "is granted"}
}

// checkChannel reports on the channel, and on the look-up that keeps a message
// with an unknown outcome from being posted twice.
func (s *Sink) checkChannel(ctx context.Context, scopes []string) []sink.Finding {
	if !isID(s.Channel) {
		return []sink.Finding{{Item: "channel", Level: sink.Warn, Detail: "is set by name: messages with an unknown outcome cannot be looked up and may be duplicated",
			Hint: "Set the channel's id (C…), shown at the end of its About tab"}}
	}
	api, call := s.api(sink.AnswerCap)
	channel, err := api.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: s.Channel})
	err = call.verdict(err)
	history := "channels:history"
	var finding sink.Finding
	switch {
	case sink.CodeOf(err) == "missing_scope":
		finding = sink.Finding{Item: "channel", Level: sink.Warn, Detail: "cannot be checked",
			Hint: "Add the scope channels:read (private: groups:read) to the Slack app to have it checked"}
	case err != nil:
		finding = sink.Failed("channel", err)
	case channel.IsArchived:
		finding = sink.Finding{Item: "channel", Level: sink.Bad, Detail: "is archived", Hint: "Choose a channel that is in use"}
	case !channel.IsMember && slices.Contains(scopes, "chat:write.public"):
		finding = sink.Finding{Item: "channel", Level: sink.Warn, Detail: "does not have the bot as a member: messages cannot be looked up and may be duplicated",
			Hint: "Invite the bot to the channel with /invite"}
	case !channel.IsMember:
		finding = sink.Finding{Item: "channel", Level: sink.Bad, Detail: "does not have the bot as a member", Hint: "Invite the bot to the channel with /invite"}
	default:
		finding = sink.Finding{Item: "channel", Level: sink.OK, Detail: "has the bot as a member"}
	}
	if channel != nil && channel.IsPrivate {
		history = "groups:history"
	}
	if !slices.Contains(scopes, history) {
		return []sink.Finding{finding, {Item: "scope " + history, Level: sink.Warn,
			Detail: "is missing: messages with an unknown outcome cannot be looked up and may be duplicated",
			Hint:   "Add the scope " + history + " to the Slack app and install it again"}}
	}
	return []sink.Finding{finding, {Item: "scope " + history, Level: sink.OK, Detail: "is granted"}}
}

// Check checks the URL's shape; the network is not used.
func (w *Webhook) Check(context.Context) []sink.Finding {
	return []sink.Finding{sink.CheckHome("url", w.URL, "hooks.slack.com/services/", "hooks.slack-gov.com/services/")}
}
