package setup

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// SinkConfig is one place to notify, from the environment or from CONFIG_FILE.
type SinkConfig struct {
	Name      string
	Type      string        // of a row of Kinds
	Settings  sink.Settings // by the keys of the row's fields
	FromFile  bool          // configured by CONFIG_FILE
	OnUnknown string        // resend (default) or drop: after a send whose outcome is unknown

	wrong bool // something about it is a mistake that was reported
}

// SinkTypes are the types of the table of sink kinds.
func SinkTypes() []string {
	var types []string
	for _, k := range Kinds() {
		types = append(types, k.Type)
	}
	return types
}

// shapeOf is what a field's values look like. Of a channel people paste what Slack
// shows, such as <#C0OPS|运维>: its row reads that.
func shapeOf(f sink.Field) shape {
	if f.Secret || len(f.Values) > 0 || f.EnvOnly {
		return word
	}
	return line
}

// sinks reads the sinks from CONFIG_FILE, or without one from the environment.
func (r *reader) sinks(c *Config, on Platform) {
	fromFile := r.isSet("CONFIG_FILE")
	notify := r.oneOf("NOTIFY", "all", "failed")
	mention := r.text("MENTION", line)
	if fromFile {
		for _, variable := range []string{"MENTION", "NOTIFY"} {
			if r.isSet(variable) {
				r.wrong(variable, "has no effect with CONFIG_FILE", "Write it in the file: mention and match belong to a route")
			}
		}
		if path := r.text("CONFIG_FILE", line); path != "" {
			r.file(path, c)
		}
	} else {
		c.Sinks, c.Notify, c.Mention = r.envSinks(), notify, mention
		c.Routes = plainRoutes(c.Sinks, notify, mention)
		if mention != "" {
			r.checkMention(mention, c.Sinks)
		}
	}
	r.everywhere(c.Sinks)
	if on == FunctionCompute && len(c.Sinks) == 0 && !fromFile {
		r.wrong("", "no sink is configured", "Set "+strings.Join(sinkVariables(), ", or ")+", or CONFIG_FILE")
	}
}

// envSinks reads the sinks that the environment names, in the table's order.
func (r *reader) envSinks() []SinkConfig {
	var sinks []SinkConfig
	for _, kind := range Kinds() {
		s := SinkConfig{Name: kind.Type, Type: kind.Type, Settings: sink.Settings{}}
		var set, missing []string
		before := len(r.mistakes)
		for _, field := range kind.Fields {
			switch {
			case field.Env == "" || field.EnvOnly:
			case r.isSet(field.Env):
				set = append(set, field.Env)
				r.envField(s.Settings, field)
			case field.Required:
				missing = append(missing, field.Env)
			}
		}
		for _, variable := range missing {
			if len(set) > 0 {
				r.wrong(variable, "is not set, although "+strings.Join(set, " and ")+" is", "Set both, or neither")
			}
		}
		s.wrong = len(r.mistakes) > before
		if len(set) > 0 && len(missing) == 0 {
			sinks = append(sinks, s)
		}
	}
	return sinks
}

// envField reads one variable and judges it by its row.
func (r *reader) envField(settings sink.Settings, field sink.Field) {
	value := r.text(field.Env, shapeOf(field))
	if value == "" {
		return
	}
	if field.Check != nil {
		r.wrongAll(field.Env, field.Check(value))
	}
	settings[field.Key] = sink.Secret(value)
}

// everywhere fills in what the environment alone sets, whoever names the sinks.
func (r *reader) everywhere(sinks []SinkConfig) {
	for _, kind := range Kinds() {
		for _, field := range kind.Fields {
			if !field.EnvOnly || !r.isSet(field.Env) {
				continue
			}
			settings := sink.Settings{}
			r.envField(settings, field)
			for _, s := range sinks {
				if s.Type == kind.Type {
					s.Settings[field.Key] = settings[field.Key]
				}
			}
		}
	}
}

// sinkVariables are the variables of each kind that it cannot do without.
func sinkVariables() []string {
	var all []string
	for _, kind := range Kinds() {
		var needed []string
		for _, field := range kind.Fields {
			if field.Required && field.Env != "" && !field.EnvOnly {
				needed = append(needed, field.Env)
			}
		}
		all = append(all, strings.Join(needed, " and "))
	}
	return all
}

// everythingTo is the route of an operator who wrote none.
func everythingTo(sinks []SinkConfig) notifier.Routes {
	var to []string
	for _, s := range sinks {
		to = append(to, s.Name)
	}
	return notifier.Routes{{To: to}}
}

// targets builds the configured sinks. Without any, messages go to console.
func targets(config Config, words *template.Set, log *slog.Logger, console io.Writer) ([]notifier.Target, error) {
	common := sink.Common{
		Client: sink.NewClient(sink.ClientOptions{UserAgent: watch.UserAgent()}), Templates: words,
		Region: config.Region, Product: config.Product.Name, Label: config.label(),
	}
	if len(config.Sinks) == 0 {
		printed := &sink.Console{Common: common, Out: console}
		return []notifier.Target{{Name: "console", Sink: printed, Grouping: sink.PerTask}}, nil
	}
	var all []notifier.Target
	var mistakes []error
	for _, s := range config.Sinks {
		if s.wrong {
			continue
		}
		common.Warn = func(text string) { log.Warn(text, "sink", s.Name) }
		t, err := target(s, common)
		if t.Grouping == sink.PerTask {
			t.GroupWait = config.GroupWait // the console prints at once
		}
		if err != nil {
			mistakes = append(mistakes, s.explain(err))
		}
		all = append(all, t)
	}
	return all, errors.Join(mistakes...)
}

func target(s SinkConfig, common sink.Common) (notifier.Target, error) {
	kind := kindOf(s.Type)
	if kind == nil {
		return notifier.Target{Name: s.Name}, &poller.Mistake{Setting: "type", Problem: "unknown type"}
	}
	if err := sink.Misplaced(Kinds(), *kind, s.Settings); err != nil {
		return notifier.Target{Name: s.Name}, err
	}
	built, err := kind.Build(s.Settings, common)
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

// label is what machines read: the deployment's, and whether it is only a sample.
func (c Config) label() string {
	if !c.Sample {
		return c.Label
	}
	mark := "sample"
	if c.Lang == "zh" {
		mark = "示例"
	}
	return strings.TrimSpace(mark + " " + c.Label)
}
