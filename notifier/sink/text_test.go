package sink

import (
	"strings"
	"testing"

	"refreshwatch/template"
)

func TestPlainText(t *testing.T) {
	card := template.Card{Push: "push", Text: "the text", Rows: []string{"<row>", strings.Repeat("界", 20)}, More: "more", Reasons: []string{"reason"}, Context: "context"}
	same := func(s string) string { return s }
	for limit, want := range map[int]string{
		200: "the text\n<row>\n" + card.Rows[1] + "\nmore\nreason\ncontext",
		99:  "the text\n<row>\n" + card.Rows[1] + "\nmore\nreason\ncontext",
		80:  "the text\n<row>\n" + card.Rows[1] + "\nmore",
		74:  "the text\n<row>",
		7:   "push",
	} {
		if got := PlainText(card, limit, same); got != want {
			t.Errorf("%d bytes: %q, want %q", limit, got, want)
		}
	}
	wide := strings.NewReplacer("<", "＜", ">", "＞").Replace
	if got := PlainText(card, 17, wide); got != "the text" {
		t.Errorf("%q is longer than 17 bytes when it is escaped", got)
	}
}
