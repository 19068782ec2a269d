package sink

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

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

// BodyLines are the lines of a card: its rows and how many more there are. A card
// without rows, such as a notice, has its text.
func BodyLines(card template.Card) []string {
	if len(card.Rows)+len(card.Reasons) == 0 {
		return NonEmpty(card.Text)
	}
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

// PlainText is the card without layout, whole lines up to limit characters.
func PlainText(card template.Card, limit int) string {
	lines := append([]string{card.Text}, NonEmpty(append(slices.Clone(card.Rows), card.More)...)...)
	lines = append(append(lines, card.Reasons...), card.Context)
	return Pack(lines, limit)[0]
}

// Pack joins lines into texts of at most limit characters.
func Pack(lines []string, limit int) []string {
	var texts []string
	for _, line := range lines {
		line = Clip(line, limit)
		last := len(texts) - 1
		if last >= 0 && utf8.RuneCountInString(texts[last])+1+utf8.RuneCountInString(line) <= limit {
			texts[last] += "\n" + line
			continue
		}
		texts = append(texts, line)
	}
	return texts
}

// Clip cuts text to at most limit characters. The templates keep to the limits;
// this is for the message that does not.
func Clip(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// ClipBytes cuts text to at most limit bytes, between characters.
func ClipBytes(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// Shrink takes the last row from a card, then its reasons, and reports whether
// there was one. The templates keep to the limits; this is for the card that does
// not.
func Shrink(card *template.Card) bool {
	switch {
	case len(card.Rows) > 0:
		card.Rows = card.Rows[:len(card.Rows)-1]
	case len(card.Reasons) > 0:
		card.Reasons = card.Reasons[:len(card.Reasons)-1]
	default:
		return false
	}
	return true
}
