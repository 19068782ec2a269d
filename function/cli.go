package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// commands in the order help lists them.
var commands = []string{"poll", "backfill", "status", "redrive", "check", "preview", "invoke", "demo"}

// isCommand reports whether the program was started with a command.
func isCommand(args []string) bool {
	return len(args) > 0 && (slices.Contains(commands, args[0]) || args[0] == "help")
}

// defaultTimeout is the deadline of a run from the command line.
const defaultTimeout = 5 * time.Minute

// shell is where a command was started.
type shell struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	getenv func(string) string
	outTTY bool // people read stdout
	errTTY bool // people read stderr
}

func terminal() shell {
	return shell{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv,
		outTTY: term.IsTerminal(int(os.Stdout.Fd())),
		errTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// command runs one command line and returns the exit code: 0 done, 1 the run
// failed or needs a person, 2 usage or configuration.
func command(ctx context.Context, args []string, sh shell) (exit int) {
	out := &heard{to: sh.out}
	sh.out = out
	defer func() {
		if p := recover(); p != nil {
			sh.complain(panicked(p, newLog(sh.err, slog.LevelInfo, sh.errTTY)))
			exit = 1
		}
		if out.err != nil {
			exit = max(exit, 1)
			if !errors.Is(out.err, syscall.EPIPE) { // that reader went away because it had enough
				sh.complain(fmt.Errorf("stdout: %w", out.err))
			}
		}
	}()
	if len(args) == 0 {
		fmt.Fprint(sh.err, helpText)
		return 2
	}
	name, rest := args[0], args[1:]
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, name) {
		return help(rest, sh)
	}
	if !slices.Contains(commands, name) {
		return sh.fail(usage("%s: unknown command%s", name, didYouMean(name, commands)))
	}
	o, err := parseFlags(name, rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return help([]string{name}, sh)
	case err != nil:
		return sh.fail(err)
	}
	switch name {
	case "demo":
		return demo(ctx, sh)
	case "preview":
		return preview(o, sh)
	case "invoke":
		if o.req, err = readEvent(o.event, sh.in); err != nil {
			return sh.fail(err)
		}
		o.req.DryRun = o.req.DryRun || o.dryRun
	default:
		o.req.Action = name
		o.req.DryRun = o.dryRun
	}
	if err := o.req.Validate(); err != nil && name != "invoke" {
		return sh.fail(flagNames(err))
	}
	return runCommand(ctx, o, sh)
}

// MaxEvent is the largest event that invoke reads; Function Compute's own bound for
// asynchronous ones is smaller.
const MaxEvent = 1 << 20

func readEvent(path string, stdin io.Reader) (Request, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return Request{}, usage("-event: %v", err)
		}
		defer f.Close()
		in = f
	}
	event, err := io.ReadAll(io.LimitReader(in, MaxEvent+1))
	switch {
	case err != nil:
		return Request{}, usage("-event: %v", err)
	case len(event) > MaxEvent:
		return Request{}, usage("-event: larger than %d bytes", MaxEvent)
	}
	return ParseEvent(event)
}

// runCommand is a run on this machine, with its own credentials and deadline.
func runCommand(ctx context.Context, o options, sh shell) int {
	var line *screen
	if sh.errTTY {
		line = &screen{line: sh.err, began: time.Now()}
		sh.err = line.above(sh.err)
	}
	if sh.errTTY && sh.outTTY {
		sh.out = line.above(sh.out)
	}
	log := func(level slog.Level) *slog.Logger { return newLog(sh.err, level, sh.errTTY) }
	w, err := configure(sh.getenv, false, log, sh.out)
	if err != nil {
		return sh.fail(err)
	}
	w.screen = line
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	report, err := w.run(ctx, o.req, w.log)
	if line != nil {
		line.clear()
	}
	switch code(err) {
	case CodeUsage, CodeConfig:
		if o.event == "" {
			err = flagNames(err)
		}
		return sh.fail(err)
	}
	if !sh.errTTY || !sh.outTTY { // there people read the summary
		logSummary(w.log, report, err)
	}
	sh.show(report, err)
	if err != nil || report.Status != nil && report.Dead > 0 { // status leaves that to its report
		return 1
	}
	return 0
}

// fail says what is wrong with the input.
func (sh shell) fail(err error) int {
	sh.complain(err)
	return 2
}

// complain says what went wrong, one line a mistake.
func (sh shell) complain(err error) {
	for line := range strings.Lines(err.Error() + "\n") {
		fmt.Fprint(sh.err, "refreshwatch: ", line)
	}
}

// heard remembers whether what was written to stdout arrived.
type heard struct {
	to  io.Writer
	err error
}

func (h *heard) Write(p []byte) (int, error) {
	n, err := h.to.Write(p)
	if h.err == nil {
		h.err = err
	}
	return n, err
}
