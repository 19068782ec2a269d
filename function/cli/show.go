package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// show prints a run's outcome: for people a summary, for scripts the report as the
// last line. Why it failed is for stderr, unless only stdout is read.
func (sh Shell) show(r watch.Report, err error) {
	if !sh.OutTTY {
		sh.showChecks(r)
		fmt.Fprintln(sh.Out, reportLine(r))
		return
	}
	if err != nil && r.Checks == nil {
		to := sh.Out
		if sh.ErrTTY {
			to = sh.Err
		}
		fmt.Fprintf(to, "%s\n\n", sh.say("Needs attention (%s): %s", watch.Code(err), strings.ReplaceAll(sh.err(err), "\n", "\n  ")))
	}
	switch {
	case r.Status != nil:
		sh.showStatus(r.Status)
	case r.Checks != nil:
		sh.showChecks(r)
	case err != nil && didNothing(r): // the error says it all, and "0 tasks" would read as a fact
	default:
		if watch.HasCode(err, watch.CodeDead) {
			r = withoutDead(r) // the error says it
		}
		fmt.Fprintln(sh.Out, sh.summary(r))
	}
}

// didNothing reports whether a run neither read nor sent nor removed anything, and has
// nothing to say of the outbox.
func didNothing(r watch.Report) bool {
	return r.Fetched+r.APICalls+r.New+r.Sent+r.Discarded+r.Retrying+r.Dead+len(r.Planned) == 0
}

// summary is a run in a few sentences, with what it took at their end.
func (sh Shell) summary(r watch.Report) string {
	took := sh.say("%s, %s read, %.1f s.", sh.count(r.APICalls, "API call"), sh.count(r.Fetched, "row"), float64(r.TookMS)/1000)
	return sh.sentences(append(sh.achieved(r), took))
}

func (w words) sentences(all []string) string {
	if w.chinese {
		return strings.Join(all, "")
	}
	return strings.Join(all, " ")
}

// achieved is what a run has found and done, a sentence each.
func (sh Shell) achieved(r watch.Report) (parts []string) {
	w, zone := sh.words, cmp.Or(sh.zone, time.UTC)
	say := func(format string, args ...any) { parts = append(parts, w.say(format, args...)) }
	if r.DryRun {
		say("Dry run: nothing was written or sent.")
	}
	if r.Conflict {
		say("Skipped: a concurrent run committed first.")
	}
	parts = append(parts, w.outcome(r))
	if 0 < r.Silent && r.Silent < r.New {
		say("%d of the finished tasks recorded without notification.", r.Silent)
	}
	if r.Stalled+r.Expired > 0 {
		say("%d stalled, %d expired.", r.Stalled, r.Expired)
	}
	switch {
	case r.Discarded > 0 && r.DryRun:
		say("%s would be discarded.", w.count(r.Discarded, "message"))
	case r.Discarded > 0:
		say("%s discarded.", w.count(r.Discarded, "message"))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Planned)) {
		say("%s would be sent to %s.", w.count(r.Planned[name], "message"), printable(name))
	}
	if r.Sent > 0 {
		say("%s sent.", w.count(r.Sent, "message"))
	}
	if r.Waiting > 0 {
		say("%s waiting for other tasks of the submission.", w.count(r.Waiting, "message"))
	}
	if n := r.Retrying - r.Waiting; n > 0 {
		say("%s waiting to be sent, the oldest event for %s.", w.count(n, "message"), w.span(time.Duration(r.LagSeconds)*time.Second))
	}
	if r.Dead > 0 {
		say("%s of removed sinks: configure them again, or run redrive -discard.", w.count(r.Dead, "dead letter"))
	}
	if r.Held > 0 {
		say("%s held back: a sink's share of the outbox is full.", w.count(r.Held, "change"))
	}
	if r.Gap != nil {
		say("Tasks created from %s to %s may have been missed: no run succeeded, and the API no longer answers for that time.", r.Gap.From.In(zone).Format(time.RFC3339), r.Gap.To.In(zone).Format(time.RFC3339))
	}
	if r.Truncated {
		say("Incomplete; the next run continues.")
	}
	if r.Stuck > 0 {
		say("No progress in %s.", w.count(r.Stuck, "run"))
	}
	return parts
}

// outcome is what a run has found. A baseline and a backfill are not "newly finished".
func (w words) outcome(r watch.Report) string {
	statuses := ""
	if r.New > 0 {
		statuses = w.say(" (%d complete, %d failed)", r.Complete, r.Failed)
		if r.Canceled > 0 {
			statuses = w.say(" (%d complete, %d failed, %d canceled)", r.Complete, r.Failed, r.Canceled)
		}
	}
	flight := w.say("%s in flight", w.count(r.InFlight, "task"))
	switch {
	case r.Action == watch.ActionRedrive:
		return w.say("%s.", flight)
	case r.New > 0 && r.Silent == r.New:
		return w.say("%s recorded without notification%s, %s.", w.count(r.New, "finished task"), statuses, flight)
	case r.Action == watch.ActionBackfill:
		return w.say("Backfill of %s%s, %s.", w.count(r.New, "finished task"), statuses, flight)
	default:
		return w.say("%s newly finished%s, %s.", w.count(r.New, "task"), statuses, flight)
	}
}

// reportLine is the report as one line of JSON, harmless also where it ends on a terminal.
func reportLine(r watch.Report) string {
	line, _ := json.Marshal(r) // strings and numbers only
	return escapeInvisible(string(line))
}

// printable is foreign text safe to show in one line.
func printable(s string) string { return poller.Printable(s) }

func (sh Shell) showChecks(r watch.Report) {
	if r.Checks == nil {
		return
	}
	line := func(text string) { fmt.Fprintln(sh.Out, reflow(text, sh.terminalWidth())) }
	marks := map[sink.Level]string{sink.OK: sh.say("ok"), sink.Warn: sh.say("warn"), sink.Bad: sh.say("BAD")}
	for _, f := range r.Checks {
		mark := marks[f.Level] + strings.Repeat(" ", 4-columnsOf(marks[f.Level]))
		line(mark + "  " + printable(sh.translate(f.Item)) + sh.say(": ") + printable(sh.translate(f.Detail)))
		if f.Hint != "" {
			line("      → " + printable(sh.translate(f.Hint)))
		}
	}
	line("")
	line(printable(sh.translate(r.Verdict)))
}
