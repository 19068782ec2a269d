package bot

import (
	"strings"
	"unicode/utf8"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// discordCard is an embed with a bar in the verdict's colour. Mentions count only in
// the content beside it (Discord, Message resource, read 2026-11).
func discordCard(card template.Card) map[string]any {
	embed := map[string]any{"title": card.Title, "color": discordColor(card.Color)}
	// One text, because Discord shows an embed's fields below it, and its footer's Markdown
	// as it is.
	text := append(sections(card, "", "> "), sink.NonEmpty(quote(card.Footnote), card.Context)...)
	if len(text) > 0 {
		embed["description"] = strings.Join(text, "\n")
	}
	if card.Button.URL != "" {
		embed["url"] = card.Button.URL
	}
	body := map[string]any{"embeds": []any{embed}, "allowed_mentions": discordMentions(card.Mention)}
	if card.Mention != "" {
		body["content"] = card.Mention
	}
	return body
}

// discordFits keeps to the limits of an embed, which count characters (Discord, Embed
// Limits, read 2026-11).
func discordFits(body map[string]any) bool {
	embed := body["embeds"].([]any)[0].(map[string]any)
	n := func(key string) int { text, _ := embed[key].(string); return utf8.RuneCountInString(text) }
	return n("title") <= 256 && n("description") <= 4096
}

func discordText(text, mention string) map[string]any {
	return map[string]any{"content": strings.Join(sink.NonEmpty(text, mention), "\n"), "allowed_mentions": discordMentions(mention)}
}

// discordMentions allows exactly the people and roles of a mention such as
// "<@123> <@&456> @here"; Discord notifies nobody else, whatever the text holds.
func discordMentions(mention string) map[string]any {
	allowed := map[string]any{"parse": []string{}}
	var users, roles []string
	for _, word := range strings.Fields(mention) {
		id, isID := strings.CutPrefix(strings.TrimSuffix(word, ">"), "<@")
		id = strings.TrimPrefix(id, "!") // an older form of a person
		role, isRole := strings.CutPrefix(id, "&")
		switch {
		case word == "@everyone", word == "@here":
			allowed["parse"] = []string{"everyone"}
		case isID && isRole:
			roles = append(roles, role)
		case isID:
			users = append(users, id)
		}
	}
	if users != nil {
		allowed["users"] = users
	}
	if roles != nil {
		allowed["roles"] = roles
	}
	return allowed
}

func discordColor(c template.Color) int {
	switch c {
	case template.Good:
		return 0x2eb886
	case template.Bad:
		return 0xa30200
	case template.Mixed:
		return 0xdaa038
	default:
		return 0xdddddd
	}
}
