package setup

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
)

// file reads CONFIG_FILE into the configuration: sinks by name, and routes. Unknown
// keys are refused with their place; secrets come in as ${VAR}.
func (e *env) file(path string, c *Config) {
	text, err := os.ReadFile(path)
	if err != nil {
		e.wrong("CONFIG_FILE: %v", err)
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		e.wrong("CONFIG_FILE: not YAML: %v", err)
		return
	}
	if len(doc.Content) == 0 {
		e.wrong("CONFIG_FILE: is empty; it needs sinks, and routes if not everything goes to all of them")
		return
	}
	f := &configFile{env: e}
	f.mapping(doc.Content[0], "the file", map[string]func(*yaml.Node){
		"sinks":  func(n *yaml.Node) { c.Sinks = f.sinks(n) },
		"routes": func(n *yaml.Node) { c.Routes = f.routes(n) },
	})
	if len(c.Sinks) == 0 && len(e.mistakes) == 0 {
		e.wrong("CONFIG_FILE: sinks: names no sink")
	}
	if c.Routes == nil {
		c.Routes = everythingTo(c.Sinks)
	}
	f.checkTargets(c)
}

type configFile struct {
	*env
	targets []*yaml.Node // the sink names in routes, to be checked when all sinks are known
}

// at reports a mistake with its place in the file.
func (f *configFile) at(n *yaml.Node, format string, args ...any) {
	f.wrong("CONFIG_FILE: line %d, column %d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
}

// mapping calls the reader of each key; what has none is refused.
func (f *configFile) mapping(n *yaml.Node, what string, readers map[string]func(*yaml.Node)) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		f.at(n, "%s must be a mapping of keys to values", what)
		return
	}
	var known, seen []string
	for key := range readers {
		known = append(known, key)
	}
	slices.Sort(known)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		read, ok := readers[key.Value]
		switch {
		case !ok:
			f.at(key, "unknown key %s in %s%s", shown(key.Value), what, watch.DidYouMean(key.Value, known))
		case slices.Contains(seen, key.Value):
			f.at(key, "key %s stands twice in %s", shown(key.Value), what)
		default:
			seen = append(seen, key.Value)
			read(n.Content[i+1])
		}
	}
}

// shown quotes a word that stands where it is not known. Anything longer may be a
// secret in the wrong place, or one after a colon without a space.
func shown(word string) string {
	if len(word) > 24 || strings.ContainsAny(word, "/:=?") {
		return "(not shown: it may hold a secret; is there a space after the colon?)"
	}
	return strconv.Quote(word)
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func (f *configFile) sinks(n *yaml.Node) []SinkConfig {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		f.at(n, "sinks must be a mapping of names to sinks, such as ops: {type: slack, …}")
		return nil
	}
	var sinks []SinkConfig
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if slices.ContainsFunc(sinks, func(s SinkConfig) bool { return s.Name == key.Value }) {
			f.at(key, "sink %q stands twice", key.Value)
			continue
		}
		sinks = append(sinks, f.sink(key, n.Content[i+1]))
	}
	return sinks
}

// sinkKeys are the keys each type takes beside type and on_unknown.
var sinkKeys = map[string]struct{ need, may []string }{
	TypeSlack:        {need: []string{"token", "channel"}},
	TypeSlackWebhook: {need: []string{"url"}},
	TypeWebhook:      {need: []string{"url"}, may: []string{"secret", "format"}},
	TypeDingTalk:     {need: []string{"url"}, may: []string{"secret"}},
	TypeFeishu:       {need: []string{"url"}, may: []string{"secret"}},
	TypeWeCom:        {need: []string{"url"}},
}

func (f *configFile) sink(name, n *yaml.Node) SinkConfig {
	s := SinkConfig{Name: name.Value, FromFile: true, OnUnknown: "resend"}
	given := map[string]*yaml.Node{}
	read := func(key string, into *string) func(*yaml.Node) {
		return func(n *yaml.Node) { *into, given[key] = f.text(n), n }
	}
	secret := func(key string, into *sink.Secret) func(*yaml.Node) {
		return func(n *yaml.Node) { *into, given[key] = sink.Secret(f.text(n)), n }
	}
	what := fmt.Sprintf("sink %s", name.Value)
	f.mapping(n, what, map[string]func(*yaml.Node){
		"type": read("type", &s.Type), "token": secret("token", &s.Token), "channel": read("channel", &s.Channel),
		"url": secret("url", &s.URL), "secret": secret("secret", &s.Secret),
		"on_unknown": read("on_unknown", &s.OnUnknown), "format": read("format", &s.Format),
	})
	keys, ok := sinkKeys[s.Type]
	if !ok {
		f.at(orKey(given["type"], name), "%s: unknown type %s%s", what, shown(s.Type), watch.DidYouMean(s.Type, SinkTypes))
		return s
	}
	for _, key := range keys.need {
		if n := given[key]; n == nil {
			f.at(name, "%s: a sink of type %s needs %s", what, s.Type, key)
		} else if n.Value == "" {
			f.at(n, "%s: %s is empty", what, key)
		}
	}
	for key, n := range given {
		if !slices.Contains(slices.Concat(keys.need, keys.may, []string{"type", "on_unknown"}), key) {
			f.at(n, "%s: a sink of type %s takes no %s", what, s.Type, key)
		}
	}
	f.choice(given["on_unknown"], what, "on_unknown", "resend", "drop")
	f.choice(given["format"], what, "format", "standard", "cloudevents")
	if s.Format == "standard" {
		s.Format = ""
	}
	if s.URL != "" {
		f.url(given["url"], what, string(s.URL))
	}
	return s
}

func orKey(n, key *yaml.Node) *yaml.Node {
	if n == nil {
		return key
	}
	return n
}

func (f *configFile) choice(n *yaml.Node, what, key string, values ...string) {
	if n != nil && !slices.Contains(values, n.Value) {
		f.at(n, "%s: %s: unknown value %s%s", what, key, shown(n.Value), watch.DidYouMean(n.Value, values))
	}
}

func (f *configFile) url(n *yaml.Node, what, value string) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "":
		f.at(n, "%s: url is no URL; write it like https://host/path", what)
	case u.Scheme != "https" && !(u.Scheme == "http" && sink.IsLoopback(u.Hostname())):
		f.at(n, "%s: url must begin with https:// (http is accepted for loopback only)", what)
	}
}

func (f *configFile) routes(n *yaml.Node) notifier.Routes {
	n = resolve(n)
	routes := notifier.Routes{}
	if n.Kind != yaml.SequenceNode {
		f.at(n, "routes must be a list")
		return routes
	}
	for _, item := range n.Content {
		routes = append(routes, f.route(item))
	}
	return routes
}

func (f *configFile) route(n *yaml.Node) notifier.Route {
	var r notifier.Route
	f.mapping(n, "a route", map[string]func(*yaml.Node){
		"match": func(n *yaml.Node) { r.Match = f.match(n) },
		"to": func(n *yaml.Node) {
			r.To = f.strings(n, "to")
			f.targets = append(f.targets, resolve(n))
		},
		"mention": func(n *yaml.Node) { r.Mention = f.text(n) },
		"stop":    func(n *yaml.Node) { r.Stop = f.boolean(n, "stop") },
	})
	if len(r.To) == 0 && !r.Stop {
		f.at(n, "a route needs to: a list of sinks (or stop: true, to keep what it matches silent)")
	}
	return r
}

func (f *configFile) match(n *yaml.Node) notifier.Match {
	var m notifier.Match
	into := func(key string, list *[]string) func(*yaml.Node) {
		return func(n *yaml.Node) { *list = f.strings(n, key) }
	}
	among := func(key string, list *[]string, known ...string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			for _, v := range f.strings(n, key) {
				*list = append(*list, v)
				if !slices.Contains(known, v) {
					f.at(n, "%s: unknown value %s%s", key, shown(v), watch.DidYouMean(v, known))
				}
			}
		}
	}
	f.mapping(n, "match", map[string]func(*yaml.Node){
		// Unfinished tasks are told, too, when they stall or expire.
		"status":      among("status", &m.Status, "Complete", "Failed", "Refreshing", "Pending"),
		"object_type": among("object_type", &m.ObjectType, watch.ObjectTypes...),
		"domain":      into("domain", &m.Domain),
		"path":        into("path", &m.Path),
	})
	return m
}

// strings reads a list of strings; a single string counts as a list of one.
func (f *configFile) strings(n *yaml.Node, what string) []string {
	n = resolve(n)
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{f.text(n)}
	case yaml.SequenceNode:
		var list []string
		for _, item := range n.Content {
			list = append(list, f.text(item))
		}
		return list
	default:
		f.at(n, "%s must be a list", what)
		return nil
	}
}

func (f *configFile) boolean(n *yaml.Node, what string) bool {
	n = resolve(n)
	if n.Value != "true" && n.Value != "false" {
		f.at(n, "%s must be true or false", what)
	}
	return n.Value == "true"
}

// variable is ${VAR}; only a CONFIG_FILE needs it.
var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([^}]*)\}`) })

// text reads a scalar and fills in ${VAR}; a variable that is not set is a mistake,
// not an empty string.
func (f *configFile) text(n *yaml.Node) string {
	n = resolve(n)
	if n.Kind != yaml.ScalarNode {
		f.at(n, "must be a single value")
		return ""
	}
	return variable().ReplaceAllStringFunc(n.Value, func(ref string) string {
		name := strings.TrimSpace(ref[2 : len(ref)-1])
		value := f.get(name)
		if value == "" {
			f.at(n, "the variable %s is not set", name)
		}
		return value
	})
}

// checkTargets refuses routes to sinks that do not exist.
func (f *configFile) checkTargets(c *Config) {
	var names []string
	for _, s := range c.Sinks {
		names = append(names, s.Name)
	}
	for _, list := range f.targets {
		items := list.Content
		if list.Kind == yaml.ScalarNode {
			items = []*yaml.Node{list}
		}
		for _, item := range items {
			if name := resolve(item).Value; !slices.Contains(names, name) {
				f.at(item, "to: unknown sink %s%s", shown(name), watch.DidYouMean(name, names))
			}
		}
	}
}
