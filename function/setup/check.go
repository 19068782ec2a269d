package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/template"
)

// check verifies, item by item, what a deployment needs. It writes nothing but a
// probe that it removes, and posts nothing unless it is asked to. Offline it looks at
// the configuration alone, which was read without a mistake when it runs.
func (w *Program) check(ctx context.Context, req watch.Request) (watch.Report, error) {
	began := time.Now()
	report := watch.Report{Action: watch.ActionCheck, Run: watch.NewRunID(), DryRun: req.DryRun}
	report.Checks = w.checkSettings(req.Offline)
	if !req.Offline {
		w.checkOutside(ctx, req, &report)
	}
	report.TookMS = time.Since(began).Milliseconds()
	var bad []string
	warnings := 0
	for _, f := range report.Checks {
		switch f.Level {
		case sink.Bad:
			bad = append(bad, fmt.Sprintf("%s: %s. %s", f.Item, f.Detail, f.Hint))
		case sink.Warn:
			warnings++
		}
	}
	report.Verdict = w.verdict(len(bad), warnings, req)
	if len(bad) > 0 {
		return report, &watch.RunError{Code: watch.CodeCheck, Err: fmt.Errorf("not ready: %s", strings.Join(bad, "; "))}
	}
	return report, nil
}

// checkOutside adds what takes the network or a disk: the API, the checkpoint, each
// sink, and the heartbeat.
func (w *Program) checkOutside(ctx context.Context, req watch.Request, report *watch.Report) {
	if report.Checks[0].Level == sink.OK { // there are credentials
		report.Checks = append(report.Checks, w.checkAccount(ctx)...)
		roles := w.checkRoles(ctx)
		report.Checks = append(report.Checks, roles...)
		if len(roles) == 0 || roles[len(roles)-1].Level == sink.OK {
			findings, calls := w.checkAPI(ctx)
			report.Checks = append(report.Checks, findings...)
			report.APICalls = calls
			if findings[0].Level == sink.OK {
				report.Checks = append(report.Checks, w.checkQuota(ctx))
			}
		}
	}
	report.Checks = append(report.Checks, w.checkStore(ctx, !req.DryRun)...)
	for _, c := range w.Targets {
		report.Checks = append(report.Checks, checkSink(ctx, c, req.Post && !req.DryRun)...)
	}
	if w.Heartbeat != nil {
		report.Checks = append(report.Checks, w.checkHeartbeat(ctx, req.Post && !req.DryRun, hasBad(report.Checks)))
	}
}

// checkSettings looks at what needs no network. The credentials come first.
func (w *Program) checkSettings(offline bool) []watch.Finding {
	credentials := w.checkCredentials(offline)
	sinks := finding("sinks", sink.OK, strings.Join(w.names(), ", "), "")
	if len(w.Config.Sinks) == 0 {
		sinks = finding("sinks", sink.Warn, "none is configured: messages are printed",
			"Set SLACK_BOT_TOKEN and SLACK_CHANNEL, or another sink (notifier/README.md)")
	}
	templates := finding("templates", sink.OK, "the embedded ones", "")
	if w.Config.TemplateDir != "" {
		templates.Detail = "with the overrides in " + w.Config.TemplateDir
	}
	findings := []watch.Finding{credentials, w.checkProduct(), sinks, templates}
	if w.Config.Notify == "failed" {
		findings = append(findings, finding("NOTIFY", sink.OK, "only what failed, timed out, stalled or expired is notified", ""))
	}
	if w.Config.Mention != "" {
		findings = append(findings, finding("MENTION", sink.OK, w.Config.Mention+" is mentioned when something failed, timed out, stalled or expired", ""))
	}
	if len(w.Config.Unused) > 0 {
		findings = append(findings, finding("variables", sink.Warn, strings.Join(w.Config.Unused, ", ")+": set without effect",
			"Unset them, or name those of sinks in CONFIG_FILE as ${NAME}"))
	}
	for _, name := range misspelt(os.Environ(), w.Config.Variables) {
		findings = append(findings, finding("variable "+name, sink.Warn, "is set, and nothing reads it", watch.Suggest(name, w.Config.Variables)))
	}
	findings = append(findings, w.checkPlaces()...)
	findings = append(findings, w.checkTimeouts()...)
	return append(findings, w.checkUnrouted()...)
}

// misspelt are the names in an environment that are nearly, but not quite, those of
// variables that are read: a letter or two apart, and as long as ours are.
func misspelt(environ, known []string) []string {
	var names []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		near := func(k string) bool {
			const shortest = 8
			return len(k) >= shortest && len(name) >= shortest && watch.Distance(strings.ToUpper(name), k) <= 2
		}
		if value != "" && !slices.Contains(known, name) && slices.ContainsFunc(known, near) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkQuota says what is left of today's quota. Not to be able to read it is worth one
// warning here, and nothing else anywhere.
func (w *Program) checkQuota(ctx context.Context) watch.Finding {
	quota, err := w.API.Quota(ctx)
	if err != nil {
		f := failed("quota", err)
		f.Level = sink.Warn
		return f
	}
	f := finding("quota", sink.OK, "", "")
	if slices.ContainsFunc(quota, poller.Quota.IsLow) {
		f.Level, f.Hint = sink.Warn, watch.QuotaAdvice
	}
	f.Detail = "left today: " + poller.QuotaText(quota)
	return f
}

// checkUnrouted names the sinks to which no route leads: nothing else would.
func (w *Program) checkUnrouted() []watch.Finding {
	routed := map[string]bool{}
	for _, r := range w.routes() {
		for _, name := range r.To {
			routed[name] = true
		}
	}
	var findings []watch.Finding
	for _, name := range w.names() {
		if !routed[name] {
			findings = append(findings, finding("sink "+name+": route", sink.Warn, "no route leads to it: it is never notified of a task",
				"Add it to a route in CONFIG_FILE, or remove the sink"))
		}
	}
	return findings
}

func (w *Program) checkStore(ctx context.Context, write bool) []watch.Finding {
	readable := finding("checkpoint", sink.OK, "none is stored yet; the first poll makes one", "")
	var stored []watch.Finding
	head, err := w.Store.Load(ctx)
	if err == nil && head.Generation > 0 {
		readable.Detail = fmt.Sprintf("generation %d is readable", head.Generation)
		var doc watch.Document
		if doc, err = watch.DecodeDocument(head.Data); err == nil {
			err = doc.Of.Check(w.origin())
			stored = w.checkStored(doc)
		}
	}
	if err != nil {
		readable = failed("checkpoint", err)
	}
	findings := append([]watch.Finding{readable}, stored...)
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
		once = failed("checkpoint write-once", err)
	}
	return append(findings, once)
}

// checkStored names what waits for somebody to act on it, and what will not reach the
// sinks that polls have notified so far.
func (w *Program) checkStored(doc watch.Document) (findings []watch.Finding) {
	configured := func(name string) bool { return slices.Contains(w.names(), name) }
	unreached := slices.DeleteFunc(slices.Clone(doc.Sinks), configured)
	if len(w.Config.Sinks) == 0 && len(unreached) > 0 {
		findings = append(findings, finding("checkpoint", sink.Warn, "knows sinks that this run does not have: "+strings.Join(unreached, ", "),
			"Set them up before a poll: what it prints counts as notified, and only backfill -sink NAME sends it to them"))
	}
	dead := slices.DeleteFunc(slices.Clone(doc.Outbox.Dead), func(d notifier.Delivery) bool { return !configured(d.Sink) })
	if len(dead) > 0 {
		findings = append(findings, finding("dead letters", sink.Warn, watch.Count(len(dead), "message")+" could not be delivered",
			"Fix the sink, then run redrive"))
	}
	orphans := doc.Outbox.Orphans(configured)
	for _, name := range slices.Sorted(maps.Keys(orphans)) {
		findings = append(findings, finding("sink "+name, sink.Warn, "is removed, with "+watch.Count(orphans[name], "message")+" waiting for it",
			"Configure it again, or run redrive -discard -sink "+name))
	}
	return findings
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
		posted = failed(posted.Item, err)
	}
	return append(findings, posted)
}

func finding(item string, level sink.Level, detail, hint string) watch.Finding {
	return watch.Finding{Item: item, Level: level, Detail: detail, Hint: hint}
}

// failed is a finding about an attempt that failed. The error's hint stands by
// itself; what has none is passing.
func failed(item string, err error) watch.Finding {
	detail, hint := parts(err)
	return finding(item, sink.Bad, strings.TrimRight(detail, " ."), cmp.Or(hint, passing(err)))
}

// passing is what to do about a failure that nobody has to correct.
func passing(err error) string {
	var api *poller.Error
	if errors.As(err, &api) && (strings.HasPrefix(api.Code, "Throttling") || api.Code == "TooManyRequests" || api.Code == "HTTP429") {
		return "Check whether another program calls the same API, then try again"
	}
	return "Try again in a few minutes: it usually passes"
}

// parts are an error's text without its hint, and the hint.
func parts(err error) (detail, hint string) {
	var api *poller.Error
	var store *checkpoint.Error
	var delivery *sink.Error
	var wrong *poller.Mistake
	switch {
	case errors.As(err, &api):
		bare := *api
		bare.Hint = ""
		return bare.Error(), api.Hint
	case errors.As(err, &wrong):
		bare := *wrong
		bare.Next = ""
		return bare.Error(), wrong.Next
	case errors.As(err, &store):
		bare := *store
		bare.Next = ""
		return bare.Error(), store.Next
	case errors.As(err, &delivery):
		bare := *delivery
		bare.Hint = ""
		return bare.Error(), delivery.Hint
	}
	return err.Error(), ""
}
