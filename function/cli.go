package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
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
func command(ctx context.Context, args []string, sh shell) int {
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
	if err := o.req.Validate(); err != nil {
		return sh.fail(err)
	}
	return runCommand(ctx, o, sh)
}

// options is what the flags of a command say.
type options struct {
	req     Request
	timeout time.Duration
	dryRun  bool
	event   string // invoke: a file, or - for stdin
	json    bool   // preview: the exact bodies
}

func parseFlags(name string, args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.DurationVar(&o.timeout, "timeout", defaultTimeout, "")
	fs.BoolVar(&o.dryRun, "dry-run", false, "")
	list := func(into *[]string, flag string) {
		fs.Func(flag, "", func(v string) error { *into = append(*into, commaList(v)...); return nil })
	}
	switch name {
	case "backfill":
		fs.StringVar(&o.req.Since, "since", "", "")
		fs.StringVar(&o.req.From, "from", "", "")
		fs.StringVar(&o.req.To, "to", "", "")
		list(&o.req.Statuses, "status")
		list(&o.req.ObjectTypes, "object-type")
		list(&o.req.Domains, "domain")
		fs.StringVar(&o.req.TaskID, "task-id", "", "")
		fs.StringVar(&o.req.ObjectPath, "object-path", "", "")
		list(&o.req.Sinks, "sink")
		fs.BoolVar(&o.req.Renotify, "renotify", false, "")
	case "redrive":
		list(&o.req.Sinks, "sink")
	case "check":
		fs.BoolVar(&o.req.Post, "post", false, "")
	case "preview":
		fs.BoolVar(&o.json, "json", false, "")
	case "invoke":
		fs.StringVar(&o.event, "event", "", "")
	}
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil:
		return o, flagError(fs, err)
	case fs.NArg() > 0:
		return o, usage("%s: unexpected argument %q; flags are written like -timeout 1m", name, fs.Arg(0))
	case o.timeout <= 0:
		return o, usage("-timeout: must be longer than 0")
	case name == "invoke" && o.event == "":
		return o, usage("-event: names the file with the event; - reads stdin")
	}
	return o, nil
}

// flagError words the flag package's errors like ours.
func flagError(fs *flag.FlagSet, err error) error {
	unknown, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return usage("%s: %v", fs.Name(), err)
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	return usage("-%s: unknown flag of %s%s", unknown, fs.Name(), didYouMean("-"+unknown, names))
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
	config, err := LoadConfig(sh.getenv, false)
	if err != nil {
		return sh.fail(err)
	}
	log := newLog(sh.err, config.LogLevel, sh.errTTY)
	w, err := wire(config, log, sh.out)
	if err != nil {
		return sh.fail(err)
	}
	if sh.errTTY {
		w.progress = sh.showProgress
	}
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	report, err := w.run(ctx, o.req, log)
	if c := code(err); err != nil && (c == CodeUsage || c == CodeConfig) {
		return sh.fail(err)
	}
	sh.show(report, err)
	if err != nil || report.Dead > 0 {
		return 1
	}
	return 0
}

// fail says what is wrong with the input, one line a mistake.
func (sh shell) fail(err error) int {
	for line := range strings.Lines(err.Error() + "\n") {
		fmt.Fprint(sh.err, "refreshwatch: ", line)
	}
	return 2
}
