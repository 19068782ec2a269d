package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// invoke runs one invocation with the event in a file, as Function Compute does.
func invoke(ctx context.Context, o *options, sh Shell) int {
	req, err := readEvent(o.event, sh.In)
	if err != nil {
		return sh.fail(err)
	}
	req.DryRun = req.DryRun || o.req.DryRun
	o.req = req
	return run(ctx, o, sh)
}

func readEvent(path string, stdin io.Reader) (watch.Request, error) {
	mistake := func(problem, next string) (watch.Request, error) {
		return watch.Request{}, watch.Usage(&poller.Mistake{Setting: "-event", Problem: problem, Next: next})
	}
	in := stdin
	switch path {
	case "":
		return mistake("missing", "Name the file with the event; - reads stdin")
	case "-":
	default:
		f, err := os.Open(path)
		if err != nil {
			problem, next := poller.FileProblem(err)
			return mistake(fmt.Sprintf("%.64q %s", path, problem), next)
		}
		defer f.Close()
		in = f
	}
	event, err := io.ReadAll(io.LimitReader(in, watch.MaxEvent+1))
	if err != nil {
		return mistake(poller.FileProblem(err))
	}
	return watch.ParseEvent(event)
}
