package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/template"
)

// Finding is one line of check.
type Finding struct {
	Item   string         `json:"item"`
	Level  notifier.Level `json:"level"` // ok, warn or bad
	Detail string         `json:"detail"`
	Hint   string         `json:"hint,omitempty"` // the next step
}

// maxSkew is how far the clocks may be apart before it is worth a word; requests
// are refused beyond 15 minutes (RPC signature, read 2026-11).
const maxSkew = 2 * time.Minute

// check verifies, item by item, what a deployment needs. It writes nothing but a
// probe that it removes, and posts nothing unless it is asked to.
func (w *wiring) check(ctx context.Context, req Request) (Report, error) {
	began := time.Now()
	report := Report{Action: ActionCheck, Run: newRunID(), DryRun: req.DryRun}
	report.Checks = append(report.Checks, w.checkSettings()...)
	if report.Checks[0].Level == notifier.OK {
		report.Checks = append(report.Checks, w.checkAPI(ctx)...)
		if report.Checks[len(report.Checks)-1].Level == notifier.OK {
			report.APICalls = 1
		}
	}
	report.Checks = append(report.Checks, w.checkStore(ctx, !req.DryRun)...)
	for _, c := range w.channels {
		report.Checks = append(report.Checks, checkSink(ctx, c, req.Post && !req.DryRun)...)
	}
	report.TookMS = time.Since(began).Milliseconds()
	var bad []string
	for _, f := range report.Checks {
		if f.Level == notifier.Bad {
			bad = append(bad, fmt.Sprintf("%s: %s. %s", f.Item, f.Detail, f.Hint))
		}
	}
	if len(bad) > 0 {
		return report, &RunError{CodeCheck, fmt.Errorf("not ready: %s", strings.Join(bad, "; "))}
	}
	return report, nil
}

// checkSettings looks at what needs no network. The credentials come first.
func (w *wiring) checkSettings() []Finding {
	key := *w.keys.key.Load()
	credentials := Finding{"credentials", notifier.OK, "a long-lived access key", ""}
	switch {
	case key.ID == "" || key.Secret == "":
		credentials = Finding{"credentials", notifier.Bad, "there are none",
			"Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; on Function Compute give the function a role"}
	case key.Token != "":
		credentials.Detail = "temporary ones, with a security token"
	}
	sinks := Finding{"sinks", notifier.OK, strings.Join(w.names(), ", "), ""}
	if len(w.config.Sinks) == 0 {
		sinks = Finding{"sinks", notifier.Warn, "none is configured: messages are printed",
			"Set SLACK_BOT_TOKEN and SLACK_CHANNEL, or another sink (notifier/README.md)"}
	}
	templates := Finding{"templates", notifier.OK, "the embedded ones", ""}
	if w.config.TemplateDir != "" {
		templates.Detail = "with the overrides in " + w.config.TemplateDir
	}
	return []Finding{credentials, sinks, templates}
}

// checkAPI asks a real question: credentials, permission, service and clock are
// right when it is answered.
func (w *wiring) checkAPI(ctx context.Context) []Finding {
	now := time.Now().UTC().Truncate(time.Second)
	page, err := w.api.List(ctx, poller.Query{From: now.Add(-time.Hour), To: now}, 1)
	api := Finding{"api", notifier.OK, fmt.Sprintf("%s in the last hour", count(page.Total, "task")), ""}
	if err != nil {
		api = explained("api", err)
	}
	findings := []Finding{api}
	if skew, ok := w.api.Skew(); ok {
		clock := Finding{"clock", notifier.OK, fmt.Sprintf("within %s of the API's", max(skew.Abs().Round(time.Second), time.Second)), ""}
		if skew.Abs() > maxSkew {
			clock = Finding{"clock", notifier.Bad, fmt.Sprintf("differs from the API's by %s", skew.Abs().Round(time.Second)),
				"Set this machine's clock; the API refuses requests beyond 15 minutes"}
		}
		findings = append(findings, clock)
	}
	return findings
}

func (w *wiring) checkStore(ctx context.Context, write bool) []Finding {
	readable := Finding{"checkpoint", notifier.OK, "nothing is remembered yet; the first poll begins", ""}
	head, err := w.store.Load(ctx)
	if err == nil && head.Generation > 0 {
		readable.Detail = fmt.Sprintf("generation %d is readable", head.Generation)
		_, err = DecodeDocument(head.Data)
	}
	if err != nil {
		return []Finding{explained("checkpoint", err)}
	}
	if !write {
		return []Finding{readable}
	}
	once := Finding{"checkpoint write-once", notifier.OK, "a second write of the same name is refused", ""}
	if err := checkpoint.Probe(ctx, w.store); err != nil {
		once = explained("checkpoint write-once", err)
	}
	return []Finding{readable, once}
}

// checkSink looks at one sink, and posts a test message when asked to.
func checkSink(ctx context.Context, c notifier.Channel, post bool) []Finding {
	var findings []Finding
	if checker, ok := c.Sink.(notifier.Checker); ok {
		for _, f := range checker.Check(ctx) {
			findings = append(findings, Finding{"sink " + c.Name + ": " + f.Item, f.Level, f.Detail, f.Hint})
		}
	}
	if !post {
		return findings
	}
	notice := &template.Notice{From: time.Now().UTC()}
	test := notifier.Announce([]notifier.Channel{c}, template.Test, notice, time.Now().UTC())[0]
	posted := Finding{"sink " + c.Name + ": test message", notifier.OK, "was accepted", ""}
	if err := c.Sink.Send(ctx, test); err != nil {
		posted = explained(posted.Item, err)
	}
	return append(findings, posted)
}

// explained parts an error from its hint, so that the next step stands by itself.
func explained(item string, err error) Finding {
	f := Finding{Item: item, Level: notifier.Bad, Detail: err.Error()}
	var api *poller.Error
	var store *checkpoint.Error
	var sink *notifier.Error
	switch {
	case errors.As(err, &api):
		f.Hint = api.Hint
	case errors.As(err, &store):
		f.Hint = store.Hint
	case errors.As(err, &sink):
		f.Hint = sink.Hint
	}
	if f.Hint != "" {
		f.Detail = strings.TrimRight(strings.TrimSuffix(f.Detail, f.Hint), " .;")
	}
	return f
}
