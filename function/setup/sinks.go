package setup

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// targets builds the configured sinks. Without any, messages go to console.
func targets(config Config, words *template.Set, log *slog.Logger, console io.Writer) ([]notifier.Target, error) {
	common := sink.Common{Client: sink.NewClient(sink.ClientOptions{UserAgent: watch.UserAgent()}), Region: config.Region, Templates: words}
	if len(config.Sinks) == 0 {
		printed := &sink.Console{Common: common, Out: console}
		return []notifier.Target{{Name: "console", Sink: printed, Grouping: sink.PerTask}}, nil
	}
	var all []notifier.Target
	var mistakes []error
	for _, s := range config.Sinks {
		common.Warn = func(text string) { log.Warn(text, "sink", s.Name) }
		t, err := target(s, common, config.SlackAPI)
		if err != nil {
			mistakes = append(mistakes, s.explain(err))
		}
		all = append(all, t)
	}
	return all, errors.Join(mistakes...)
}

func target(s SinkConfig, common sink.Common, slackAPI string) (notifier.Target, error) {
	kind := kindOf(s.Type)
	if kind == nil {
		return notifier.Target{Name: s.Name}, &poller.Mistake{Setting: "type", Problem: "unknown type"}
	}
	built, err := kind.Build(sink.Settings{
		"token": s.Token, "channel": sink.Secret(s.Channel), "api_url": sink.Secret(slackAPI),
		"url": s.URL, "secret": s.Secret, "format": sink.Secret(s.Format),
	}, common)
	return notifier.Target{
		Name: s.Name, Sink: built, Grouping: kind.Grouping, Concurrency: kind.Concurrency, Drop: s.OnUnknown == "drop",
	}, err
}

// explain names the setting behind each mistake: a variable, or a key of
// CONFIG_FILE.
func (s SinkConfig) explain(err error) error {
	var all []error
	for _, m := range poller.Mistakes(err) {
		named := *m
		field, known := sink.Field{}, false
		if kind := kindOf(s.Type); kind != nil {
			field, known = kind.Field(m.Setting)
		}
		switch {
		case m.Setting == "":
			named.Setting = "sink " + s.Name
		case known && field.Env != "" && (field.EnvOnly || !s.FromFile):
			named.Setting = field.Env
		default:
			named.Setting = fmt.Sprintf("CONFIG_FILE: sink %s: %s", s.Name, m.Setting)
		}
		all = append(all, &named)
	}
	return errors.Join(all...)
}
