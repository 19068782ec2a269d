package sink

import (
	"encoding/json"
	"slices"
	"strings"

	"refreshwatch/template"
)

// Encode is json.Marshal without HTML escapes: a path's & stays an &.
func Encode(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

// BodyLines are the lines of a card: its rows, and what they do not show.
func BodyLines(card template.Card) []string {
	return NonEmpty(append(slices.Clone(card.Rows), card.More)...)
}

// NonEmpty are the texts that are not empty.
func NonEmpty(texts ...string) []string {
	var out []string
	for _, text := range texts {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// PlainText is the card without layout: as many whole lines as fit into limit bytes.
// escape makes a line harmless first.
func PlainText(card template.Card, limit int, escape func(string) string) string {
	text := escape(card.Text)
	if len(text) > limit {
		text = escape(card.Push)
	}
	for _, line := range append(append(BodyLines(card), card.Reasons...), card.Context) {
		longer := text + "\n" + escape(line)
		if len(longer) > limit {
			break
		}
		text = longer
	}
	return strings.TrimSuffix(text, "\n")
}
