package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
)

// show prints a run's outcome: for people a summary, for scripts the report as the
// last line.
func (sh Shell) show(r watch.Report, err error, req watch.Request) {
	if !sh.OutTTY {
		sh.showChecks(r.Checks, req)
		line, _ := json.Marshal(r) // strings and numbers only
		fmt.Fprintf(sh.Out, "%s\n", line)
		return
	}
	if err != nil && r.Checks == nil {
		fmt.Fprintf(sh.Out, "Needs attention: %s\n\n", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	switch {
	case r.Status != nil:
		sh.showStatus(r)
	case r.Checks != nil:
		sh.showChecks(r.Checks, req)
	default:
		fmt.Fprintln(sh.Out, summary(r))
	}
}

// summary is a run in one or two sentences.
func summary(r watch.Report) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if r.DryRun {
		say("Dry run: nothing was written or sent.")
	}
	if r.Conflict {
		say("Skipped: a concurrent run committed first.")
	}
	say("%s", outcome(r))
	if 0 < r.Silent && r.Silent < r.New {
		say("%d of the finished tasks recorded without notification.", r.Silent)
	}
	if r.Stalled+r.Expired > 0 {
		say("%d stalled, %d expired.", r.Stalled, r.Expired)
	}
	if r.Discarded > 0 {
		say("%s discarded.", watch.Count(r.Discarded, "message"))
	}
	if r.Sent > 0 {
		say("%s sent.", watch.Count(r.Sent, "message"))
	}
	if r.Retrying > 0 {
		say("%s waiting to be sent, the oldest event for %s.", watch.Count(r.Retrying, "message"), time.Duration(r.LagSeconds)*time.Second)
	}
	if r.Dead > 0 {
		say("%s: fix the sink, then run redrive.", watch.Count(r.Dead, "dead letter"))
	}
	if r.Gap != nil {
		say("Tasks created from %s to %s may have been missed: no run succeeded, and the API no longer answers for that time.", r.Gap.From.Format(time.RFC3339), r.Gap.To.Format(time.RFC3339))
	}
	if r.Truncated {
		say("Incomplete; the next run continues.")
	}
	if r.Stuck > 0 {
		say("No progress in %s.", watch.Count(r.Stuck, "run"))
	}
	say("%s, %s read, %.1f s.", watch.Count(r.APICalls, "API call"), watch.Count(r.Fetched, "row"), float64(r.TookMS)/1000)
	return strings.Join(parts, " ")
}

// outcome is what a run has found. A baseline and a backfill are not "newly finished".
func outcome(r watch.Report) string {
	statuses, canceled := "", ""
	if r.Canceled > 0 {
		canceled = fmt.Sprintf(", %d canceled", r.Canceled)
	}
	if r.New > 0 {
		statuses = fmt.Sprintf(" (%d complete, %d failed%s)", r.Complete, r.Failed, canceled)
	}
	flight := watch.Count(r.InFlight, "task") + " in flight"
	switch {
	case r.Action == watch.ActionRedrive:
		return flight + "."
	case r.New > 0 && r.Silent == r.New:
		return fmt.Sprintf("%s recorded without notification%s, %s.", watch.Count(r.New, "finished task"), statuses, flight)
	case r.Action == watch.ActionBackfill:
		return fmt.Sprintf("Backfill of %s%s, %s.", watch.Count(r.New, "finished task"), statuses, flight)
	default:
		return fmt.Sprintf("%s newly finished%s, %s.", watch.Count(r.New, "task"), statuses, flight)
	}
}

func (sh Shell) showStatus(r watch.Report) {
	s := r.Status
	if s.Generation == 0 {
		fmt.Fprintln(sh.Out, "No state yet: no poll has run with this CHECKPOINT.")
		return
	}
	fmt.Fprintf(sh.Out, "Generation %d, written %s. ", s.Generation, local(s.Written))
	if s.Mark.IsZero() {
		fmt.Fprintln(sh.Out, "No poll has read all tasks yet.")
	} else {
		fmt.Fprintf(sh.Out, "All tasks created before %s have been read; %s recorded.\n", local(s.Mark), watch.Count(s.Remembered, "finished row"))
	}
	t := tabwriter.NewWriter(sh.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nIn flight (%d)\n", len(s.InFlight))
	for _, o := range s.InFlight {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", o.Status, o.Process, o.ObjectType, local(o.Created), printable(o.ObjectPath))
	}
	fmt.Fprintf(t, "\nWaiting to be sent (%d)\n", len(s.Outbox))
	for _, d := range s.Outbox {
		fmt.Fprint(t, deliveryRow(d))
	}
	fmt.Fprintf(t, "\nDead letters (%d)\n", len(s.Dead))
	for _, d := range s.Dead {
		fmt.Fprint(t, deliveryRow(d))
	}
	t.Flush()
	if s.Trouble != nil {
		fmt.Fprintf(sh.Out, "\nPolling has failed since %s.\n", local(s.Trouble.Since))
	}
	if s.LastRun != nil {
		fmt.Fprintf(sh.Out, "\nLast run that changed the state: %s\n", summary(*s.LastRun))
	}
}

// deliveryRow is what matters about a delivery to the person who fixes its sink.
func deliveryRow(d notifier.Delivery) string {
	what := string(d.Kind)
	if d.Notice == nil {
		what = watch.Count(len(d.Events), "row")
	}
	return fmt.Sprintf("  %s\t%s\t%s\t%s\t%s\n", d.Sink, d.ID, what, local(d.Created), d.LastError)
}

func local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// printable keeps control characters in the API's words from reaching a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

func (sh Shell) showChecks(findings []watch.Finding, req watch.Request) {
	if findings == nil {
		return
	}
	marks := map[sink.Level]string{sink.OK: "ok  ", sink.Warn: "warn", sink.Bad: "BAD "}
	bad, warnings := 0, 0
	for _, f := range findings {
		fmt.Fprintf(sh.Out, "%s  %s: %s\n", marks[f.Level], f.Item, f.Detail)
		if f.Hint != "" {
			fmt.Fprintf(sh.Out, "      → %s\n", f.Hint)
		}
		switch f.Level {
		case sink.Bad:
			bad++
		case sink.Warn:
			warnings++
		}
	}
	fmt.Fprintf(sh.Out, "\n%s\n", verdict(bad, warnings, req))
}

// verdict ends a check: whether the program is ready, and the next command.
func verdict(bad, warnings int, req watch.Request) string {
	ready := "Ready."
	if warnings > 0 {
		ready = fmt.Sprintf("Ready, with %s.", watch.Count(warnings, "warning"))
	}
	switch {
	case bad > 0:
		return fmt.Sprintf("Not ready: fix %s, in the order of the list, and run refreshwatch check again.", watch.Count(bad, "item"))
	case req.Offline:
		return "The configuration is valid; nothing was contacted. Next: refreshwatch check"
	case req.Post:
		return ready + " Next: refreshwatch poll"
	default:
		return ready + " Next: refreshwatch check -post sends a test message to every sink"
	}
}
