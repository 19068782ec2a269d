package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"refreshwatch/notifier"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/vod"
	"refreshwatch/template"
)

// wiring is the program put together from its configuration: what lives as long as
// the process does.
type wiring struct {
	config   Config
	log      *slog.Logger
	keys     *keyring
	api      *vod.Client
	store    checkpoint.Store
	words    *template.Set
	channels []notifier.Channel
	progress func(Report)
}

// keyring holds the credentials of the invocation under way. They change from one
// to the next; clients ask for them at every request.
type keyring struct{ key atomic.Pointer[Key] }

func (k *keyring) use(key Key) { k.key.Store(&key) }

func (k *keyring) vod() vod.Credentials {
	key := *k.key.Load()
	return vod.Credentials{AccessKeyID: key.ID, Secret: string(key.Secret), Token: string(key.Token)}
}

func (k *keyring) oss(context.Context) (id, secret, token string, err error) {
	key := *k.key.Load()
	if key.ID == "" || key.Secret == "" {
		return "", "", "", errNoKey
	}
	return key.ID, string(key.Secret), string(key.Token), nil
}

var errNoKey = errors.New("no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; on Function Compute give the function a role")

// wire puts the program together. Messages go to console when no sink is
// configured.
func wire(config Config, log *slog.Logger, console io.Writer) (*wiring, error) {
	w := &wiring{config: config, log: log, keys: &keyring{}}
	w.keys.use(config.Key)
	var mistakes []error
	var err error
	if w.api, err = vod.New(vod.Config{Region: config.Region, Endpoint: config.Endpoint, MaxQPS: config.MaxQPS, Credentials: w.keys.vod}); err != nil {
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
	} else if w.channels, err = channels(config, w.words, log, console); err != nil {
		mistakes = append(mistakes, err)
	}
	if len(mistakes) > 0 {
		return nil, &RunError{CodeConfig, errors.Join(mistakes...)}
	}
	return w, nil
}

// run does what the request asks, leaves one line in the log and pings the
// heartbeat.
func (w *wiring) run(ctx context.Context, req Request, log *slog.Logger) (Report, error) {
	for _, sink := range req.Sinks {
		if names := w.names(); !slices.Contains(names, sink) {
			return Report{}, usage("sinks: %q is not configured%s", sink, didYouMean(sink, names))
		}
	}
	if req.Action == ActionCheck {
		return w.check(ctx, req, log)
	}
	if key := w.keys.key.Load(); (key.ID == "" || key.Secret == "") && (req.Action == ActionPoll || req.Action == ActionBackfill) {
		return Report{}, &RunError{CodeConfig, errNoKey}
	}
	app := App{
		API: w.api, Store: w.store, Channels: w.channels, Routes: w.routes(),
		Scope: w.config.Scope, NotifyFirst: w.config.NotifyFirst, StalledAfter: w.config.StalledAfter,
		QPS: w.config.MaxQPS, Log: log, Progress: w.progress,
	}
	report, err := app.Run(ctx, req)
	logSummary(log, report, err)
	if req.Action == ActionPoll && !req.DryRun && w.config.Heartbeat != "" {
		good := err == nil || code(err) == CodeDead
		beat := Heartbeat{URL: w.config.Heartbeat, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
		if err := beat.ping(ctx, good); err != nil {
			log.Warn("the heartbeat was not heard", "error", err.Error())
		}
	}
	return report, err
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
