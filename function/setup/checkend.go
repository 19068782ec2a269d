package setup

import (
	"context"
	"fmt"
	"slices"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
)

// How a check ends: the heartbeat, and the verdict.

// checkHeartbeat tries the heartbeat. A monitor takes a ping for a poll that worked, so
// there is one only when it is asked for and nothing is wrong; otherwise its host is
// tried, and not its URL.
func (w *Program) checkHeartbeat(ctx context.Context, asked, wrong bool) watch.Finding {
	if asked && !wrong {
		if err := w.Heartbeat.Ping(ctx, true); err != nil {
			return finding("heartbeat", sink.Bad, err.Error(), "Copy the URL of the check from its service again")
		}
		return finding("heartbeat", sink.OK, "was pinged, and accepted it: the monitor counts one successful poll", "")
	}
	host, err := w.Heartbeat.Reach(ctx)
	switch {
	case err != nil:
		return failed("heartbeat", err)
	case asked:
		return finding("heartbeat", sink.OK, fmt.Sprintf("%s answers; not pinged, since not everything else is right", host), "")
	}
	return finding("heartbeat", sink.OK, fmt.Sprintf("%s answers; not pinged, since a ping reports a successful poll (check -post pings)", host), "")
}

func hasBad(findings []watch.Finding) bool {
	return slices.ContainsFunc(findings, func(f watch.Finding) bool { return f.Level == sink.Bad })
}

// verdict says whether the program is ready, and what to do next: on Function Compute
// with Serverless Devs, since there is no command line.
func (w *Program) verdict(bad, warnings int, req watch.Request) string {
	post, polls := "refreshwatch check -post", "refreshwatch poll"
	if w.Config.Platform == FunctionCompute {
		post, polls = `s invoke -e '{"action":"check","post":true}'`, "s logs --tail"
	}
	ready := "Ready."
	if warnings > 0 {
		ready = fmt.Sprintf("Ready, with %s.", watch.Count(warnings, "warning"))
	}
	switch {
	case bad > 0:
		return fmt.Sprintf("Not ready: fix %s, in the order of the list, and run refreshwatch check again.", watch.Count(bad, "item"))
	case req.Offline:
		return "The configuration is valid; nothing was contacted. Next: refreshwatch check"
	case req.Post || len(w.Config.Sinks) == 0:
		return fmt.Sprintf("%s Next: %s", ready, polls)
	}
	return fmt.Sprintf("%s Next: %s sends a test message to every sink", ready, post)
}
