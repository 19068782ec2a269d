package setup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// Each platform has its own markup for a mention, and takes that of another as plain
// text: it looks right and calls nobody. So what calls nobody is a mistake.

// markup is how a platform mentions (Slack, "Formatting text"; DingTalk, Feishu,
// WeCom, Teams and Discord webhook guides, read 2026-11).
type markup struct {
	platform, example string
	pattern           string // one mention
}

var markups = map[template.Dialect]markup{
	template.Slack:    {"Slack", "<!here>, <!channel>, <!subteam^S0123> or <@U0123>", `<!(?:here|channel|everyone)(?:\|[^<>]*)?>|<!subteam\^S[A-Z0-9]+(?:\|[^<>]*)?>|<@[UW][A-Z0-9]+(?:\|[^<>]*)?>`},
	template.DingTalk: {"DingTalk", "@all, or @ and a phone number or user id", `(?:^|\s)@[\w+.$-]+`},
	template.Feishu:   {"Feishu", "<at id=all></at> or <at id=ou_…></at>", `<at (?:user_)?(?:id|email|ids)="?[\w@.,-]+"?>[^<>]*</at>`},
	template.WeCom:    {"WeCom", "<@userid> or <@all>", `<@[\w.@-]+>`},
	template.Teams:    {"Microsoft Teams", "<at>Name</at>", `<at>[^<>]+</at>`},
	template.Discord:  {"Discord", "<@123…>, <@&123…>, @here or @everyone", `<@[!&]?\d+>|(?:^|\s)@(?:here|everyone)\b`},
}

// foreignWords look like DingTalk's user ids and are what other platforms call
// everybody.
var foreignWords = regexp.MustCompile(`(?:^|\s)@(?:here|channel|everyone|team)\b`)

// checkMarkup returns a mistake when a mention calls nobody on the platform, or holds
// what is another platform's.
func checkMarkup(mention string, dialect template.Dialect) *poller.Mistake {
	m, ok := markups[dialect]
	if !ok {
		return nil
	}
	rest := regexp.MustCompile(m.pattern).ReplaceAllString(mention, " ")
	foreign := dialect == template.DingTalk && foreignWords.MatchString(mention)
	if rest != mention && !foreign && !strings.ContainsAny(rest, "<>@") {
		return nil
	}
	problem := "mentions nobody on " + m.platform
	if rest != mention || strings.ContainsAny(rest, "<>@") {
		problem = "holds what is no mention on " + m.platform
	}
	return &poller.Mistake{Problem: problem, Next: "Write " + m.example}
}

// checkMentions judges a route's mention by the sinks that it goes to. A webhook has
// none to show.
func checkMentions(mention string, to []string, sinks []SinkConfig) *poller.Mistake {
	chats := 0
	for _, s := range sinks {
		dialect := dialectOf(s)
		if !slices.Contains(to, s.Name) || dialect == "" {
			continue
		}
		chats++
		if m := checkMarkup(mention, dialect); m != nil {
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
		if m := checkMarkup(mention, dialectOf(chats[0])); m != nil {
			r.wrong("MENTION", m.Problem, m.Next)
		}
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
