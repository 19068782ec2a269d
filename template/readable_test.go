package template

import (
	"strings"
	"testing"

	"refreshwatch/poller"
)

// TestReadable: people at a terminal see every dialect's words, and none of its markup.
func TestReadable(t *testing.T) {
	set := load(t, Options{})
	m := message(poller.Finished, event(1, poller.Failed, "a & b_c"))
	for _, d := range Dialects() {
		c := card(t, set, d, m)
		for leaf, want := range map[string]string{
			c.Title:      "❌ Prefetch failed: …/season-02/episode-07/trailer.mp4",
			c.Rows[0]:    "✗ https://cdn.example.com/series/the-long-winter/season-02/episode-07/trailer.mp4",
			c.Context:    "cn-shanghai · submitted 2026-11-20 08:24 · finished by 08:30 UTC · 0f3c9a51",
			c.Reasons[0]: "a & b_c: check the operation records in the console, then submit again; if it happens again, open a ticket with the task ID.",
		} {
			if got := Readable(d, leaf); got != want {
				t.Errorf("%s: %q, want %q", d, got, want)
			}
		}
	}
	for _, d := range Dialects() {
		c := card(t, set, d, message(poller.Finished, hostile()...))
		for _, row := range c.Rows {
			if got := Readable(d, row); strings.ContainsAny(got, "\x1b\r\n\a") {
				t.Errorf("%s: %q moves a terminal's cursor", d, got)
			}
		}
	}
}
