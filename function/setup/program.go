package setup

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/template"
)

// Program is the program put together from its configuration: what lives as long as
// the process does.
type Program struct {
	Config    Config
	Log       *slog.Logger
	Keys      *Keyring
	API       *aliyun.Client
	Store     checkpoint.Store
	Words     *template.Set
	Targets   []notifier.Target
	Heartbeat *Heartbeat // nil without HEARTBEAT_URL

	warned sync.Once
	lost   atomic.Int32 // runs in a row whose commit a concurrent run forestalled

	PageAnswered func(poller.Query, poller.Page) // called after each answer of the API, from several goroutines; may be nil
	SliceDone    func(watch.Report)              // called after each part of a backfill; may be nil
	Zone         *time.Location                  // of times in a request that have none; nil for the messages' own
	Attended     bool                            // see [watch.App]
	StopAsking   <-chan struct{}                 // see [watch.App]
}

// Assemble puts the program together, as far as the configuration can be used. Messages
// go to console when no sink is configured.
func Assemble(config Config, log *slog.Logger, console io.Writer) (*Program, error) {
	w := &Program{Config: config, Log: log}
	if config.Heartbeat != "" {
		w.Heartbeat = NewHeartbeat(config.Heartbeat)
	}
	var mistakes []error
	var err error
	if w.Keys, err = newKeyring(config); err != nil {
		mistakes = append(mistakes, err)
	}
	if w.API, err = aliyun.New(aliyun.Config{
		Product: config.Product, Region: config.Region, Endpoint: config.Endpoint, MaxQPS: config.MaxQPS, UserAgent: watch.UserAgent(),
		Keys: w.Keys.source(), KeyFrom: config.Profile.from(), Role: config.Role,
	}); err != nil {
		mistakes = append(mistakes, err)
	}
	if config.Checkpoint != "" { // otherwise a mistake that was reported
		if w.Store, err = checkpoint.Open(config.Checkpoint, checkpoint.Options{Credentials: w.Keys.oss, UserAgent: watch.UserAgent(), Explain: poller.NetworkProblem}); err != nil {
			mistakes = append(mistakes, checkpointMistake(err))
		}
	}
	warn := func(err error) {
		log.Warn("template override failed, embedded template used", "error", err.Error())
	}
	if w.Words, err = template.Load(template.Options{
		Lang: config.Lang, Dir: config.TemplateDir, Zone: config.TimeZone, Label: config.Label,
		Product: config.Product.Name, Console: config.ConsoleURL, Sample: config.Sample, Warn: warn,
	}); err != nil {
		mistakes = append(mistakes, poller.At("TEMPLATE_DIR", err))
	}
	if w.Targets, err = targets(config, w.Words, log, console); err != nil {
		mistakes = append(mistakes, err)
	}
	if len(mistakes) > 0 {
		return w, &watch.RunError{Code: watch.CodeConfig, Err: errors.Join(mistakes...)}
	}
	return w, nil
}

// checkpointMistake names the setting of an error of checkpoint, which knows nothing
// of ours.
func checkpointMistake(err error) error {
	var wrong *checkpoint.URLError
	if !errors.As(err, &wrong) {
		return poller.At("CHECKPOINT", err)
	}
	return &poller.Mistake{Setting: "CHECKPOINT", Problem: wrong.Problem, Next: wrong.Next}
}

// Run does what the request asks, and pings the heartbeat when it was a poll.
func (w *Program) Run(ctx context.Context, req watch.Request, log *slog.Logger) (watch.Report, error) {
	report, err := w.act(ctx, req, log)
	if w.Heartbeat != nil && req.Action == watch.ActionPoll && !req.DryRun && watch.Code(err) != watch.CodeInterrupted {
		good := err == nil || watch.Code(err) == watch.CodeDead // the poll itself did its work
		if err := w.Heartbeat.Ping(ctx, good); err != nil {
			log.Warn("heartbeat ping failed", "error", err.Error())
		}
	}
	return report, err
}

// act is run's work. A panic in it is an error, and the process lives on: the next
// run takes over what this one had claimed.
func (w *Program) act(ctx context.Context, req watch.Request, log *slog.Logger) (report watch.Report, err error) {
	defer func() {
		if p := recover(); p != nil {
			report, err = watch.Report{Action: req.Action, DryRun: req.DryRun}, watch.Panicked(p, log)
		}
	}()
	if req.Action == watch.ActionCheck {
		return w.check(ctx, req)
	}
	if w.Keys.isEmpty() && (req.Action == watch.ActionPoll || req.Action == watch.ActionBackfill) {
		return watch.Report{Action: req.Action, DryRun: req.DryRun}, &watch.RunError{Code: watch.CodeConfig, Err: cmp.Or[error](w.Config.Profile.Problem, errNoKey)}
	}
	if req, err = req.In(w.zone()); err != nil {
		return watch.Report{Action: req.Action, DryRun: req.DryRun}, err
	}
	w.warnTimeouts(log)
	api := &watch.Guarded{Lister: w.API, Log: log, Answered: w.PageAnswered}
	app := watch.App{
		API: api, Quota: w.API, Store: w.Store, Targets: w.Targets, Routes: w.routes(), Origin: w.origin(),
		Scope: w.Config.Scope, NotifyFirst: w.Config.NotifyFirst, StalledAfter: w.Config.StalledAfter,
		QPS: w.Config.MaxQPS, Log: log, Progress: w.SliceDone, Attended: w.Attended,
		Printed: len(w.Config.Sinks) == 0, StopAsking: w.StopAsking,
	}
	report, err = app.Run(ctx, req)
	return report, w.conflicts(report, err)
}

// conflicts is err, unless this process has seen run after run lose: then somebody has to
// look who writes. The checkpoint counts them, too, but whoever writes all the time keeps
// the count from being written.
func (w *Program) conflicts(report watch.Report, err error) error {
	if !report.Conflict {
		w.lost.Store(0)
		return err
	}
	if n := w.lost.Add(1); err == nil {
		return watch.ErrLost(int(n))
	}
	return err
}

// zone is where the times of a request are that name none.
func (w *Program) zone() *time.Location {
	fallback := time.UTC
	if w.Config.Lang == "zh" {
		fallback = time.FixedZone("+08:00", 8*60*60)
	}
	return cmp.Or(w.Zone, w.Config.TimeZone, fallback)
}

func (w *Program) names() []string {
	var names []string
	for _, c := range w.Targets {
		names = append(names, c.Name)
	}
	return names
}

// Routed are those of the events that the sink is notified of, and whom the message about
// them mentions.
func (w *Program) Routed(to string, events []poller.Event) (routed []poller.Event, mention string) {
	for _, e := range events {
		if slices.ContainsFunc(w.routes().Recipients(e), func(r notifier.Recipient) bool { return r.Sink == to }) {
			routed = append(routed, e)
		}
	}
	return routed, w.routes().Mention(notifier.Delivery{Message: sink.Message{Sink: to, Events: routed}})
}

// routes are the configured ones; without sinks everything goes to the console.
func (w *Program) routes() notifier.Routes {
	if len(w.Config.Sinks) == 0 {
		return plainRoutes([]SinkConfig{{Name: w.Targets[0].Name}}, cmp.Or(w.Config.Notify, "all"), "")
	}
	return w.Config.Routes
}
