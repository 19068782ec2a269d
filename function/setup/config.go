package setup

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// Config is everything an operator can set. It is read once, from the environment
// and from CONFIG_FILE; an empty variable counts as unset.
type Config struct {
	// Key is for laptops: ALIBABA_CLOUD_ACCESS_KEY_ID, _ACCESS_KEY_SECRET and, for
	// temporary credentials, _SECURITY_TOKEN. On Function Compute the invocation
	// brings its own.
	Key Key

	Region   string  // VOD_REGION; the operation exists in cn-shanghai
	Endpoint string  // VOD_ENDPOINT; https, or http on loopback
	MaxQPS   float64 // VOD_MAX_QPS; requests a second, at most

	Checkpoint   string        // CHECKPOINT; file:///dir or oss://bucket/prefix?region=…
	NotifyFirst  bool          // FIRST_RUN is notify, not baseline
	StalledAfter time.Duration // STALLED_AFTER; 0 is off
	Scope        poller.Scope  // WATCH_DOMAINS and WATCH_OBJECT_TYPES; comma lists, empty watches all

	Sinks  []SinkConfig
	Routes notifier.Routes

	Lang        string      // MESSAGE_LANG; en or zh
	TemplateDir string      // TEMPLATE_DIR; overrides of the embedded templates
	SlackAPI    string      // SLACK_API_URL
	Heartbeat   sink.Secret // HEARTBEAT_URL; whoever knows it can fake a heartbeat
	LogLevel    slog.Level  // LOG_LEVEL
}

// Key is an access key, with a token when it is temporary.
type Key struct {
	ID     string
	Secret sink.Secret
	Token  sink.Secret
}

// SinkConfig is one place to tell, from the environment or from CONFIG_FILE. Which
// fields count depends on the type.
type SinkConfig struct {
	Name      string
	Type      string // one of sinkTypes
	Token     sink.Secret
	Channel   string
	URL       sink.Secret // the robots' URLs are secrets
	Secret    sink.Secret
	FromFile  bool   // configured by CONFIG_FILE
	OnUnknown string // resend (default) or drop: after a send whose outcome is unknown
	Format    string // of a webhook: "" for the documented body, or cloudevents
}

// The sink types, and the variables each takes when there is no CONFIG_FILE.
const (
	TypeSlack        = "slack"
	TypeSlackWebhook = "slack-webhook"
	TypeWebhook      = "webhook"
	TypeDingTalk     = "dingtalk"
	TypeFeishu       = "feishu"
	TypeWeCom        = "wecom"
)

var SinkTypes = []string{TypeSlack, TypeSlackWebhook, TypeWebhook, TypeDingTalk, TypeFeishu, TypeWeCom}

// LoadConfig reads the configuration. All mistakes are reported together, each with
// the name of its variable or key and never with its value where that is a secret.
func LoadConfig(getenv func(string) string, onFC bool) (Config, error) {
	e := env{get: func(name string) string { return strings.TrimSpace(getenv(name)) }}
	c := Config{
		Region:       e.text("VOD_REGION", "cn-shanghai"),
		MaxQPS:       e.qps("VOD_MAX_QPS", 4),
		NotifyFirst:  e.oneOf("FIRST_RUN", "baseline", "notify") == "notify",
		StalledAfter: e.duration("STALLED_AFTER"),
		Scope:        poller.Scope{Domains: e.list("WATCH_DOMAINS"), ObjectTypes: e.list("WATCH_OBJECT_TYPES")},
		Lang:         e.oneOf("MESSAGE_LANG", "en", "zh"),
		TemplateDir:  e.get("TEMPLATE_DIR"),
		SlackAPI:     e.url("SLACK_API_URL", "https://slack.com/api/"),
		Heartbeat:    sink.Secret(e.url("HEARTBEAT_URL", "")),
		LogLevel:     e.level("LOG_LEVEL"),
		Checkpoint:   e.get("CHECKPOINT"),
	}
	if !onFC { // there the environment's may have aged with the instance
		c.Key = Key{
			ID:     e.get("ALIBABA_CLOUD_ACCESS_KEY_ID"),
			Secret: sink.Secret(e.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET")),
			Token:  sink.Secret(e.get("ALIBABA_CLOUD_SECURITY_TOKEN")),
		}
	}
	c.Endpoint = e.url("VOD_ENDPOINT", "https://vod."+c.Region+".aliyuncs.com")
	for _, t := range c.Scope.ObjectTypes {
		if !slices.Contains(watch.ObjectTypes, t) {
			e.wrong("WATCH_OBJECT_TYPES: unknown type %q%s", t, watch.DidYouMean(t, watch.ObjectTypes))
		}
	}
	if c.Checkpoint == "" {
		c.Checkpoint = e.defaultCheckpoint(onFC)
	}
	if path := e.get("CONFIG_FILE"); path != "" {
		e.file(path, &c)
	} else {
		c.Sinks = e.sinks()
		c.Routes = everythingTo(c.Sinks)
	}
	if onFC && len(c.Sinks) == 0 && e.get("CONFIG_FILE") == "" {
		e.wrong("no sink is configured: set SLACK_BOT_TOKEN and SLACK_CHANNEL, or SLACK_WEBHOOK_URL, WEBHOOK_URL, DINGTALK_WEBHOOK_URL, FEISHU_WEBHOOK_URL, WECOM_WEBHOOK_URL, or CONFIG_FILE")
	}
	return c, e.err()
}

// env reads variables and collects what is wrong with them.
type env struct {
	get      func(string) string
	mistakes []error
}

func (e *env) wrong(format string, args ...any) {
	e.mistakes = append(e.mistakes, fmt.Errorf(format, args...))
}

func (e *env) err() error {
	if len(e.mistakes) == 0 {
		return nil
	}
	return &watch.RunError{Code: watch.CodeConfig, Err: errors.Join(e.mistakes...)}
}

func (e *env) text(name, fallback string) string {
	if v := e.get(name); v != "" {
		return v
	}
	return fallback
}

// oneOf takes the first value as the default.
func (e *env) oneOf(name string, values ...string) string {
	v := e.text(name, values[0])
	if !slices.Contains(values, v) {
		e.wrong("%s: unknown value %s%s", name, shown(v), watch.DidYouMean(v, values))
	}
	return v
}

func (e *env) list(name string) []string {
	return watch.CommaList(e.get(name))
}

func (e *env) qps(name string, fallback float64) float64 {
	v := e.get(name)
	if v == "" {
		return fallback
	}
	qps, err := strconv.ParseFloat(v, 64)
	if err != nil || !(qps > 0 && qps <= 1000) {
		e.wrong("%s: %s is not a rate; write requests a second between 0 and 1000, such as 4", name, shown(v))
	}
	return qps
}

func (e *env) duration(name string) time.Duration {
	v := e.get(name)
	if v == "" || v == "off" {
		return 0
	}
	d, err := watch.ParseDuration(v)
	if err != nil || d <= 0 {
		e.wrong("%s: %s is not a duration; write it like 45m or 2h, or off", name, shown(v))
	}
	return d
}

// url checks a URL without ever repeating it: many of them are secrets.
func (e *env) url(name, fallback string) string {
	v := e.text(name, fallback)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "":
		e.wrong("%s: not a URL; write it like https://host/path", name)
	case u.Scheme == "http" && !sink.IsLoopback(u.Hostname()):
		e.wrong("%s: http is accepted for loopback only; use https", name)
	case u.Scheme != "http" && u.Scheme != "https":
		e.wrong("%s: must begin with https://", name)
	}
	return v
}

func (e *env) level(name string) slog.Level {
	levels := map[string]slog.Level{"info": slog.LevelInfo, "debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	return levels[e.oneOf(name, "info", "debug", "warn", "error")]
}

// defaultCheckpoint is a folder in the user's state directory; Function Compute has
// none that lasts.
func (e *env) defaultCheckpoint(onFC bool) string {
	if onFC {
		e.wrong("CHECKPOINT: must be set on Function Compute, such as oss://bucket/refreshwatch?region=cn-shanghai")
		return ""
	}
	dir := e.get("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			e.wrong("CHECKPOINT: must be set, such as file:///var/lib/refreshwatch: this user has no home directory")
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, "refreshwatch"))}).String()
}
