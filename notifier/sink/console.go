package sink

import (
	"context"
	"io"
	"strings"

	"refreshwatch/template"
)

// Console prints messages for a person to read: a laptop without sinks, the demo,
// previews.
type Console struct {
	Common
	Out     io.Writer
	Dialect template.Dialect // whose words it shows, without markup; "" for its own
}

// Send prints the message.
func (c *Console) Send(_ context.Context, m Message) error {
	text, err := c.render(m)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(c.Out, text); err != nil {
		return &Error{Class: Unknown, Code: "write", Err: err}
	}
	return nil
}

// render is the message as indented text.
func (c *Console) render(m Message) (string, error) {
	dialect := c.Dialect
	if dialect == "" {
		dialect = template.Plain
	}
	card, err := c.Card(dialect, m)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(card.Title + "\n")
	for _, line := range BodyLines(card) {
		b.WriteString("    " + line + "\n")
	}
	for _, reason := range card.Reasons {
		b.WriteString("    → " + reason + "\n")
	}
	width := 0
	for _, f := range card.Fields {
		width = max(width, columns(f.Label))
	}
	for _, f := range card.Fields {
		b.WriteString("    " + f.Label + strings.Repeat(" ", width-columns(f.Label)) + "  " + f.Value + "\n")
	}
	for _, line := range NonEmpty(card.Footnote, card.Context, card.Button.URL, card.Mention) {
		b.WriteString("    " + line + "\n")
	}
	b.WriteString("\n")
	return template.Readable(dialect, b.String()), nil
}

// columns is the width of text in a terminal: Chinese takes two a character.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r >= 0x1100 {
			n++
		}
	}
	return n
}
