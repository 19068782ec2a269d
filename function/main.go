package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Start here. Function Compute starts the program with FC_RUNTIME_API set and
// calls it over and over (fc.go); everybody else starts it with a command (cli.go).
// Both end in [App.Run] (run.go), which is the whole job.
func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves (| head) must not end a run before it has settled
	if os.Getenv("FC_RUNTIME_API") != "" && !isCommand(os.Args[1:]) {
		serve() // never returns
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := command(ctx, os.Args[1:], terminal())
	stop()
	os.Exit(code)
}
