package setup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// maxSkew is how far the clocks may be apart before it is worth a word; requests
// are refused beyond 15 minutes (RPC signature, read 2026-11).
const maxSkew = 2 * time.Minute

// samplePages bounds what check reads of the last hour: enough to see whether the
// configured patterns match anything.
const samplePages = 10

// checkAPI sends a real query: credentials, permission, service and clock are right
// when it is answered. What it lists is compared with the scope and the routes.
func (w *Program) checkAPI(ctx context.Context) (findings []watch.Finding, calls int) {
	tasks, total, calls, err := w.lastHour(ctx)
	if err != nil {
		findings = append(findings, failed("api", err))
	} else {
		findings = append(findings, finding("api", sink.OK, watch.Count(total, "task")+" in the last hour", ""))
		findings = append(findings, w.checkCoverage(tasks, total)...)
	}
	if skew, ok := w.API.Skew(); ok {
		clock := finding("clock", sink.OK, fmt.Sprintf("within %s of the API's", max(skew.Abs().Round(time.Second), time.Second)), "")
		if skew.Abs() > maxSkew {
			clock = finding("clock", sink.Bad, fmt.Sprintf("differs from the API's by %s", skew.Abs().Round(time.Second)),
				"Set this machine's clock; the API refuses requests beyond 15 minutes")
		}
		findings = append(findings, clock)
	}
	return findings, calls
}

// lastHour lists the tasks of the last hour, up to a bound, and how many there are.
func (w *Program) lastHour(ctx context.Context) (tasks []poller.Task, total, calls int, err error) {
	now := time.Now().UTC().Truncate(time.Second)
	query := poller.Query{From: now.Add(-time.Hour), To: now}
	for number := 1; number <= samplePages; number++ {
		page, err := w.API.List(ctx, query, number)
		if err != nil && number == 1 {
			return nil, 0, calls, err
		}
		if err != nil { // the first page has shown what is to be verified
			break
		}
		calls++
		total = page.Total
		tasks = append(tasks, page.Tasks...)
		if len(tasks) >= total || len(page.Tasks) == 0 {
			break
		}
	}
	return tasks, total, calls, nil
}

// checkCoverage says how many of the tasks the scope and each route match, and warns
// where none does: a pattern that is right in form may still be another domain's.
func (w *Program) checkCoverage(tasks []poller.Task, total int) []watch.Finding {
	sample := "tasks of the last hour"
	if len(tasks) < total {
		sample = "tasks that were read of the last hour"
	}
	var watched []poller.Task
	for _, t := range tasks {
		if w.Config.Scope.Has(t) {
			watched = append(watched, t)
		}
	}
	findings := []watch.Finding{coverage("scope", "", len(watched), len(tasks), sample, isNarrow(w.Config.Scope),
		"Compare WATCH_DOMAINS and WATCH_OBJECT_TYPES with the tasks in the console")}
	if w.Config.Notify != "" {
		return append(findings, w.checkPlain(watched, "watched "+sample))
	}
	for i, r := range w.routes() {
		matched := count(watched, r.Match)
		places := count(watched, place(r.Match))
		to := toSinks(r)
		if len(r.Match.Status) > 0 {
			to = fmt.Sprintf(" (%d with any status)%s", places, to)
		}
		f := coverage(fmt.Sprintf("route %d", i+1), to, matched, len(watched), "watched "+sample, places == 0 && !isEmpty(place(r.Match)),
			"Compare its match with the tasks in the console")
		findings = append(findings, f)
	}
	return findings
}

// checkPlain is what NOTIFY makes of the tasks, where no file has routes.
func (w *Program) checkPlain(tasks []poller.Task, sample string) watch.Finding {
	notified := 0
	for _, t := range tasks {
		if len(w.routes().Recipients(poller.Event{Kind: poller.Finished, Task: t})) > 0 {
			notified++
		}
	}
	return coverage("NOTIFY="+w.Config.Notify, ", for "+strings.Join(w.names(), ", "), notified, len(tasks), sample, false, "")
}

func count(tasks []poller.Task, m notifier.Match) (n int) {
	for _, t := range tasks {
		if m.Matches(t) {
			n++
		}
	}
	return n
}

func coverage(item, to string, matched, of int, sample string, narrow bool, hint string) watch.Finding {
	detail := fmt.Sprintf("matches %d of %d %s%s", matched, of, sample, to)
	if matched == 0 && narrow {
		return finding(item, sink.Warn, detail, hint)
	}
	return finding(item, sink.OK, detail, "")
}

// place is a match without its statuses: that no task has failed in the last hour is
// no mistake.
func place(m notifier.Match) notifier.Match {
	m.Status = nil
	return m
}

func isEmpty(m notifier.Match) bool { return len(m.ObjectType)+len(m.Domain)+len(m.Path) == 0 }

func isNarrow(s poller.Scope) bool { return len(s.Domains)+len(s.ObjectTypes) > 0 }

func toSinks(r notifier.Route) string {
	if len(r.To) == 0 {
		return ", which notify nobody"
	}
	return ", for " + strings.Join(r.To, ", ")
}
