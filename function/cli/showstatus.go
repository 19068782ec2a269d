package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/poller"
)

// showStatus shows a person what is stored, and what is left of today's quota.
func (sh Shell) showStatus(s *watch.Status) {
	sh.showStored(s)
	if len(s.Quota) > 0 {
		fmt.Fprintln(sh.Out, sh.say("\nLeft of today's quota: %s", sh.translate(printable(poller.QuotaText(s.Quota)))))
	}
}

// showStored shows the checkpoint. All times are in one zone, which the first line names.
func (sh Shell) showStored(s *watch.Status) {
	c := clock{sh.zone}
	line := func(format string, args ...any) { fmt.Fprintln(sh.Out, sh.say(format, args...)) }
	if s.Generation == 0 {
		line("No state yet: no poll has run with this CHECKPOINT.")
		return
	}
	line("Generation %d, written %s. Times are in %s.", s.Generation, c.time(s.Written), sh.zone)
	if s.Mark.IsZero() {
		line("No poll has read all tasks yet.")
	} else {
		line("All tasks created before %s have been read; %s recorded.", c.time(s.Mark), sh.count(s.Remembered, "finished row"))
	}
	line("\nWaiting to be sent (%d)", len(s.Outbox))
	sh.showDeliveries(s.Outbox)
	line("\nDead letters (%d)", len(s.Dead))
	sh.showDeliveries(s.Dead)
	for _, name := range slices.Sorted(maps.Keys(s.Orphans)) {
		line("%s is removed: configure it again, or redrive -discard -sink %s", printable(name), printable(name))
	}
	if s.Trouble != nil {
		line("\nPolling has failed since %s.", c.time(s.Trouble.Since))
	}
	line("\nIn flight (%d)", len(s.InFlight))
	for _, o := range s.InFlight[:min(len(s.InFlight), shownInFlight)] {
		fmt.Fprintln(sh.Out, sh.fit(fmt.Sprintf("  %s  %-15s %-9s ", c.time(o.Created), progressOf(o.Task), printable(o.ObjectType)), o.ObjectPath))
	}
	if more := len(s.InFlight) - shownInFlight; more > 0 {
		line("  and %d more: list shows all", more)
	}
	if s.LastRun != nil {
		// Its report is as far as the run had come when it wrote, so what it took is left out.
		line("\nLast run that changed the state: %s. %s", printable(s.LastRun.Action), sh.sentences(sh.achieved(withoutDead(*s.LastRun))))
	}
}

// shownInFlight is how many rows in flight status shows: what needs somebody stands there,
// too.
const shownInFlight = 10

// withoutDead is the report without the dead letters, which are listed.
func withoutDead(r watch.Report) watch.Report {
	r.Dead = 0
	return r
}

// showDeliveries shows what a person needs who fixes a sink: what each message is about,
// and why it was not accepted.
func (sh Shell) showDeliveries(all []notifier.Delivery) {
	c := clock{sh.zone}
	for _, d := range all {
		fmt.Fprintln(sh.Out, sh.fit(fmt.Sprintf("  %-12s %s  %s  ", printable(d.Sink), c.time(d.Created), printable(d.ID)), sh.about(d)))
		if d.LastError != "" {
			fmt.Fprintln(sh.Out, sh.fit("      ", sh.translate(d.LastError)))
		}
	}
}

// about is what a message says: its first task, the worst first, and how many others.
func (sh Shell) about(d notifier.Delivery) string {
	if d.Notice != nil || len(d.Events) == 0 {
		return sh.say("notice: %s", string(d.Kind))
	}
	first := d.Events[0]
	for _, e := range d.Events {
		if e.Task.Status.Failure() && !first.Task.Status.Failure() {
			first = e
		}
	}
	what := string(first.Task.Status) + " " + first.Task.ObjectPath
	if d.Kind != poller.Finished {
		what = string(d.Kind) + " " + first.Task.ObjectPath
	}
	if others := len(d.Events) - 1; others > 0 {
		return sh.say("%s: %s and %s", sh.count(len(d.Events), "row"), what, sh.count(others, "other"))
	}
	return sh.say("%s: %s", sh.count(1, "row"), what)
}

// fit puts a text of unknown length behind a label, in one line of the terminal.
func (sh Shell) fit(label, text string) string {
	text = printable(strings.ReplaceAll(text, "\n", "; "))
	if sh.Width == 0 {
		return label + text
	}
	room := max(narrowest, sh.Width-columnsOf(label))
	if columnsOf(text) > room && strings.Contains(text, "://") {
		text = withoutQuery(text)
	}
	return label + shorten(text, room)
}
