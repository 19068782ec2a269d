package setup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// file reads CONFIG_FILE into the configuration: sinks by name, and routes. Whatever
// nobody would read is a mistake with its place; values come in as ${NAME}. Keys that
// begin with x- belong to the author, for anchors.
func (r *reader) file(path string, c *Config) {
	text, m := readFile(path)
	if m != nil {
		r.wrong("CONFIG_FILE", m.Problem, m.Next)
		return
	}
	doc, m := parseYAML(text)
	if m != nil {
		if m.Setting == "" {
			m.Setting = "CONFIG_FILE"
		}
		r.wrong(m.Setting, m.Problem, m.Next)
		return
	}
	f := &fileReader{reader: r, named: map[string]bool{}}
	var sinks, routes *yaml.Node
	readers := map[string]func(*yaml.Node){
		"sinks":  func(n *yaml.Node) { sinks = n },
		"routes": func(n *yaml.Node) { routes = n },
	}
	before := len(f.mistakes)
	f.mappingBut(doc.Content[0], "the file", "x-", readers)
	if sinks == nil && len(f.mistakes) > before { // such as a key that is nearly sinks
		return
	}
	if sinks == nil {
		f.wrong("CONFIG_FILE", "names no sink", "Add sinks, such as sinks: {ops: {type: slack-webhook, url: \"${SLACK_WEBHOOK_URL}\"}}")
		return
	}
	c.Sinks = f.sinks(sinks)
	c.Routes = everythingTo(c.Sinks)
	if routes != nil {
		c.Routes = f.routes(routes, c.Sinks)
	}
	c.Unused = append(c.Unused, f.unnamed()...)
}

// maxFile is far beyond any list of sinks and routes.
const maxFile = 1 << 20

// readFile reads a regular file, and says in plain words why it cannot.
func readFile(path string) ([]byte, *poller.Mistake) {
	info, err := os.Stat(path)
	switch {
	case strings.Contains(path, "://"):
		return nil, &poller.Mistake{Problem: "is a URL", Next: "Write the path of a file, such as /code/config.yaml"}
	case strings.HasPrefix(path, "~"):
		return nil, &poller.Mistake{Problem: "begins with ~, which only a shell fills in", Next: "Write the whole path"}
	case errors.Is(err, fs.ErrNotExist) && isLink(path):
		return nil, &poller.Mistake{Problem: "is a symbolic link to a file that does not exist", Next: "Correct the link"}
	case err != nil:
		problem, next := poller.FileProblem(err)
		return nil, &poller.Mistake{Problem: problem, Next: next}
	case info.IsDir():
		return nil, &poller.Mistake{Problem: "is a folder", Next: "Name the file in it"}
	case !info.Mode().IsRegular():
		return nil, &poller.Mistake{Problem: "is not a regular file", Next: "Name a file"}
	case info.Size() > maxFile:
		return nil, &poller.Mistake{Problem: fmt.Sprintf("is larger than %d KB", maxFile>>10), Next: "Is this the right file?"}
	}
	f, err := os.Open(path)
	if err != nil {
		problem, next := poller.FileProblem(err)
		return nil, &poller.Mistake{Problem: problem, Next: next}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		problem, next := poller.FileProblem(err)
		return nil, &poller.Mistake{Problem: problem, Next: next}
	}
	return text, nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func (f *fileReader) sinks(n *yaml.Node) []SinkConfig {
	var sinks []SinkConfig
	for _, p := range f.pairs(n, "sinks") {
		if problem := sinkNameProblem(p.key.Value); problem != "" {
			f.wrongAt(p.key, "a sink's name "+problem, "Name it with letters, digits, - and _, such as ops")
			continue
		}
		before := len(f.mistakes)
		s := f.sink(p.key, p.value)
		s.wrong = len(f.mistakes) > before
		sinks = append(sinks, s)
	}
	if len(sinks) > watch.MaxSinks {
		f.wrongAt(n, fmt.Sprintf("sinks names %d sinks, and a task can be recorded for %d", len(sinks), watch.MaxSinks), "Remove some, or split the deployment in two")
	}
	if len(sinks) == 0 && len(f.mistakes) == 0 {
		f.wrongAt(n, "sinks names no sink", "Add one, such as ops: {type: slack-webhook, url: \"${SLACK_WEBHOOK_URL}\"}")
	}
	return sinks
}

// sinkNameProblem keeps names such that a comma list on a command line can hold them.
func sinkNameProblem(name string) string {
	const longest = 64
	switch {
	case name == "":
		return "is empty"
	case utf8.RuneCountInString(name) > longest:
		return fmt.Sprintf("is longer than %d characters", longest)
	case strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("-_.", r)
	}):
		return "holds a character that a name may not have"
	}
	return ""
}

func (f *fileReader) sink(key, n *yaml.Node) SinkConfig {
	s := SinkConfig{Name: key.Value, FromFile: true, OnUnknown: onUnknown[0], Settings: sink.Settings{}}
	what := "sink " + s.Name
	given := map[string]*yaml.Node{}
	for _, p := range f.pairs(n, what) {
		given[p.key.Value] = p.key
		switch p.key.Value {
		case "type":
			s.Type = f.text(p.value, what+": type", word)
		case "on_unknown":
			s.OnUnknown = f.choice(p.value, what+": on_unknown", onUnknown)
		}
	}
	kind := kindOf(s.Type)
	switch {
	case kind != nil:
		s.Type = kind.Type
		f.fields(&s, kind, key, n)
	case s.Type != "":
		f.wrongAt(given["type"], what+": unknown type "+shown(s.Type), watch.Suggest(s.Type, SinkTypes()))
	case given["type"] == nil && len(given) > 0:
		f.wrongAt(key, what+" has no type", "Add type: and one of "+strings.Join(SinkTypes(), ", ")+". "+spaceHint)
	}
	return s
}

// onUnknown is what happens after a send whose outcome is unknown. The first is the
// default.
var onUnknown = []string{"resend", "drop"}

// fields reads what a kind's row of the table asks for.
func (f *fileReader) fields(s *SinkConfig, kind *sink.Kind, key, n *yaml.Node) {
	what := "sink " + s.Name
	known := []string{"type", "on_unknown"}
	for _, field := range kind.Fields {
		if !field.EnvOnly {
			known = append(known, field.Key)
		}
	}
	given := map[string]*yaml.Node{}
	for _, p := range f.pairs(n, what) {
		field, isField := kind.Field(p.key.Value)
		switch {
		case !slices.Contains(known, p.key.Value):
			f.wrongAt(p.key, fmt.Sprintf("unknown key %s in %s, a sink of type %s", shown(p.key.Value), what, kind.Type), watch.Suggest(p.key.Value, known))
		case isField:
			given[field.Key] = p.value
			before := len(f.mistakes)
			value := f.text(p.value, what+": "+field.Key, shapeOf(field))
			if len(f.mistakes) == before {
				f.field(p.value, what+": "+field.Key, field, value)
				s.Settings[field.Key] = sink.Secret(value)
			}
		}
	}
	for _, field := range kind.Fields {
		if field.Required && field.Default == "" && !field.EnvOnly && given[field.Key] == nil {
			f.wrongAt(key, fmt.Sprintf("%s: a sink of type %s needs %s", what, kind.Type, field.Key), "Add "+field.Key+": "+field.Help)
		}
	}
	if url := given["url"]; url != nil {
		f.misplaced(s, kind, url)
	}
}

// misplaced refuses a URL of another platform.
func (f *fileReader) misplaced(s *SinkConfig, kind *sink.Kind, url *yaml.Node) {
	for _, m := range poller.Mistakes(sink.Misplaced(Kinds(), *kind, s.Settings)) {
		f.mistakeAt(url, "sink "+s.Name+": "+m.Setting, m)
	}
}

// field judges a value by its row.
func (f *fileReader) field(n *yaml.Node, what string, field sink.Field, value string) {
	if field.Check == nil {
		return
	}
	for _, m := range poller.Mistakes(field.Check(value)) {
		f.mistakeAt(n, what, m)
	}
}

// unnamed are the sink variables that are set and that the file does not name.
func (f *fileReader) unnamed() []string {
	var names []string
	for _, k := range Kinds() {
		for _, field := range k.Fields {
			if field.Env != "" && !field.EnvOnly && f.isSet(field.Env) && !f.named[field.Env] {
				names = append(names, field.Env)
			}
		}
	}
	return names
}
