package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/template"
)

func finding(item string, level sink.Level, detail, hint string) watch.Finding {
	return watch.Finding{Item: item, Level: level, Detail: detail, Hint: hint}
}

// maxSkew is how far the clocks may be apart before it is worth a word; requests
// are refused beyond 15 minutes (RPC signature, read 2026-11).
const maxSkew = 2 * time.Minute

// check verifies, item by item, what a deployment needs. It writes nothing but a
// probe that it removes, and posts nothing unless it is asked to.
func (w *Program) check(ctx context.Context, req watch.Request) (watch.Report, error) {
	began := time.Now()
	report := watch.Report{Action: watch.ActionCheck, Run: watch.NewRunID(), DryRun: req.DryRun}
	report.Checks = append(report.Checks, w.checkSettings()...)
	if report.Checks[0].Level == sink.OK {
		report.Checks = append(report.Checks, w.checkAPI(ctx)...)
		if report.Checks[len(report.Checks)-1].Level == sink.OK {
			report.APICalls = 1
		}
	}
	report.Checks = append(report.Checks, w.checkStore(ctx, !req.DryRun)...)
	for _, c := range w.Channels {
		report.Checks = append(report.Checks, checkSink(ctx, c, req.Post && !req.DryRun)...)
	}
	report.TookMS = time.Since(began).Milliseconds()
	var bad []string
	for _, f := range report.Checks {
		if f.Level == sink.Bad {
			bad = append(bad, fmt.Sprintf("%s: %s. %s", f.Item, f.Detail, f.Hint))
		}
	}
	if len(bad) > 0 {
		return report, &watch.RunError{Code: watch.CodeCheck, Err: fmt.Errorf("not ready: %s", strings.Join(bad, "; "))}
	}
	return report, nil
}

// checkSettings looks at what needs no network. The credentials come first.
func (w *Program) checkSettings() []watch.Finding {
	key := *w.Keys.key.Load()
	credentials := finding("credentials", sink.OK, "a long-lived access key", "")
	switch {
	case key.ID == "" || key.Secret == "":
		credentials = finding("credentials", sink.Bad, "there are none",
			"Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; on Function Compute give the function a role")
	case key.Token != "":
		credentials.Detail = "temporary ones, with a security token"
	}
	sinks := finding("sinks", sink.OK, strings.Join(w.names(), ", "), "")
	if len(w.Config.Sinks) == 0 {
		sinks = finding("sinks", sink.Warn, "none is configured: messages are printed",
			"Set SLACK_BOT_TOKEN and SLACK_CHANNEL, or another sink (notifier/README.md)")
	}
	templates := finding("templates", sink.OK, "the embedded ones", "")
	if w.Config.TemplateDir != "" {
		templates.Detail = "with the overrides in " + w.Config.TemplateDir
	}
	return []watch.Finding{credentials, sinks, templates}
}

// checkAPI asks a real question: credentials, permission, service and clock are
// right when it is answered.
func (w *Program) checkAPI(ctx context.Context) []watch.Finding {
	now := time.Now().UTC().Truncate(time.Second)
	page, err := w.API.List(ctx, poller.Query{From: now.Add(-time.Hour), To: now}, 1)
	api := finding("api", sink.OK, fmt.Sprintf("%s in the last hour", watch.Count(page.Total, "task")), "")
	if err != nil {
		api = explained("api", err)
	}
	findings := []watch.Finding{api}
	if skew, ok := w.API.Skew(); ok {
		clock := finding("clock", sink.OK, fmt.Sprintf("within %s of the API's", max(skew.Abs().Round(time.Second), time.Second)), "")
		if skew.Abs() > maxSkew {
			clock = finding("clock", sink.Bad, fmt.Sprintf("differs from the API's by %s", skew.Abs().Round(time.Second)),
				"Set this machine's clock; the API refuses requests beyond 15 minutes")
		}
		findings = append(findings, clock)
	}
	return findings
}

func (w *Program) checkStore(ctx context.Context, write bool) []watch.Finding {
	readable := finding("checkpoint", sink.OK, "nothing is remembered yet; the first poll begins", "")
	head, err := w.Store.Load(ctx)
	if err == nil && head.Generation > 0 {
		readable.Detail = fmt.Sprintf("generation %d is readable", head.Generation)
		_, err = watch.DecodeDocument(head.Data)
	}
	if err != nil {
		readable = explained("checkpoint", err)
	}
	findings := []watch.Finding{readable}
	for _, e := range checkpoint.Inspect(ctx, w.Store) {
		findings = append(findings, finding("checkpoint", sink.Warn, e.Problem, e.Next))
	}
	// What cannot be read is probed all the same when OSS refused: only a probe can
	// tell a missing permission from a missing object.
	var store *checkpoint.Error
	if !write || err != nil && !(errors.As(err, &store) && store.Code == "AccessDenied") {
		return findings
	}
	once := finding("checkpoint write-once", sink.OK, "a second write of the same name is refused", "")
	if err := checkpoint.Probe(ctx, w.Store); err != nil {
		once = explained("checkpoint write-once", err)
	}
	return append(findings, once)
}

// checkSink looks at one sink, and posts a test message when asked to.
func checkSink(ctx context.Context, c notifier.Target, post bool) []watch.Finding {
	var findings []watch.Finding
	if checker, ok := c.Sink.(sink.Checker); ok {
		for _, f := range checker.Check(ctx) {
			findings = append(findings, finding("sink "+c.Name+": "+f.Item, f.Level, f.Detail, f.Hint))
		}
	}
	if !post {
		return findings
	}
	notice := &template.Notice{From: time.Now().UTC()}
	test := notifier.Notices([]notifier.Target{c}, template.Test, notice, time.Now().UTC())[0]
	posted := finding("sink "+c.Name+": test message", sink.OK, "was accepted", "")
	if err := c.Sink.Send(ctx, test.Message); err != nil {
		posted = explained(posted.Item, err)
	}
	return append(findings, posted)
}

// explained parts an error from its hint, so that the next step stands by itself.
func explained(item string, err error) watch.Finding {
	f := watch.Finding{Item: item, Level: sink.Bad, Detail: err.Error()}
	var api *poller.Error
	var store *checkpoint.Error
	var sink *sink.Error
	switch {
	case errors.As(err, &api):
		f.Hint = api.Hint
	case errors.As(err, &store):
		f.Hint = store.Next
	case errors.As(err, &sink):
		f.Hint = sink.Hint
	}
	if f.Hint != "" {
		f.Detail = strings.TrimRight(strings.TrimSuffix(f.Detail, f.Hint), " .;")
	}
	return f
}
