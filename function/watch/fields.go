package watch

import (
	"slices"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
)

// Field is one field of a [Request]. Events, flags, the check of what goes with which
// action, and help are all read from [Fields].
type Field struct {
	JSON    string   // its name in an event
	Flag    string   // its name on the command line; "" where a flag cannot set it
	Actions []string // that take it; nil: all
	FlagOf  []string // the commands with the flag; nil: those of Actions
	Arg     string   // what stands for the flag's value in help; "" for a switch
	Known   []string // the values it may have; nil: any
	Help    string   // one line

	// Of returns where the field is kept: a *string, a *bool or a *[]string.
	Of func(*Request) any
}

// Fields are all fields of a request, in the order in which help lists them.
var Fields = []Field{
	{JSON: "action", Known: Actions, Help: "what to do",
		Of: func(r *Request) any { return &r.Action }},
	{JSON: "since", Flag: "since", Actions: onlyBackfill, FlagOf: ofWindows, Arg: "D", Help: "the window reaches back this far, such as 24h or 3d (default 72h)",
		Of: func(r *Request) any { return &r.Since }},
	{JSON: "from", Flag: "from", Actions: onlyBackfill, FlagOf: ofWindows, Arg: "T", Help: "or it begins at this time, such as 2026-11-20 08:00 in TIME_ZONE, or 2026-11-20T00:00:00Z",
		Of: func(r *Request) any { return &r.From }},
	{JSON: "to", Flag: "to", Actions: onlyBackfill, FlagOf: ofWindows, Arg: "T", Help: "it ends at this time (default now)",
		Of: func(r *Request) any { return &r.To }},
	{JSON: "statuses", Flag: "status", Actions: onlyBackfill, Arg: "S", Known: finishedStatuses, Help: "only these statuses, in the API's spelling",
		Of: func(r *Request) any { return &r.Statuses }},
	{JSON: "object_types", Flag: "object-type", Actions: onlyBackfill, FlagOf: ofWindows, Arg: "S", Known: ObjectTypes, Help: "only these object types",
		Of: func(r *Request) any { return &r.ObjectTypes }},
	{JSON: "domains", Flag: "domain", Actions: onlyBackfill, FlagOf: ofWindows, Arg: "S", Help: "only these domains or patterns, such as *.example.com",
		Of: func(r *Request) any { return &r.Domains }},
	{JSON: "task_id", Flag: "task-id", Actions: onlyBackfill, FlagOf: ofWindows, Arg: "S", Help: "only this task",
		Of: func(r *Request) any { return &r.TaskID }},
	{JSON: "object_path", Flag: "object-path", Actions: onlyBackfill, FlagOf: ofWindows, Arg: "S", Help: "only this object",
		Of: func(r *Request) any { return &r.ObjectPath }},
	{JSON: "sinks", Flag: "sink", Actions: []string{ActionBackfill, ActionRedrive}, Arg: "NAME", Help: "only these sinks",
		Of: func(r *Request) any { return &r.Sinks }},
	{JSON: "renotify", Flag: "renotify", Actions: onlyBackfill, Help: "also what was notified before",
		Of: func(r *Request) any { return &r.Renotify }},
	{JSON: "dry_run", Flag: "dry-run", FlagOf: []string{ActionPoll, ActionBackfill, ActionRedrive, ActionCheck, "invoke", "run"}, Help: "read and report, but write and send nothing",
		Of: func(r *Request) any { return &r.DryRun }},
	{JSON: "post", Flag: "post", Actions: []string{ActionCheck}, Help: "also send a test message to every sink, and ping the heartbeat",
		Of: func(r *Request) any { return &r.Post }},
	{JSON: "offline", Flag: "offline", Actions: []string{ActionCheck}, Help: "verify the configuration alone, without network",
		Of: func(r *Request) any { return &r.Offline }},
	{JSON: "discard", Flag: "discard", Actions: []string{ActionRedrive}, Help: "drop dead deliveries instead of sending them again",
		Of: func(r *Request) any { return &r.Discard }},
}

var (
	onlyBackfill = []string{ActionBackfill}
	ofWindows    = []string{ActionBackfill, "list"} // the list is a command, and no action of an event
)

// Actions are what a request may ask for.
var Actions = []string{ActionPoll, ActionBackfill, ActionStatus, ActionRedrive, ActionCheck}

var finishedStatuses = []string{string(poller.Complete), string(poller.Failed), string(poller.Timeout), string(poller.Canceled)}

// ObjectTypes are the types that the products document. They are compared without case.
var ObjectTypes = objectTypes()

func objectTypes() (all []string) {
	for _, p := range aliyun.Products() {
		for _, t := range p.Types {
			if !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all
}

// takes reports whether the action takes the field.
func (f Field) takes(action string) bool {
	return f.Actions == nil || slices.Contains(f.Actions, action)
}

// HasFlag reports whether the command has the field's flag.
func (f Field) HasFlag(command string) bool {
	commands := f.FlagOf
	if commands == nil {
		commands = f.Actions
	}
	return f.Flag != "" && slices.Contains(commands, command)
}

// isSet reports whether the request has a value of the field.
func (f Field) isSet(r *Request) bool {
	switch value := f.Of(r).(type) {
	case *string:
		return *value != ""
	case *bool:
		return *value
	default:
		return len(*value.(*[]string)) > 0
	}
}

// values are the words of the field, for comparison with Known.
func (f Field) values(r *Request) []string {
	switch value := f.Of(r).(type) {
	case *string:
		return []string{*value}
	case *[]string:
		return *value
	}
	return nil
}

// form is what the field's value must look like in JSON.
func (f Field) form() string {
	switch f.Of(&Request{}).(type) {
	case *string:
		return "must be a string"
	case *bool:
		return "must be true or false"
	default:
		return "must be a list of strings"
	}
}

// unknownValue is the mistake of a word that is none of known.
func unknownValue(setting, word string, known []string) *poller.Mistake {
	return &poller.Mistake{Setting: setting, Problem: "unknown value " + poller.Quote(word), Next: Suggest(word, known)}
}
