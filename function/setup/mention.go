package setup

import (
	"fmt"
	"slices"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// Each platform has its own markup for a mention, and takes that of another as plain
// text: it looks right and calls nobody. So what calls nobody is a mistake.

// checkMentions judges a route's mention by the sinks that it goes to. A webhook has
// none to show.
func checkMentions(mention string, to []string, sinks []SinkConfig) *poller.Mistake {
	chats := 0
	for _, s := range sinks {
		if !slices.Contains(to, s.Name) || dialectOf(s) == "" {
			continue
		}
		chats++
		for _, m := range poller.Mistakes(kindOf(s.Type).CheckMention(mention)) {
			return &poller.Mistake{Problem: fmt.Sprintf("sink %s: %s", s.Name, m.Problem), Next: m.Next + "; one route a platform"}
		}
	}
	if chats == 0 && len(to) > 0 {
		return &poller.Mistake{Problem: "no sink of this route can mention anybody", Next: "Leave it out: a webhook's receiver decides whom to call"}
	}
	return nil
}

// checkMention judges MENTION, which goes with one chat sink.
func (r *reader) checkMention(mention string, sinks []SinkConfig) {
	var chats []SinkConfig
	for _, s := range sinks {
		if dialectOf(s) != "" {
			chats = append(chats, s)
		}
	}
	switch len(chats) {
	case 1:
		r.wrongAll("MENTION", kindOf(chats[0].Type).CheckMention(mention))
	case 0:
		r.wrong("MENTION", "has no effect without a chat sink", "Set a chat sink, or leave MENTION out")
	default:
		r.wrong("MENTION", "goes with one chat sink, and there are "+fmt.Sprint(len(chats)), "Write the sinks and the mention of each into CONFIG_FILE")
	}
}

func dialectOf(s SinkConfig) template.Dialect {
	if kind := kindOf(s.Type); kind != nil {
		return kind.Dialect
	}
	return ""
}

// plainRoutes are the routes of an operator who has no CONFIG_FILE: everything to
// every sink, or with NOTIFY=failed what failed, stalled and expired; and of that the
// chat mentions MENTION.
func plainRoutes(sinks []SinkConfig, notify, mention string) notifier.Routes {
	all := everythingTo(sinks)
	if notify == "all" && mention == "" {
		return all
	}
	fine := notifier.Route{Match: notifier.Match{Status: []string{string(poller.Complete), string(poller.Canceled)}}, Stop: true}
	if notify == "all" {
		fine.To = all[0].To
	}
	routes := notifier.Routes{fine}
	for _, s := range sinks {
		if mention != "" && dialectOf(s) != "" {
			routes = append(routes, notifier.Route{To: []string{s.Name}, Mention: mention})
		}
	}
	return append(routes, all...)
}
