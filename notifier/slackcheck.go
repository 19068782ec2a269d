package notifier

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// Check asks Slack about the token, its scopes and the channel. It posts nothing.
func (s *Slack) Check(ctx context.Context) []Finding {
	api, wire := s.client(answerCap)
	auth, err := api.AuthTestContext(ctx)
	if err := wire.verdict(err); err != nil {
		return []Finding{failed("token", err)}
	}
	scopes := strings.FieldsFunc(auth.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	findings := []Finding{{Item: "token", Level: OK, Detail: "is valid"}, scopeFinding(scopes)}
	return append(findings, s.checkChannel(ctx, scopes)...)
}

func scopeFinding(scopes []string) Finding {
	if len(scopes) == 0 {
		return Finding{Item: "scope chat:write", Level: Warn, Detail: "cannot be told: Slack did not list the token's scopes",
			Hint: "Send a test message with check -post to be sure"}
	}
	if !slices.Contains(scopes, "chat:write") {
		return Finding{Item: "scope chat:write", Level: Bad, Detail: "is missing",
			Hint: "Add the scope chat:write to the Slack app and install it again"}
	}
	return Finding{Item: "scope chat:write", Level: OK, Detail: "is granted"}
}

// checkChannel reports on the channel, and on the look-up that keeps a message
// with an unknown outcome from being posted twice.
func (s *Slack) checkChannel(ctx context.Context, scopes []string) []Finding {
	if !isSlackID(s.Channel) {
		return []Finding{{Item: "channel", Level: Warn, Detail: "is set by name: messages with an unknown outcome cannot be looked up and may be posted twice",
			Hint: "Set the channel's id (C…), shown at the end of its About tab"}}
	}
	api, wire := s.client(answerCap)
	channel, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: s.Channel})
	err = wire.verdict(err)
	history := "channels:history"
	var finding Finding
	switch {
	case codeOf(err) == "missing_scope":
		finding = Finding{Item: "channel", Level: Warn, Detail: "cannot be looked at",
			Hint: "Add the scope channels:read (private: groups:read) to the Slack app to have it checked"}
	case err != nil:
		finding = failed("channel", err)
	case channel.IsArchived:
		finding = Finding{Item: "channel", Level: Bad, Detail: "is archived", Hint: "Choose a channel that is in use"}
	case !channel.IsMember && slices.Contains(scopes, "chat:write.public"):
		finding = Finding{Item: "channel", Level: Warn, Detail: "does not have the bot as a member: messages cannot be looked up and may be posted twice",
			Hint: "Invite the bot to the channel with /invite"}
	case !channel.IsMember:
		finding = Finding{Item: "channel", Level: Bad, Detail: "does not have the bot as a member", Hint: "Invite the bot to the channel with /invite"}
	default:
		finding = Finding{Item: "channel", Level: OK, Detail: "has the bot as a member"}
	}
	if channel != nil && channel.IsPrivate {
		history = "groups:history"
	}
	if !slices.Contains(scopes, history) {
		return []Finding{finding, {Item: "scope " + history, Level: Warn,
			Detail: "is missing: messages with an unknown outcome cannot be looked up and may be posted twice",
			Hint:   "Add the scope " + history + " to the Slack app and install it again"}}
	}
	return []Finding{finding, {Item: "scope " + history, Level: OK, Detail: "is granted"}}
}

func failed(item string, err error) Finding {
	e := *outcome(err)
	f := Finding{Item: item, Level: Bad, Hint: e.Hint}
	e.Hint = ""
	f.Detail = e.Error()
	return f
}
