package slack

import (
	"net/url"
	"strings"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// markup of a person, a user group, or everybody who is there (docs.slack.dev,
// Formatting message text, read 2026-11).
func markup() sink.Markup {
	return sink.Markup{
		Example: "<!here>, <!channel>, <!subteam^S0123> or <@U0123>",
		Pattern: `<!(?:here|channel|everyone)(?:\|[^<>]*)?>|<!subteam\^S[A-Z0-9]+(?:\|[^<>]*)?>|<@[UW][A-Z0-9]+(?:\|[^<>]*)?>`,
	}
}

// Bot is the kind of [Sink].
func Bot() sink.Kind {
	return sink.Kind{
		Type: "slack", Title: "Slack", Dialect: template.Slack,
		Fields: []sink.Field{
			{Key: "token", Env: "SLACK_BOT_TOKEN", Secret: true, Required: true, Check: checkToken, Help: "the app's bot token (xoxb-…)"},
			{Key: "channel", Env: "SLACK_CHANNEL", Required: true, Check: checkChannel, Help: "the channel's id (C…)"},
			{Key: "api_url", Env: "SLACK_API_URL", EnvOnly: true, Default: defaultAPI, Check: sink.CheckURL, Help: "the base of Slack's Web API"},
		},
		Markup: markup(),
		New: func(s sink.Settings, c sink.Common) (sink.Sink, error) {
			return New(Config{Common: c, Token: s["token"], Channel: string(s["channel"]), APIURL: string(s["api_url"])})
		},
	}
}

// webhookHome is where Slack's incoming webhooks are.
func webhookHome() sink.Home {
	return sink.Home{Hosts: []string{"hooks.slack.com", "hooks.slack-gov.com"}, Path: "/services/"}
}

// IncomingWebhook is the kind of [Webhook].
func IncomingWebhook() sink.Kind {
	return sink.Kind{
		Type: "slack-webhook", Title: "Slack incoming webhook", Dialect: template.Slack, Home: webhookHome(),
		Fields: []sink.Field{
			{Key: "url", Env: "SLACK_WEBHOOK_URL", Secret: true, Required: true, Check: checkWebhook, Help: "the incoming webhook's URL"},
		},
		Markup: markup(),
		New: func(s sink.Settings, c sink.Common) (sink.Sink, error) {
			return NewWebhook(WebhookConfig{Common: c, URL: s["url"]})
		},
	}
}

func checkWebhook(value string) error {
	u, err := sink.ParseURL(value)
	switch {
	case err != nil:
		return err
	case webhookHome().Has(u) && (strings.HasPrefix(u.Path, "/workflows/") || strings.HasPrefix(u.Path, "/triggers/")):
		return &poller.Mistake{Problem: "the URL starts a workflow; it is no incoming webhook", Next: "Add an incoming webhook to a Slack app; its URL begins with " + webhookHome().Example()}
	}
	return webhookHome().Check(u)
}

// checkToken accepts bot and user tokens. The other kinds of tokens that Slack's
// settings show cannot post.
func checkToken(value string) error {
	const use = "Use the Bot User OAuth Token (xoxb-…) from OAuth & Permissions"
	if err := sink.CheckOpaque(value); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(value, "xapp-"):
		return &poller.Mistake{Problem: "this is an app-level token, which cannot post", Next: use}
	case strings.HasPrefix(value, "xoxe-"):
		return &poller.Mistake{Problem: "this is a refresh token, which cannot post", Next: use}
	case strings.HasPrefix(value, "https://"):
		return &poller.Mistake{Problem: "this is a URL", Next: "Set it as SLACK_WEBHOOK_URL, or use the bot token (xoxb-…)"}
	case !strings.HasPrefix(value, "xox"):
		return &poller.Mistake{Problem: "not a Slack token", Next: use}
	}
	return nil
}

func checkChannel(value string) error {
	_, err := parseChannel(value)
	return err
}

const useChannelID = "Use the channel's ID (C…): open the channel's details and copy it from the bottom of About"

// parseChannel reads a channel as people paste it: its id, with or without #, a link
// to it, a mention of it from a message, or its name without the #. What cannot be a
// channel is a [*poller.Mistake].
func parseChannel(value string) (string, error) {
	text := strings.TrimSpace(value)
	if link, ok := strings.CutPrefix(text, "https://"); ok {
		return channelOfLink(link)
	}
	if inner, ok := strings.CutPrefix(text, "<#"); ok {
		text, _, _ = strings.Cut(strings.TrimSuffix(inner, ">"), "|")
	}
	text = strings.TrimPrefix(text, "#")
	switch {
	case isID(text):
		return text, nil
	case hasIDShape(text, "UW"):
		return "", &poller.Mistake{Problem: "this is a person's ID", Next: useChannelID}
	case hasIDShape(text, "T"):
		return "", &poller.Mistake{Problem: "this is a workspace's ID", Next: useChannelID}
	case strings.ContainsAny(text, ", \t\n"):
		return "", &poller.Mistake{Problem: "this is more than one word", Next: "Set one channel; for several use CONFIG_FILE. " + useChannelID}
	case strings.HasPrefix(text, "@"):
		return "", &poller.Mistake{Problem: "this is a person's name", Next: useChannelID}
	case !isName(text):
		return "", &poller.Mistake{Problem: "not a channel's ID or name", Next: useChannelID}
	}
	return text, nil
}

// channelOfLink reads "example.slack.com/archives/C0123/p17…" and
// "app.slack.com/client/T0123/C0123".
func channelOfLink(link string) (string, error) {
	u, err := url.Parse("https://" + link)
	if err == nil && strings.HasSuffix(u.Hostname(), "slack.com") {
		for _, part := range strings.Split(u.Path, "/") {
			if isID(part) {
				return part, nil
			}
		}
	}
	return "", &poller.Mistake{Problem: "this link leads to no channel", Next: useChannelID}
}

// isID reports whether a channel is set by its id, not by its name.
func isID(channel string) bool { return hasIDShape(channel, "CGD") }

func hasIDShape(text, first string) bool {
	return len(text) > 1 && strings.ContainsAny(text[:1], first) &&
		strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// isName reports whether text can be a channel's name: lower case, at most 80
// characters, no punctuation but - and _ (docs.slack.dev, conversations.create, read
// 2026-11); letters of any script.
func isName(text string) bool {
	return text != "" && len([]rune(text)) <= 80 && strings.ToLower(text) == text &&
		!strings.ContainsAny(text, "\"'`‘’“”!?*%&/\\<>(){}[]:;=+|^~$#@.")
}
