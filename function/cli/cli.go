package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// Shell is where a command was started.
type Shell struct {
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Getenv func(string) string
	OutTTY bool // people read stdout
	ErrTTY bool // people read stderr
	Manual Manual
	Width  int            // columns of the terminal; 0 when there is none
	zone   *time.Location // of shown times; nil until the settings were read
	words
}

func terminal(manual Manual) Shell {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		width, _, _ = term.GetSize(int(os.Stderr.Fd())) // 0 when that is no terminal, either
	}
	return Shell{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Manual: manual, Width: width,
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// Main runs one command line on this process's streams and returns the exit code.
func Main(args []string, manual Manual) int {
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves (| head) must not end a run before it has settled
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return Run(ctx, args, terminal(manual))
}

// Run runs one command line and returns the exit code: 0 done, 1 the run failed or
// manual action is needed, 2 usage or configuration error.
func Run(ctx context.Context, args []string, sh Shell) (exit int) {
	out := &errWriter{to: sh.Out}
	sh.Out = out
	defer func() {
		if p := recover(); p != nil {
			sh.printError(watch.Panicked(p, newLog(sh.Err, slog.LevelInfo, sh.ErrTTY)))
			exit = 1
		}
		if out.err != nil {
			exit = max(exit, 1)
			if !errors.Is(out.err, syscall.EPIPE) { // that reader went away because it had enough
				sh.printError(fmt.Errorf("stdout: %w", out.err))
			}
		}
	}()
	sh.words = wordsOf(sh.Getenv, sh.OutTTY || sh.ErrTTY)
	if len(args) == 0 {
		if onCustomRuntime(sh.Getenv) {
			return sh.fail(watch.Usage(&poller.Mistake{Setting: "runtime", Problem: "this is Function Compute, but not its runtime go1: FC_RUNTIME_API is not set",
				Next: "Set the function's runtime to go1 and its handler to the program's name; custom runtimes and images speak another protocol"}))
		}
		fmt.Fprint(sh.Err, helpText(sh.words))
		return 2
	}
	name, rest := args[0], args[1:]
	switch {
	case isHelp(name):
		return help(rest, sh)
	case name == "--version" || name == "-version":
		name = "version"
	}
	c, ok := findCommand(name)
	if !ok {
		return sh.fail(watch.Usage(&poller.Mistake{Setting: fmt.Sprintf("%.64s", name), Problem: "unknown command", Next: watch.Suggest(name, append(commandNames(), "help"))}))
	}
	o, err := parse(c, rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return help([]string{name}, sh)
	case err != nil:
		return sh.fail(err)
	}
	return c.run(ctx, o, sh)
}

// onCustomRuntime reports whether the program was started by Function Compute, but by
// a runtime that has no API for it: custom runtimes start an HTTP server (Function
// Compute, environment variables, read 2026-11).
func onCustomRuntime(getenv func(string) string) bool {
	return getenv("FC_RUNTIME_API") == "" && (getenv("FC_FUNCTION_NAME") != "" || getenv("FC_INSTANCE_ID") != "")
}

// fail prints what is wrong with the command line or the configuration.
func (sh Shell) fail(err error) int {
	sh.printError(err)
	return 2
}

// printError prints an error, one line a mistake.
func (sh Shell) printError(err error) {
	for line := range strings.Lines(sh.err(err) + "\n") {
		fmt.Fprint(sh.Err, "refreshwatch: ", line)
	}
}

// errWriter remembers the first error of writing to stdout.
type errWriter struct {
	to  io.Writer
	err error
}

func (w *errWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}
