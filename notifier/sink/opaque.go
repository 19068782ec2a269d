package sink

import (
	"fmt"
	"strings"
	"unicode"

	"refreshwatch/poller"
)

// CheckOpaque is the Check of tokens and keys: printable ASCII without white space,
// quotes or brackets. The mistake names what is odd and where, and never the value:
// an editor, a shell or a copy leaves quotes, line ends or a typographic dash.
func CheckOpaque(value string) error { return checkRunes(value, "") }

// checkRunes reports the first odd character, other than those allowed. Letters
// outside ASCII are odd unless some character is allowed: only URLs have those.
func checkRunes(value, allowed string) error {
	runes := []rune(value)
	for i, r := range runes {
		what := odd(r)
		if what == "" || strings.ContainsRune(allowed, r) || allowed != "" && what == outsideASCII {
			continue
		}
		where := "there is %s in it"
		switch i {
		case 0:
			where = "there is %s at its beginning"
		case len(runes) - 1:
			where = "there is %s at its end"
		}
		return &poller.Mistake{Problem: fmt.Sprintf(where, what), Next: "Copy the value alone, without what stands around it"}
	}
	return nil
}

const outsideASCII = "a character outside ASCII"

// odd names a character that no token has; "" for any other.
func odd(r rune) string {
	switch {
	case r == '\n', r == '\r':
		return "a line break"
	case unicode.IsSpace(r):
		return "white space"
	case strings.ContainsRune("\"'`‘’“”„«»", r):
		return "a quotation mark"
	case strings.ContainsRune("<>{}()[]", r):
		return "a bracket"
	case r == '\\':
		return "a backslash"
	case r == '*', r == '…':
		return "a sign of a shortened value"
	case r < ' ', r == 0x7f, unicode.Is(unicode.Cf, r):
		return "an invisible character"
	case r > 0x7f:
		return outsideASCII
	default:
		return ""
	}
}
