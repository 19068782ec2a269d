package setup

import (
	"strings"

	"refreshwatch/poller"
)

// fillIn replaces every ${NAME} in a value by the variable of that name. It is the
// only form of a reference: in a default ("${NAME:-…}") somebody puts a secret, and
// what a shell would make of other forms nobody here does. Nothing but a name that
// is one is ever repeated.
func fillIn(value string, getenv func(string) string) (string, *poller.Mistake) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(value, "$")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		inside, rest, closed := strings.Cut(strings.TrimPrefix(after, "{"), "}")
		braced := strings.HasPrefix(after, "{")
		switch {
		case braced && closed && isName(inside):
			filled := strings.TrimSpace(getenv(inside))
			if filled == "" {
				return "", &poller.Mistake{Problem: "the variable " + inside + " is not set", Next: "Set it where the function's or the shell's variables are set"}
			}
			b.WriteString(filled)
			value = rest
		case after != "" && (strings.IndexByte("{($", after[0]) >= 0 || isName(after[:1])):
			return "", &poller.Mistake{Problem: "holds a $ that is no ${NAME}", Next: "Write ${NAME} with a variable's name alone, without a default or anything else; in a URL or a path, write %24 for a $"}
		default:
			b.WriteByte('$')
			value = after
		}
	}
}

// isName reports whether s can name a variable.
func isName(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z' || s[i] == '_'
		if !letter && (i == 0 || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// namesIn are the variables that a text refers to.
func namesIn(text string) []string {
	var names []string
	for {
		_, after, found := strings.Cut(text, "${")
		if !found {
			return names
		}
		if inside, _, closed := strings.Cut(after, "}"); closed && isName(inside) {
			names = append(names, inside)
		}
		text = after
	}
}
