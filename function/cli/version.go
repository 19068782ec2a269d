package cli

import (
	"context"
	"fmt"

	"refreshwatch/function/watch"
)

// version prints what is running.
func version(_ context.Context, _ *options, sh Shell) int {
	v := watch.ThisVersion()
	fmt.Fprintf(sh.Out, "refreshwatch %s\ncommit   %s\ngo       %s\nplatform %s\n", v.Version, v.Commit, v.Go, v.Platform)
	return 0
}
