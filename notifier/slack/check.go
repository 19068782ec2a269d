package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	slackgo "github.com/slack-go/slack"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// Check asks Slack about the token, its scopes and the channel. It posts nothing.
func (s *Sink) Check(ctx context.Context) []sink.Finding {
	api, call := s.api(sink.AnswerCap)
	auth, err := api.AuthTestContext(ctx)
	if err := call.verdict(err); err != nil {
		return []sink.Finding{failed("token", err)}
	}
	scopes := strings.FieldsFunc(auth.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	findings := []sink.Finding{tokenFinding(auth), scopeFinding(scopes)}
	return append(findings, s.checkChannel(ctx, scopes)...)
}

// tokenFinding names bot and workspace: a token of another workspace is valid, too.
func tokenFinding(auth *slackgo.AuthTestResponse) sink.Finding {
	f := sink.Finding{Item: "token", Level: sink.OK, Detail: "is valid"}
	if auth.User != "" && auth.Team != "" {
		f.Detail = fmt.Sprintf("is valid: bot %s in the workspace %s", poller.Printable(auth.User), poller.Printable(auth.Team))
	}
	return f
}

// failed is a finding about a request that posted nothing, whatever Slack's code means
// for a message.
func failed(item string, err error) sink.Finding {
	e := *sink.Outcome(err)
	if e.Err == errRefused || e.Err == errUnclear {
		e.Err = errors.New("refused by Slack")
	}
	return sink.Failed(item, &e)
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

// checkChannel reports on the channel, and on the look-up that keeps a message with
// an unknown outcome from being duplicated.
func (s *Sink) checkChannel(ctx context.Context, scopes []string) []sink.Finding {
	if isID(s.Channel) {
		return s.checkMembership(ctx, s.Channel, scopes)
	}
	id, err := s.findChannel(ctx, scopes)
	switch {
	case sink.CodeOf(err) == "missing_scope":
		return []sink.Finding{{Item: "channel", Level: sink.Warn, Detail: "is set by name: it cannot be checked, and messages with an unknown outcome may be duplicated",
			Hint: useChannelID}}
	case err != nil:
		return []sink.Finding{failed("channel", err)}
	case id == "" && slices.Contains(scopes, "groups:read"):
		return []sink.Finding{{Item: "channel", Level: sink.Bad, Detail: "the bot sees no channel named " + strconv.Quote(s.Channel), Hint: useChannelID}}
	case id == "":
		return []sink.Finding{{Item: "channel", Level: sink.Warn, Detail: "there is no public channel named " + strconv.Quote(s.Channel) + ", and the bot may not list private ones", Hint: useChannelID}}
	}
	byName := sink.Finding{Item: "channel name", Level: sink.Warn, Detail: "is set by name: messages with an unknown outcome cannot be looked up and may be duplicated",
		Hint: "Set the channel's ID instead: " + id}
	return append([]sink.Finding{byName}, s.checkMembership(ctx, id, scopes)...)
}

// listPages bounds the look for a channel's name.
const listPages = 10

// findChannel is the id of the channel that is set by name; "" when the bot sees none.
func (s *Sink) findChannel(ctx context.Context, scopes []string) (string, error) {
	query := &slackgo.GetConversationsParameters{ExcludeArchived: true, Limit: 999, Types: []string{"public_channel"}}
	if slices.Contains(scopes, "groups:read") {
		query.Types = append(query.Types, "private_channel")
	}
	for range listPages {
		api, call := s.api(historyCap)
		channels, next, err := api.GetConversationsContext(ctx, query)
		if err := call.verdict(err); err != nil {
			return "", err
		}
		for _, c := range channels {
			if c.Name == s.Channel {
				return c.ID, nil
			}
		}
		if next == "" {
			return "", nil
		}
		query.Cursor = next
	}
	return "", nil
}

// checkMembership reports whether the bot is in the channel, and may read it.
func (s *Sink) checkMembership(ctx context.Context, id string, scopes []string) []sink.Finding {
	api, call := s.api(sink.AnswerCap)
	channel, err := api.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: id})
	err = call.verdict(err)
	name := id
	if err == nil && channel.Name != "" {
		name = "#" + poller.Printable(channel.Name)
	}
	finding := sink.Finding{Item: "channel", Level: sink.Bad}
	switch {
	case sink.CodeOf(err) == "missing_scope":
		finding.Level, finding.Detail = sink.Warn, fmt.Sprintf("%s was not checked: the bot may not read its name, nor whether it is a member", name)
		finding.Hint = "Add the scope channels:read (private: groups:read) to the Slack app to have it checked"
	case err != nil:
		finding = failed("channel", err)
	case channel.IsArchived:
		finding.Detail, finding.Hint = fmt.Sprintf("%s is archived", name), "Choose a channel that is in use"
	case !channel.IsMember && slices.Contains(scopes, "chat:write.public"):
		finding.Level, finding.Detail = sink.Warn, fmt.Sprintf("%s does not have the bot as a member: messages cannot be looked up and may be duplicated", name)
		finding.Hint = "Invite the bot to the channel with /invite"
	case !channel.IsMember:
		finding.Detail, finding.Hint = fmt.Sprintf("%s does not have the bot as a member", name), "Invite the bot to the channel with /invite"
	default:
		finding.Level, finding.Detail = sink.OK, fmt.Sprintf("%s has the bot as a member", name)
	}
	history := "channels:history"
	mayBePrivate := channel == nil && !slices.Contains(scopes, history) && slices.Contains(scopes, "groups:history")
	if channel != nil && channel.IsPrivate || mayBePrivate {
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
	return []sink.Finding{sink.CheckHome(w.URL, webhookHome())}
}
