package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"

	"refreshwatch/notifier"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/template"
)

// wiring is the program put together from its configuration: what lives as long as
// the process does.
type wiring struct {
	config   Config
	log      *slog.Logger
	keys     *keyring
	api      *aliyun.Client
	store    checkpoint.Store
	words    *template.Set
	channels []notifier.Channel
	beats    *Heartbeat // nil without HEARTBEAT_URL
	screen   *screen    // nil when nobody waits at a terminal
}

// keyring holds the credentials of the invocation under way. They change from one
// to the next; clients ask for them at every request.
type keyring struct{ key atomic.Pointer[Key] }

func (k *keyring) use(key Key) { k.key.Store(&key) }

func (k *keyring) vod() aliyun.Credentials {
	key := *k.key.Load()
	return aliyun.Credentials{AccessKeyID: key.ID, Secret: string(key.Secret), Token: string(key.Token)}
}

func (k *keyring) oss(context.Context) (id, secret, token string, err error) {
	key := *k.key.Load()
	if key.ID == "" || key.Secret == "" {
		return "", "", "", errNoKey
	}
	return key.ID, string(key.Secret), string(key.Token), nil
}

var errNoKey = errors.New("no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; on Function Compute give the function a role")

// wire puts the program together, as far as the configuration can be used. Messages
// go to console when no sink is configured.
func wire(config Config, log *slog.Logger, console io.Writer) (*wiring, error) {
	w := &wiring{config: config, log: log, keys: &keyring{}}
	w.keys.use(config.Key)
	if config.Heartbeat != "" {
		w.beats = newHeartbeat(config.Heartbeat)
	}
	var mistakes []error
	var err error
	if w.api, err = aliyun.New(aliyun.Config{Region: config.Region, Endpoint: config.Endpoint, MaxQPS: config.MaxQPS, Credentials: w.keys.vod}); err != nil {
		mistakes = append(mistakes, err)
	}
	if w.store, err = checkpoint.Open(config.Checkpoint, checkpoint.Options{Credentials: w.keys.oss}); err != nil {
		mistakes = append(mistakes, err)
	}
	warn := func(err error) {
		log.Warn("a template override failed, the embedded one was used", "error", err.Error())
	}
	if w.words, err = template.Load(template.Options{Lang: config.Lang, Dir: config.TemplateDir, Warn: warn}); err != nil {
		mistakes = append(mistakes, fmt.Errorf("TEMPLATE_DIR: %w", err))
	}
	if w.channels, err = channels(config, w.words, log, console); err != nil {
		mistakes = append(mistakes, err)
	}
	if len(mistakes) > 0 {
		return w, &RunError{CodeConfig, errors.Join(mistakes...)}
	}
	return w, nil
}

// run does what the request asks, and pings the heartbeat when it was a poll.
func (w *wiring) run(ctx context.Context, req Request, log *slog.Logger) (Report, error) {
	report, err := w.act(ctx, req, log)
	if w.beats != nil && req.Action == ActionPoll && !req.DryRun && code(err) != CodeInterrupted {
		good := err == nil || code(err) == CodeDead // the poll itself did its work
		if err := w.beats.ping(ctx, good); err != nil {
			log.Warn("the heartbeat was not heard", "error", err.Error())
		}
	}
	return report, err
}

// act is run's work. A panic in it is an error, and the process lives on: the next
// run takes over what this one had claimed.
func (w *wiring) act(ctx context.Context, req Request, log *slog.Logger) (report Report, err error) {
	defer func() {
		if p := recover(); p != nil {
			report, err = Report{Action: req.Action, DryRun: req.DryRun}, panicked(p, log)
		}
	}()
	for _, sink := range req.Sinks {
		if names := w.names(); !slices.Contains(names, sink) {
			return Report{}, usage("sinks: %q is not configured%s", sink, didYouMean(sink, names))
		}
	}
	if req.Action == ActionCheck {
		return w.check(ctx, req)
	}
	if key := w.keys.key.Load(); (key.ID == "" || key.Secret == "") && (req.Action == ActionPoll || req.Action == ActionBackfill) {
		return Report{Action: req.Action, DryRun: req.DryRun}, &RunError{CodeConfig, errNoKey}
	}
	api := &watched{Lister: w.api, log: log}
	app := App{
		API: api, Store: w.store, Channels: w.channels, Routes: w.routes(),
		Scope: w.config.Scope, NotifyFirst: w.config.NotifyFirst, StalledAfter: w.config.StalledAfter,
		QPS: w.config.MaxQPS, Log: log,
	}
	if w.screen != nil {
		api.tell, app.Progress = w.screen.pageAnswered, w.screen.sliceDone
	}
	return app.Run(ctx, req)
}

func (w *wiring) names() []string {
	var names []string
	for _, c := range w.channels {
		names = append(names, c.Name)
	}
	return names
}

// routes are the configured ones; without sinks everything goes to the console.
func (w *wiring) routes() notifier.Routes {
	if len(w.config.Sinks) == 0 {
		return notifier.Routes{{To: w.names()}}
	}
	return w.config.Routes
}
