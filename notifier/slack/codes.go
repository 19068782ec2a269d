package slack

import (
	"errors"

	"refreshwatch/notifier/sink"
)

// apiRule classifies the codes of chat.postMessage (docs.slack.dev, error table
// read 2026-08). A code it does not know counts as unknown: the message may be
// there, and the look-up decides.
func apiRule(code string) sink.Rule {
	switch code {
	case "ratelimited", "rate_limited", "service_unavailable", "request_timeout",
		"team_added_to_org", "org_login_required", "message_limit_exceeded":
		return sink.Rule{Class: sink.Later}
	case "fatal_error", "internal_error":
		return sink.Rule{Class: sink.Unknown}
	case "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type":
		return sink.Rule{Class: sink.Refused, Hint: "Set the token to the app's current bot token (xoxb-…)"}
	case "missing_scope", "no_permission":
		return sink.Rule{Class: sink.Refused, Hint: "Add the scope chat:write to the Slack app and install it again"}
	case "access_denied", "accesslimited", "ekm_access_denied", "enterprise_is_restricted",
		"app_access_restricted", "two_factor_setup_required", "team_not_found":
		return sink.Rule{Class: sink.Refused, Hint: "Ask an administrator of the workspace to allow the app"}
	case "channel_not_found":
		return sink.Rule{Class: sink.Refused, Hint: "Check the channel's id; a private channel must have the bot as a member"}
	case "not_in_channel":
		return sink.Rule{Class: sink.Refused, Hint: "Invite the bot to the channel with /invite"}
	case "is_archived", "is_inactive", "messages_tab_disabled":
		return sink.Rule{Class: sink.Refused, Hint: "Choose a channel that is in use"}
	case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
		"restricted_action_non_threadable_channel", "restricted_action_thread_locked":
		return sink.Rule{Class: sink.Refused, Hint: "Allow the app to post in this channel"}
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments", "too_many_attachments",
		"attachment_payload_limit_exceeded", "markdown_text_conflict", "no_text", "msg_too_long",
		"invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large", "metadata_must_be_sent_from_app":
		return sink.Rule{Class: sink.Refused, Layout: true, Hint: "Report this message's shape: it should have passed"}
	case "cannot_reply_to_message":
		return sink.Rule{Class: sink.Refused}
	default:
		return sink.Rule{Class: sink.Unknown}
	}
}

// webhookRule classifies the text answers of incoming webhooks (docs.slack.dev,
// incoming webhooks, read 2026-08); known is false for any other text.
func webhookRule(code string) (rule sink.Rule, known bool) {
	switch code {
	case "invalid_payload", "no_text", "too_many_attachments", "invalid_blocks", "invalid_attachments", "msg_blocks_too_long":
		return sink.Rule{Class: sink.Refused, Layout: true, Hint: "Report this message's shape: it should have passed"}, true
	case "user_not_found", "channel_not_found", "channel_is_archived", "posting_to_general_channel_denied":
		return sink.Rule{Class: sink.Refused, Hint: "Point the incoming webhook to a channel that is in use"}, true
	case "action_prohibited":
		return sink.Rule{Class: sink.Refused, Hint: "Ask an administrator of the workspace to allow the webhook"}, true
	case "invalid_token", "no_service", "no_active_hooks", "no_team":
		return sink.Rule{Class: sink.Refused, Hint: "The incoming webhook was removed; make a new one and set its URL"}, true
	case "rate_limited", "ratelimited":
		return sink.Rule{Class: sink.Later}, true
	case "rollup_error":
		return sink.Rule{Class: sink.Unknown}, true
	default:
		return sink.Rule{}, false
	}
}

// layoutCode is Slack's code when it refused the message for its shape, else "".
func layoutCode(err error) string {
	var e *sink.Error
	if errors.As(err, &e) && e.Class == sink.Refused && apiRule(e.Code).Layout {
		return e.Code
	}
	return ""
}
