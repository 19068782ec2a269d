package slack

import (
	"strings"
	"unicode"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// Bot is the kind of [Sink].
func Bot() sink.Kind {
	return sink.Kind{
		Type: "slack", Title: "Slack", Dialect: template.Slack,
		Fields: []sink.Field{
			{Key: "token", Env: "SLACK_BOT_TOKEN", Secret: true, Required: true, Check: checkToken, Help: "the app's bot token (xoxb-…)"},
			{Key: "channel", Env: "SLACK_CHANNEL", Required: true, Help: "the channel's id (C…)"},
			{Key: "api_url", Env: "SLACK_API_URL", EnvOnly: true, Default: defaultAPI, Check: sink.CheckURL, Help: "the base of Slack's Web API"},
		},
		New: func(s sink.Settings, c sink.Common) (sink.Sink, error) {
			return New(Config{Common: c, Token: s["token"], Channel: string(s["channel"]), APIURL: string(s["api_url"])})
		},
	}
}

// IncomingWebhook is the kind of [Webhook].
func IncomingWebhook() sink.Kind {
	return sink.Kind{
		Type: "slack-webhook", Title: "Slack incoming webhook", Dialect: template.Slack,
		Fields: []sink.Field{
			{Key: "url", Env: "SLACK_WEBHOOK_URL", Secret: true, Required: true, Check: sink.CheckURL, Help: "the incoming webhook's URL"},
		},
		New: func(s sink.Settings, c sink.Common) (sink.Sink, error) {
			return NewWebhook(WebhookConfig{Common: c, URL: s["url"]})
		},
	}
}

func checkToken(value string) error {
	if strings.ContainsFunc(value, unicode.IsSpace) {
		return &poller.Mistake{Problem: "holds white space", Next: "Copy the token again"}
	}
	return nil
}
