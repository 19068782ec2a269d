package setup

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/poller"
)

// routes reads the list of routes. All sinks are known by then.
func (f *fileReader) routes(n *yaml.Node, sinks []SinkConfig) notifier.Routes {
	r := resolve(n)
	switch {
	case isNull(r), r.Kind == yaml.SequenceNode && len(r.Content) == 0:
		f.wrongAt(n, "routes is empty: nothing would be notified", "Leave routes out to send everything to every sink")
		return nil
	case r.Kind != yaml.SequenceNode:
		f.wrongAt(n, "routes must be a list", "Begin each route with a dash: - to: [ops]")
		return nil
	}
	var routes notifier.Routes
	everything := false // an earlier route stops what would come here
	for _, item := range r.Content {
		if everything {
			f.wrongAt(item, "this route is never reached: the one before it matches everything and has stop: true", "Move it up, or give the one before it a match")
		}
		route := f.route(item, sinks)
		routes = append(routes, route)
		everything = everything || route.Stop && len(route.Match.Status)+len(route.Match.ObjectType)+len(route.Match.Domain)+len(route.Match.Path) == 0
	}
	return routes
}

func (f *fileReader) route(n *yaml.Node, sinks []SinkConfig) notifier.Route {
	var r notifier.Route
	var to, mention *yaml.Node
	f.mapping(n, "a route", map[string]func(*yaml.Node){
		"match":   func(n *yaml.Node) { r.Match = f.match(n) },
		"to":      func(n *yaml.Node) { to = n; r.To = f.targets(n, sinks) },
		"mention": func(n *yaml.Node) { mention = n; r.Mention = f.text(n, "mention", line) },
		"stop":    func(n *yaml.Node) { r.Stop = f.boolean(n, "stop") },
	})
	switch {
	case to == nil && !r.Stop:
		f.wrongAt(n, "a route needs to: a list of sinks", "Add to: [NAME], or stop: true to notify nobody about what it matches")
	case mention != nil && r.Mention != "":
		if m := checkMentions(r.Mention, r.To, sinks); m != nil {
			f.mistakeAt(mention, "mention", m)
		}
	}
	return r
}

// targets refuses sinks that do not exist.
func (f *fileReader) targets(n *yaml.Node, sinks []SinkConfig) []string {
	var known []string
	for _, s := range sinks {
		known = append(known, s.Name)
	}
	names, nodes := f.list(n, "to")
	for i, sink := range names {
		if len(known) > 0 && !slices.Contains(known, sink) { // else the mistake is in sinks
			f.wrongAt(nodes[i], "to: unknown sink "+shown(sink), watch.Suggest(sink, known))
		}
	}
	return names
}

// statuses are the words of status in a route: unfinished tasks are notified, too,
// when they stall or expire.
var statuses = []string{
	string(poller.Complete), string(poller.Failed), string(poller.Timeout), string(poller.Canceled),
	string(poller.Refreshing), string(poller.Pending),
}

func (f *fileReader) match(n *yaml.Node) notifier.Match {
	var m notifier.Match
	if r := resolve(n); isNull(r) || r.Kind == yaml.MappingNode && len(r.Content) == 0 {
		f.wrongAt(n, "match is empty", "Leave it out to match everything")
		return m
	}
	f.mapping(n, "match", map[string]func(*yaml.Node){
		"status":      func(n *yaml.Node) { m.Status = f.among(n, "status", statuses) },
		"object_type": func(n *yaml.Node) { m.ObjectType = f.among(n, "object_type", f.objectTypes) },
		"domain":      func(n *yaml.Node) { m.Domain = f.patterns(n, "domain", poller.CheckDomain) },
		"path":        func(n *yaml.Node) { m.Path = f.patterns(n, "path", poller.CheckPath) },
	})
	return m
}

// among reads a list of known words, in any case.
func (f *fileReader) among(n *yaml.Node, what string, known []string) []string {
	texts, nodes := f.list(n, what)
	var words []string
	for i, text := range texts {
		at := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, text) })
		if at < 0 {
			f.wrongAt(nodes[i], fmt.Sprintf("%s: unknown value %s", what, shown(text)), watch.Suggest(text, known))
			continue
		}
		words = append(words, known[at])
	}
	return words
}

// patterns reads a list of patterns, each of which can match something.
func (f *fileReader) patterns(n *yaml.Node, what string, check func(string) error) []string {
	texts, nodes := f.list(n, what)
	for i, text := range texts {
		for _, m := range poller.Mistakes(check(text)) {
			f.mistakeAt(nodes[i], what, m)
		}
	}
	return texts
}
