package bot

import (
	"strings"
	"unicode"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// sections are a card's rows, its reasons and its facts as paragraphs of Markdown that four
// platforms read; list marks an item, and reason a reason. Title and small print have their
// own places.
func sections(card template.Card, list, reason string) []string {
	var facts []string
	for _, f := range card.Fields {
		facts = append(facts, list+"**"+f.Label+"**"+colon(f.Label)+f.Value)
	}
	var rows []string
	for _, line := range sink.BodyLines(card) {
		rows = append(rows, list+line)
	}
	paragraphs := []string{strings.Join(rows, "\n")}
	for _, text := range card.Reasons {
		paragraphs = append(paragraphs, reason+text)
	}
	return sink.NonEmpty(append(paragraphs, strings.Join(facts, "\n"))...)
}

// quote makes a line small print: DingTalk and WeCom show quotes in grey.
func quote(line string) string {
	if line == "" {
		return ""
	}
	return "> " + line
}

func button(card template.Card) string {
	if card.Button.URL == "" {
		return ""
	}
	return "[" + card.Button.Label + "](" + card.Button.URL + ")"
}

// dingTalkCard is a Markdown message: headings, bold, links, lists and quotes are
// what DingTalk documents.
func dingTalkCard(card template.Card) map[string]any {
	text := append([]string{"### " + card.Title}, sections(card, "- ", "")...)
	text = append(text, sink.NonEmpty(quote(card.Footnote), card.Context, button(card), card.Mention)...)
	return dingTalkAt(card.Mention, map[string]any{
		"msgtype":  "markdown",
		"markdown": map[string]any{"title": card.Push, "text": strings.Join(text, "\n\n")},
	})
}

func dingTalkText(text, mention string) map[string]any {
	return dingTalkAt(mention, map[string]any{
		"msgtype": "text",
		"text":    map[string]any{"content": strings.Join(sink.NonEmpty(text, mention), "\n")},
	})
}

// dingTalkAt names the people of a mention such as "@all", "@13800000000" or
// "@user": on DingTalk the text alone mentions nobody.
func dingTalkAt(mention string, body map[string]any) map[string]any {
	at := map[string]any{"isAtAll": false}
	var mobiles, users []string
	for _, word := range strings.Fields(mention) {
		who := strings.TrimPrefix(word, "@")
		switch {
		case who == "":
		case who == "all":
			at["isAtAll"] = true
		case strings.Trim(who, "+-0123456789") == "":
			mobiles = append(mobiles, who)
		default:
			users = append(users, who)
		}
	}
	if mobiles != nil {
		at["atMobiles"] = mobiles
	}
	if users != nil {
		at["atUserIds"] = users
	}
	body["at"] = at
	return body
}

// feishuCard is a card of schema 2.0: a colored header, Markdown, one button.
func feishuCard(card template.Card) map[string]any {
	var elements []any
	markdown := func(text, size string) {
		if text != "" {
			elements = append(elements, map[string]any{"tag": "markdown", "content": text, "text_size": size})
		}
	}
	markdown(strings.Join(sections(card, "- ", ""), "\n\n"), "normal")
	markdown(card.Mention, "normal")
	markdown(strings.Join(sink.NonEmpty(card.Footnote, card.Context), "\n"), "notation")
	if card.Button.URL != "" {
		elements = append(elements, map[string]any{
			"tag": "button", "type": "default", "text": plainTag(card.Button.Label),
			"behaviors": []any{map[string]any{"type": "open_url", "default_url": card.Button.URL}},
		})
	}
	return map[string]any{"msg_type": "interactive", "card": map[string]any{
		"schema": "2.0",
		"config": map[string]any{"summary": map[string]any{"content": card.Push}}, // what a push notification shows
		"header": map[string]any{"title": plainTag(card.Title), "template": feishuColor(card.Color)},
		"body":   map[string]any{"elements": elements},
	}}
}

func plainTag(text string) map[string]any {
	return map[string]any{"tag": "plain_text", "content": text}
}

func feishuColor(c template.Color) string {
	switch c {
	case template.Good:
		return "green"
	case template.Bad:
		return "red"
	case template.Mixed:
		return "orange"
	default:
		return "blue"
	}
}

func feishuText(text, mention string) map[string]any {
	return map[string]any{"msg_type": "text", "content": map[string]any{"text": strings.Join(sink.NonEmpty(text, mention), "\n")}}
}

// weComCard is a Markdown message of the first version, the one that every client
// reads: headings, bold, links, quotes, no lists.
func weComCard(card template.Card) map[string]any {
	text := append([]string{"### " + card.Title}, sections(card, "", "")...)
	text = append(text, sink.NonEmpty(quote(card.Footnote), card.Context, button(card), card.Mention)...)
	return map[string]any{"msgtype": "markdown", "markdown": map[string]any{"content": strings.Join(text, "\n")}}
}

func weComText(text, mention string) map[string]any {
	return map[string]any{"msgtype": "text", "text": map[string]any{"content": strings.Join(sink.NonEmpty(text, mention), "\n")}}
}

// colon is what stands between a label and its value, in the label's script.
func colon(label string) string {
	if strings.ContainsFunc(label, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return "："
	}
	return ": "
}
