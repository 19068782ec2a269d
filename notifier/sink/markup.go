package sink

import (
	"regexp"
	"strings"

	"refreshwatch/poller"
)

// Markup is how a platform mentions people. Each has its own, and takes that of
// another as plain text: it looks right and mentions nobody.
type Markup struct {
	Example string
	Pattern string // a regular expression of one mention
	Not     string // what the pattern matches and is another platform's; "" for nothing
}

// CheckMention reports a mention that mentions nobody on the platform, or holds what is
// another's, as a [*poller.Mistake] that names no setting.
func (k Kind) CheckMention(mention string) error {
	m := k.Markup
	if m.Pattern == "" {
		return &poller.Mistake{Problem: "a sink of type " + k.Type + " mentions nobody", Next: "Leave the mention out"}
	}
	rest := regexp.MustCompile(m.Pattern).ReplaceAllString(mention, " ")
	foreign := m.Not != "" && regexp.MustCompile(m.Not).MatchString(mention)
	left := strings.ContainsAny(rest, "<>@")
	switch {
	case rest != mention && !foreign && !left:
		return nil
	case rest != mention || left:
		return &poller.Mistake{Problem: "holds what is no mention on " + k.Title, Next: "Write " + m.Example}
	default:
		return &poller.Mistake{Problem: "mentions nobody on " + k.Title, Next: "Write " + m.Example}
	}
}
