package notifier

import (
	"slices"
	"strings"

	"refreshwatch/poller"
)

// Route sends the events that match to its sinks.
type Route struct {
	Match   Match
	To      []string // sink names
	Mention string   // who is mentioned, in the sink's own markup
	Stop    bool     // when it matched, later routes do not apply
}

// Match narrows a route. An empty list matches everything, the zero Match every
// event. Patterns may hold * (any run of characters, dots and slashes included)
// and ? (one character).
type Match struct {
	Status     []string // the API's words
	ObjectType []string // file, directory, preload, or whatever the API says
	Domain     []string // patterns for the object's host, such as *.example.com
	Path       []string // patterns for the path after the host, such as /vip/*
}

// Matches reports whether the task is one the route is about.
func (m Match) Matches(t poller.Task) bool {
	return anyOf(m.Status, string(t.Status), strings.EqualFold) &&
		anyOf(m.ObjectType, t.ObjectType, poller.SameObjectType) &&
		anyOf(m.Domain, t.Domain(), poller.MatchDomain) &&
		anyOf(m.Path, t.Path(), poller.Glob)
}

// Recipient is a sink that is notified of an event, and whom it mentions.
type Recipient struct{ Sink, Mention string }

// Routes are tried in order. Every route that matches applies, but one sink gets
// an event once: from the first route that names it.
type Routes []Route

// Recipients lists the sinks that are notified of the event; none is a valid answer.
func (rs Routes) Recipients(e poller.Event) []Recipient {
	var recipients []Recipient
	for _, r := range rs {
		if !r.Match.Matches(e.Task) {
			continue
		}
		for _, sink := range r.To {
			known := func(r Recipient) bool { return r.Sink == sink }
			if !slices.ContainsFunc(recipients, known) {
				recipients = append(recipients, Recipient{sink, r.Mention})
			}
		}
		if r.Stop {
			break
		}
	}
	return recipients
}

// Mention is whom the routes mention in a delivery to its sink: the mention of the
// first event that has one. Notices mention nobody.
func (rs Routes) Mention(d Delivery) string {
	for _, e := range d.Events {
		for _, r := range rs.Recipients(e) {
			if r.Sink == d.Sink && r.Mention != "" {
				return r.Mention
			}
		}
	}
	return ""
}

func anyOf(patterns []string, value string, match func(pattern, value string) bool) bool {
	if len(patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, value) })
}
