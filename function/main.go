package main

import (
	_ "embed" // the manual, for help
	"os"

	"refreshwatch/function/cli"
)

//go:embed REFERENCE.md
var english string

//go:embed REFERENCE.zh.md
var chinese string

// Start here. Function Compute starts the program with FC_RUNTIME_API set and
// calls it over and over (fc.go); everybody else starts it with a command (cli).
// Both end in [watch.App.Run] (watch/run.go), which is the whole job.
func main() {
	if os.Getenv("FC_RUNTIME_API") != "" && !cli.IsCommand(os.Args[1:]) {
		serve() // never returns
	}
	os.Exit(cli.Main(os.Args[1:], cli.Manual{English: english, Chinese: chinese}))
}
