package bot

import (
	"regexp"
	"strings"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// teamsCard is an Adaptive Card 1.4, the newest version that Teams shows everywhere
// (Microsoft Learn, read 2026-11). Its Markdown knows bold, links and lists; a line
// break is an empty line.
func teamsCard(card template.Card) map[string]any {
	body := []any{teamsBlock(card.Title, map[string]any{"size": "Medium", "weight": "Bolder", "color": teamsColor(card.Color)})}
	for _, lines := range [][]string{sink.BodyLines(card), card.Reasons} {
		if len(lines) > 0 {
			body = append(body, teamsBlock(strings.Join(lines, "\n\n"), nil))
		}
	}
	var facts []any
	for _, f := range card.Fields {
		facts = append(facts, map[string]any{"title": f.Label, "value": f.Value})
	}
	if facts != nil {
		body = append(body, map[string]any{"type": "FactSet", "facts": facts})
	}
	if card.Mention != "" {
		body = append(body, teamsBlock(card.Mention, nil))
	}
	for _, line := range sink.NonEmpty(card.Footnote, card.Context) {
		body = append(body, teamsBlock(line, map[string]any{"size": "Small", "isSubtle": true}))
	}
	var actions []any
	if card.Button.URL != "" {
		actions = append(actions, map[string]any{"type": "Action.OpenUrl", "title": card.Button.Label, "url": card.Button.URL})
	}
	return teamsMessage(card.Push, body, actions, card.Mention)
}

// teamsText is a card of one text: a flow posts nothing but cards.
func teamsText(text, mention string) map[string]any {
	lines := strings.Split(strings.Join(sink.NonEmpty(text, mention), "\n"), "\n")
	return teamsMessage("", []any{teamsBlock(strings.Join(lines, "\n\n"), nil)}, nil, mention)
}

func teamsMessage(summary string, body, actions []any, mention string) map[string]any {
	teams := map[string]any{"width": "Full"}
	if entities := teamsMentions(mention); entities != nil {
		teams["entities"] = entities
	}
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"body": body, "msteams": teams,
	}
	if actions != nil {
		card["actions"] = actions
	}
	if summary != "" {
		card["fallbackText"] = summary
	}
	return map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive", "content": card,
	}}}
}

func teamsBlock(text string, more map[string]any) map[string]any {
	block := map[string]any{"type": "TextBlock", "text": text, "wrap": true}
	for name, value := range more {
		block[name] = value
	}
	return block
}

var teamsMention = regexp.MustCompile(`<at(?: id="([^"<>]+)")?>([^<>]+)</at>`)

// teamsMentions are the people of a mention such as "<at>name@example.com</at>" or
// `<at id="name@example.com">Name</at>`: in Teams the text alone mentions nobody.
func teamsMentions(mention string) []any {
	var entities []any
	for _, m := range teamsMention.FindAllStringSubmatch(mention, -1) {
		id, name := m[1], m[2]
		if id == "" {
			id = name
		}
		entities = append(entities, map[string]any{
			"type": "mention", "text": m[0], "mentioned": map[string]any{"id": id, "name": name},
		})
	}
	return entities
}

func teamsColor(c template.Color) string {
	switch c {
	case template.Good:
		return "Good"
	case template.Bad:
		return "Attention"
	case template.Mixed:
		return "Warning"
	default:
		return "Default"
	}
}
