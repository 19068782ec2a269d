package poller

import "testing"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, 中文, é":        "plain text, 中文, é",
		"two\r\nlines\tand a tab":  "two  lines and a tab",
		"\x1b[2J\x1b]0;title\x07x": "[2J]0;titlex", // C0
		"a\u009b31mred\u0085b":     "a31mred b",    // C1: CSI; NEL is white space
		"evil\u202egnp.exe\u2066":  "evilgnp.exe",  // bidirectional marks
		"zero\u200bwidth\ufeff":    "zerowidth",
		"tag\U000e0041s":           "tags",
		"line\u2028separator":      "line separator",
		"bad\xffutf8":              "bad\ufffdutf8",
		"non\uffffcharacter":       "noncharacter",
		"\x7f":                     "",
	} {
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, want %q", in, got, want)
		}
	}
}
