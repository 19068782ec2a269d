package cli

import (
	"errors"
	"flag"
	"io"
	"regexp"
	"strings"
	"time"

	"refreshwatch/function/watch"
)

// options is what the flags of a command say.
type options struct {
	req     watch.Request
	timeout time.Duration
	dryRun  bool
	event   string // invoke: a file, or - for stdin
	json    bool   // preview: the exact bodies
}

func parseFlags(name string, args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.timeout = defaultTimeout
	fs.Func("timeout", "", func(v string) (err error) {
		if o.timeout, err = watch.ParseDuration(v); err != nil || o.timeout <= 0 {
			return errors.New("it is no duration; write it like 5m or 90s")
		}
		return nil
	})
	fs.BoolVar(&o.dryRun, "dry-run", false, "")
	list := func(into *[]string, flag string) {
		fs.Func(flag, "", func(v string) error { *into = append(*into, watch.CommaList(v)...); return nil })
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
		return o, watch.Usage("%s: unexpected argument %q; flags are written like -timeout 1m", name, fs.Arg(0))
	case name == "invoke" && o.event == "":
		return o, watch.Usage("-event: names the file with the event; - reads stdin")
	}
	return o, nil
}

// The flag package's errors (Go 1.26).
const (
	flagUnknown = `^flag provided but not defined: -(.*)$`
	flagBare    = `^flag needs an argument: -(.*)$`
	flagInvalid = `^invalid value (".*") for flag -(.*?): (.*)$`
	flagBoolean = `^invalid boolean value (".*") for -(.*?): `
)

// flagError words the flag package's errors like ours.
func flagError(fs *flag.FlagSet, err error) error {
	parts := func(pattern string) []string { // compiled here: a start without mistakes needs none
		return regexp.MustCompile(pattern).FindStringSubmatch(err.Error())
	}
	if m := parts(flagUnknown); m != nil {
		var names []string
		fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
		return watch.Usage("-%s: unknown flag of %s%s", m[1], fs.Name(), watch.DidYouMean("-"+m[1], names))
	}
	if m := parts(flagBare); m != nil {
		return watch.Usage("-%s: needs a value; \"refreshwatch help %s\" shows an example", m[1], fs.Name())
	}
	if m := parts(flagInvalid); m != nil {
		return watch.Usage("-%s: %s: %s", m[2], m[1], m[3])
	}
	if m := parts(flagBoolean); m != nil {
		return watch.Usage("-%s: %s is neither true nor false; the flag alone means true", m[2], m[1])
	}
	return watch.Usage("%s: %v", fs.Name(), err)
}

// flagNames words the mistakes of a request for people who wrote flags: field names
// begin the lines of [Request.Validate].
func flagNames(err error) error {
	flags := map[string]string{
		"since": "-since", "from": "-from", "to": "-to", "statuses": "-status", "object_types": "-object-type",
		"domains": "-domain", "task_id": "-task-id", "object_path": "-object-path", "sinks": "-sink",
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		field, rest, _ := strings.Cut(line, ":")
		if name, ok := flags[field]; ok {
			line = name + ":" + rest
		}
		lines = append(lines, line)
	}
	return &watch.UsageError{Err: errors.New(strings.Join(lines, ""))}
}
