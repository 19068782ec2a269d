package template

import (
	"strings"
	"unicode"
)

// clean makes foreign text printable on one line and takes out what would log its
// bearer in. All task data passes through here before anything else.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Noncharacter_Code_Point, r):
			return -1 // escapes move a terminal's cursor, bidi marks turn text around
		}
		return r
	}, s)
	return mask(strings.TrimSpace(s))
}
