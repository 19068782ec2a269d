package poller

import (
	"strings"
	"unicode"
)

// Printable is foreign text made safe to show on one line: in a terminal, a log or
// a message. White space of any kind becomes a space; control characters (C0, C1),
// format characters such as bidirectional marks, and noncharacters are dropped;
// invalid UTF-8 becomes U+FFFD. Escape sequences move a terminal's cursor and can
// rewrite what stands above, bidirectional marks turn text around.
//
// It does not make text identical that was not: keys and paths keep their bytes
// where they are compared, and pass through here where they are shown.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Noncharacter_Code_Point, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
