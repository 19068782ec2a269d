package watch

import (
	"slices"

	"refreshwatch/poller"
)

// Permissions are the words of ALLOW_EVENTS beside "all": the actions, and what an action can be
// asked for beside its own work.
var Permissions = append(slices.Clone(Actions), "renotify", "post")

// Allow is what an invocation may request: some of [Permissions]. Empty allows
// everything.
type Allow []string

// Check returns an error with [CodeUsage] when the request asks for anything that is
// not allowed.
func (a Allow) Check(r Request) error {
	if len(a) == 0 {
		return nil
	}
	needs := []string{r.Action}
	if r.Renotify {
		needs = append(needs, "renotify")
	}
	if r.Post {
		needs = append(needs, "post")
	}
	var mistakes []*poller.Mistake
	for _, need := range needs {
		if !slices.Contains(a, need) {
			mistakes = append(mistakes, &poller.Mistake{Setting: "ALLOW_EVENTS", Problem: need + " is not allowed by this deployment", Next: "Add " + need + " to the variable, or run it from a command line"})
		}
	}
	if len(mistakes) > 0 {
		return Usage(mistakes...)
	}
	return nil
}
