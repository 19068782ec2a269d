package cli

import (
	"fmt"

	"refreshwatch/function/setup"
)

// policy is a topic that is not in the manual: it depends on the settings.
const policy = "policy"

// policyTopic prints the role's least policy for what is configured: JSON on stdout, to
// be piped, and what a person should know on stderr.
func policyTopic(sh Shell) int {
	p, err := setup.LeastPolicies(sh.Getenv)
	if err != nil {
		return sh.fail(err)
	}
	fmt.Fprintln(sh.Out, p.Own)
	if sh.Getenv("CHECKPOINT") == "" {
		sh.note(sh.say("CHECKPOINT is not set: my-bucket stands for the bucket."))
	}
	if p.Watched != "" {
		sh.note(sh.say("The role in WATCH_ROLE_ARN needs this policy, and must trust the role above:"))
		fmt.Fprintln(sh.Err, p.Watched)
	}
	return 0
}
