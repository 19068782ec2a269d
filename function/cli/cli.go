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
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
)

// commands in the order help lists them.
var commands = []string{"poll", "backfill", "status", "redrive", "check", "preview", "invoke", "demo"}

// IsCommand reports whether the program was started with a command.
func IsCommand(args []string) bool {
	return len(args) > 0 && (slices.Contains(commands, args[0]) || args[0] == "help")
}

// defaultTimeout is the deadline of a run from the command line.
const defaultTimeout = 5 * time.Minute

// Shell is where a command was started.
type Shell struct {
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Getenv func(string) string
	OutTTY bool // people read stdout
	ErrTTY bool // people read stderr
}

func terminal() Shell {
	return Shell{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// Main runs one command line on this process's streams and returns the exit code.
func Main(args []string) int {
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves (| head) must not end a run before it has settled
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return Run(ctx, args, terminal())
}

// Run runs one command line and returns the exit code: 0 done, 1 the run
// failed or needs a person, 2 usage or configuration.
func Run(ctx context.Context, args []string, sh Shell) (exit int) {
	out := &heard{to: sh.Out}
	sh.Out = out
	defer func() {
		if p := recover(); p != nil {
			sh.complain(watch.Panicked(p, newLog(sh.Err, slog.LevelInfo, sh.ErrTTY)))
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
		fmt.Fprint(sh.Err, helpText)
		return 2
	}
	name, rest := args[0], args[1:]
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, name) {
		return help(rest, sh)
	}
	if !slices.Contains(commands, name) {
		return sh.fail(watch.Usage("%s: unknown command%s", name, watch.DidYouMean(name, commands)))
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
		if o.req, err = readEvent(o.event, sh.In); err != nil {
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

func readEvent(path string, stdin io.Reader) (watch.Request, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return watch.Request{}, watch.Usage("-event: %v", err)
		}
		defer f.Close()
		in = f
	}
	event, err := io.ReadAll(io.LimitReader(in, MaxEvent+1))
	switch {
	case err != nil:
		return watch.Request{}, watch.Usage("-event: %v", err)
	case len(event) > MaxEvent:
		return watch.Request{}, watch.Usage("-event: larger than %d bytes", MaxEvent)
	}
	return watch.ParseEvent(event)
}

// runCommand is a run on this machine, with its own credentials and deadline.
func runCommand(ctx context.Context, o options, sh Shell) int {
	var line *screen
	if sh.ErrTTY {
		line = &screen{line: sh.Err, began: time.Now()}
		sh.Err = line.above(sh.Err)
	}
	if sh.ErrTTY && sh.OutTTY {
		sh.Out = line.above(sh.Out)
	}
	log := func(level slog.Level) *slog.Logger { return newLog(sh.Err, level, sh.ErrTTY) }
	w, err := setup.Configure(sh.Getenv, false, log, sh.Out)
	if err != nil {
		return sh.fail(err)
	}
	if line != nil {
		w.PageAnswered, w.SliceDone = line.pageAnswered, line.sliceDone
	}
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	report, err := w.Run(ctx, o.req, w.Log)
	if line != nil {
		line.clear()
	}
	switch watch.Code(err) {
	case watch.CodeUsage, watch.CodeConfig:
		if o.event == "" {
			err = flagNames(err)
		}
		return sh.fail(err)
	}
	if !sh.ErrTTY || !sh.OutTTY { // there people read the summary
		watch.LogSummary(w.Log, report, err)
	}
	sh.show(report, err)
	if err != nil || report.Status != nil && report.Dead > 0 { // status leaves that to its report
		return 1
	}
	return 0
}

// fail says what is wrong with the input.
func (sh Shell) fail(err error) int {
	sh.complain(err)
	return 2
}

// complain says what went wrong, one line a mistake.
func (sh Shell) complain(err error) {
	for line := range strings.Lines(err.Error() + "\n") {
		fmt.Fprint(sh.Err, "refreshwatch: ", line)
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
