package setup

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// A failure has two statuses, Failed and Timeout, and people think of one: a route for
// Failed alone drops what timed out, and nobody hears of it.

// missesTimeout are the sinks of a route that get Failed by it and Timeout by none. A
// file that names Timeout anywhere was written by somebody who knows it.
func missesTimeout(routes notifier.Routes, r notifier.Route) (sinks []string) {
	names := func(r notifier.Route, s poller.Status) bool {
		return slices.ContainsFunc(r.Match.Status, func(word string) bool { return strings.EqualFold(word, string(s)) })
	}
	if !names(r, poller.Failed) || slices.ContainsFunc(routes, func(r notifier.Route) bool { return names(r, poller.Timeout) }) {
		return nil
	}
	for _, name := range r.To {
		gets := func(r notifier.Route) bool { return slices.Contains(r.To, name) && len(r.Match.Status) == 0 }
		if !slices.ContainsFunc(routes, gets) {
			sinks = append(sinks, name)
		}
	}
	return sinks
}

// gap is a route that misses Timeout, by its number from 1, and for whom.
type gap struct {
	route int
	sinks string
}

func (w *Program) gaps() (gaps []gap) {
	for i, r := range w.routes() {
		if sinks := missesTimeout(w.routes(), r); len(sinks) > 0 {
			gaps = append(gaps, gap{i + 1, strings.Join(sinks, ", ")})
		}
	}
	return gaps
}

const timeoutAdvice = "Write status: [Failed, Timeout]"

func (w *Program) checkTimeouts() (findings []watch.Finding) {
	for _, g := range w.gaps() {
		findings = append(findings, finding(fmt.Sprintf("route %d: status", g.route), sink.Warn,
			fmt.Sprintf("names Failed and not Timeout: no route notifies %s of a task that timed out", g.sinks), timeoutAdvice))
	}
	return findings
}

// warnTimeouts logs the same, once a process: who deploys reads the log, and may never
// run check.
func (w *Program) warnTimeouts(log *slog.Logger) {
	w.warned.Do(func() {
		for _, g := range w.gaps() {
			log.Warn("a route names Failed and not Timeout: tasks that time out are not notified", "route", g.route, "sinks", g.sinks, "hint", timeoutAdvice)
		}
	})
}
