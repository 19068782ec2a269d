package setup

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"refreshwatch/notifier"
	"refreshwatch/template"
)

// webhookLanes is how many bodies one webhook is sent at once.
const webhookLanes = 4

// channels builds the configured sinks. Without any, messages go to console.
func channels(config Config, words *template.Set, log *slog.Logger, console io.Writer) ([]notifier.Channel, error) {
	kit := notifier.Kit{Outlet: notifier.NewOutlet(0), Region: config.Region, Templates: words}
	if len(config.Sinks) == 0 {
		printed := &notifier.Console{Kit: kit, Out: console}
		return []notifier.Channel{{Name: "console", Sink: printed, Style: notifier.Chat}}, nil
	}
	var all []notifier.Channel
	var mistakes []error
	for _, s := range config.Sinks {
		kit.Warn = func(text string) { log.Warn(text, "sink", s.Name) }
		c, err := channel(s, kit, config.SlackAPI)
		if err != nil {
			mistakes = append(mistakes, s.explain(err))
		}
		all = append(all, c)
	}
	return all, errors.Join(mistakes...)
}

func channel(s SinkConfig, kit notifier.Kit, slackAPI string) (notifier.Channel, error) {
	c := notifier.Channel{Name: s.Name, Style: notifier.Chat, Drop: s.OnUnknown == "drop"}
	var err error
	switch s.Type {
	case TypeSlack:
		c.Sink, err = notifier.NewSlack(notifier.Slack{Kit: kit, Token: s.Token, Channel: s.Channel, APIURL: slackAPI})
	case TypeSlackWebhook:
		c.Sink, err = notifier.NewSlackHook(notifier.SlackHook{Kit: kit, URL: s.URL})
	case TypeWebhook:
		c.Style, c.Lanes = notifier.Machine, webhookLanes
		c.Sink, err = notifier.NewWebhook(notifier.Webhook{Kit: kit, URL: s.URL, Secret: s.Secret, Format: s.Format})
	default:
		c.Sink, err = notifier.NewRobot(notifier.Robot{Kit: kit, Kind: template.Dialect(s.Type), URL: s.URL, Secret: s.Secret})
	}
	return c, err
}

// settings are the variables behind the fields of the sinks that the environment
// configures.
var settings = map[string]map[string]string{
	TypeSlack:        {"token": "SLACK_BOT_TOKEN", "channel": "SLACK_CHANNEL", "api_url": "SLACK_API_URL"},
	TypeSlackWebhook: {"url": "SLACK_WEBHOOK_URL"},
	TypeWebhook:      {"url": "WEBHOOK_URL", "secret": "WEBHOOK_SECRET"},
	TypeDingTalk:     {"url": "DINGTALK_WEBHOOK_URL", "secret": "DINGTALK_SECRET"},
	TypeFeishu:       {"url": "FEISHU_WEBHOOK_URL", "secret": "FEISHU_SECRET"},
	TypeWeCom:        {"url": "WECOM_WEBHOOK_URL"},
}

// explain names the setting behind each mistake: a variable, or a key of
// CONFIG_FILE.
func (s SinkConfig) explain(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, s.explain(e))
		}
		return errors.Join(all...)
	}
	var field *notifier.FieldError
	if !errors.As(err, &field) {
		return fmt.Errorf("sink %s: %w", s.Name, err)
	}
	name := settings[s.Type][field.Field]
	if s.FromFile || name == "" {
		name = fmt.Sprintf("CONFIG_FILE: sink %s: %s", s.Name, field.Field)
	}
	return fmt.Errorf("%s: %s", name, field.Problem)
}
