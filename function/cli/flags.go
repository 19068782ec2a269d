package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// defaultTimeout is the deadline of a run from the command line.
const defaultTimeout = 5 * time.Minute

// options are what a command line says.
type options struct {
	command string
	req     watch.Request
	timeout time.Duration
	json    bool // the report as JSON also on a terminal; preview: the exact bodies
	quiet   bool
	links   bool          // preview: links to pages that show a card
	post    bool          // preview: post the samples
	event   string        // invoke: a file, or - for stdin
	args    []string      // wait: task ids, or - for stdin
	every   time.Duration // wait, run
	format  string        // list: one of formats
	survey  bool          // check: report how the API behaves
	serve   bool          // demo: only the simulated API, until interrupted
}

// parse reads the flags of a command. It returns flag.ErrHelp when they ask for help.
func parse(c command, args []string) (*options, error) {
	o := &options{command: c.name}
	fs := flagsOf(c, o)
	err := fs.Parse(args)
	for c.args != "" && err == nil && fs.NArg() > 0 { // flags may stand behind arguments
		o.args = append(o.args, fs.Arg(0))
		err = fs.Parse(fs.Args()[1:])
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, watch.Usage(&poller.Mistake{Setting: c.name, Problem: err.Error(), Next: fs.suggest(args)})
	case fs.NArg() > 0:
		return nil, watch.Usage(&poller.Mistake{Setting: c.name, Problem: "unexpected argument " + poller.Quote(fs.Arg(0)), Next: "Flags are written like -timeout 1m"})
	case o.post && (o.json || o.links):
		return nil, watch.Usage(&poller.Mistake{Setting: "-post", Problem: "does not go with -json and -links", Next: "Give one of them"})
	case o.req.Since != "" && o.req.From != "":
		return nil, watch.Usage(&poller.Mistake{Setting: "-since", Problem: "does not go with -from", Next: "Give one of the two"})
	case o.req.Offline && o.req.Post:
		return nil, watch.Usage(&poller.Mistake{Setting: "-offline", Problem: "does not go with -post", Next: "Give one of the two"})
	case o.json && o.quiet:
		return nil, watch.Usage(&poller.Mistake{Setting: "-quiet", Problem: "does not go with -json", Next: "Give one of the two"})
	}
	return o, nil
}

// flagSet is a flag.FlagSet that remembers the order of its flags and how help shows
// them.
type flagSet struct {
	*flag.FlagSet
	lines [][2]string         // "-since D" and what it means
	known map[string][]string // "-status" and the values that are known
}

// flagsOf are the flags of a command: those of the request's fields that it takes, and
// its own.
func flagsOf(c command, o *options) *flagSet {
	fs := &flagSet{FlagSet: flag.NewFlagSet(c.name, flag.ContinueOnError)}
	fs.SetOutput(io.Discard)
	for _, f := range watch.Fields {
		if f.HasFlag(c.name) {
			fs.field(f, &o.req)
		}
	}
	if c.flags != nil {
		c.flags(fs, o)
	}
	return fs
}

func (fs *flagSet) field(f watch.Field, req *watch.Request) {
	help := f.Help
	if f.Known != nil {
		fs.knows(f.Flag, f.Known)
		help += ": " + strings.Join(f.Known, ", ")
	}
	switch value := f.Of(req).(type) {
	case *bool:
		fs.bool(value, f.Flag, help)
	case *string:
		fs.function(f.Flag, f.Arg, help, func(v string) error {
			*value = v
			if v == "" {
				return errEmpty
			}
			return nil
		})
	case *[]string:
		fs.list(value, f.Flag, f.Arg, help)
	}
}

func (fs *flagSet) knows(name string, values []string) {
	if fs.known == nil {
		fs.known = map[string][]string{}
	}
	fs.known["-"+name] = values
}

var errEmpty = errors.New("a value is empty; leave the flag out, or give it a value")

// splitList reads a comma list. None of its items may be empty: one may stand for a
// variable that is not set.
func splitList(v string) ([]string, error) {
	items := strings.Split(v, ",")
	for i, item := range items {
		if items[i] = strings.TrimSpace(item); items[i] == "" {
			return nil, errEmpty
		}
	}
	return items, nil
}

// list is a flag that may be given several times, each with a comma list.
func (fs *flagSet) list(value *[]string, name, arg, help string) {
	fs.function(name, arg, help, func(v string) error {
		items, err := splitList(v)
		*value = append(*value, items...)
		return err
	})
}

func (fs *flagSet) bool(value *bool, name, help string) {
	fs.BoolVar(value, name, false, "")
	fs.lines = append(fs.lines, [2]string{"-" + name, help})
}

func (fs *flagSet) function(name, arg, help string, set func(string) error) {
	fs.Func(name, "", set)
	fs.lines = append(fs.lines, [2]string{"-" + name + " " + arg, help})
}

func (fs *flagSet) duration(value *time.Duration, fallback time.Duration, name, help string) {
	*value = fallback
	short := fallback.String() // 1m0s
	if fallback%time.Minute == 0 {
		short = strings.TrimSuffix(short, "0s")
	}
	fs.function(name, "D", help+" (default "+short+")", func(v string) error {
		d, err := watch.ParseDuration(v)
		if err != nil || d <= 0 {
			return errors.New("invalid duration; write it like 5m or 90s")
		}
		*value = d
		return nil
	})
}

// suggest is the flag that was probably meant by the first one that is unknown, or
// where the known ones are listed.
func (fs *flagSet) suggest(args []string) string {
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if strings.HasPrefix(arg, "-") && fs.Lookup(name) == nil {
			if len(names) == 0 {
				return fmt.Sprintf("%s has no flags", fs.Name())
			}
			if name == "json" && fs.Lookup("format") != nil {
				name = "format" // of list, which has several
			}
			return watch.Suggest("-"+name, names)
		}
	}
	return fmt.Sprintf(`"refreshwatch help %s" lists the flags`, fs.Name())
}

// runFlags are those of a command that runs a request.
func runFlags(fs *flagSet, o *options) {
	fs.duration(&o.timeout, defaultTimeout, "timeout", "the run's deadline, such as 90s")
	fs.bool(&o.json, "json", "the report as JSON also on a terminal")
	fs.bool(&o.quiet, "quiet", "print only what needs manual action, on stderr")
}

func checkFlags(fs *flagSet, o *options) {
	fs.bool(&o.survey, "survey", "report how the API behaves where it is not documented; reads only")
	runFlags(fs, o)
}

// listFlags narrow a list by any status; the other filters are those of a backfill.
func listFlags(fs *flagSet, o *options) {
	fs.knows("status", statuses)
	fs.knows("format", formats)
	fs.list(&o.req.Statuses, "status", "S", "only these statuses: "+strings.Join(statuses, ", "))
	o.format = formats[0]
	fs.function("format", "F", strings.Join(formats, ", ")+" (default "+formats[0]+")", func(v string) error { o.format = v; return nil })
	fs.duration(&o.timeout, defaultTimeout, "timeout", "how long it may take")
}

func waitFlags(fs *flagSet, o *options) {
	fs.duration(&o.every, defaultEvery, "every", "how often to ask")
	fs.duration(&o.timeout, defaultWaitTimeout, "timeout", "how long to wait")
	fs.bool(&o.json, "json", "only the line of JSON on stdout, also on a terminal")
	fs.bool(&o.quiet, "quiet", "nothing on stdout: the exit code is the answer")
}

func loopFlags(fs *flagSet, o *options) {
	fs.duration(&o.every, defaultRunEvery, "every", "how often to poll")
	fs.duration(&o.timeout, defaultTimeout, "timeout", "the deadline of each poll")
	fs.bool(&o.quiet, "quiet", "log only what needs manual action")
}

func previewFlags(fs *flagSet, o *options) {
	fs.bool(&o.json, "json", "the exact bodies, one JSON object a line")
	fs.bool(&o.links, "links", "links to Slack's Block Kit Builder, too")
	fs.bool(&o.post, "post", "post the samples to the configured sinks, each marked as a sample")
}

func demoFlags(fs *flagSet, o *options) {
	fs.bool(&o.serve, "serve", "only the simulated API, until interrupted")
}

func invokeFlags(fs *flagSet, o *options) {
	fs.function("event", "FILE", "the file with the event; - reads stdin", func(v string) error { o.event = v; return nil })
	runFlags(fs, o)
}

// asFlags words the mistakes of a request for people who wrote flags.
func asFlags(err error) error {
	flags := map[string]string{}
	for _, f := range watch.Fields {
		if f.Flag != "" {
			flags[f.JSON] = "-" + f.Flag
		}
	}
	var mistakes []*poller.Mistake
	for _, m := range poller.Mistakes(err) {
		named := *m
		if name, ok := flags[m.Setting]; ok {
			named.Setting = name
		}
		mistakes = append(mistakes, &named)
	}
	return watch.Usage(mistakes...)
}
