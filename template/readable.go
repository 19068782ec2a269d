package template

import (
	"html"
	"regexp"
	"strings"
)

// Readable is a leaf of a card in dialect d as its platform shows it, without markup:
// for people at a terminal, never for a message.
func Readable(d Dialect, leaf string) string {
	switch d {
	case Slack:
		leaf = slackDates.ReplaceAllString(leaf, "$1")
		leaf = html.UnescapeString(slackLinks.ReplaceAllString(leaf, "$1"))
		return strings.NewReplacer("*", "", "`", "").Replace(leaf)
	case Discord:
		return bold.Replace(escaped.ReplaceAllString(leaf, "$1"))
	case DingTalk, Feishu, WeCom, Teams:
		leaf = fontTags.ReplaceAllString(links.ReplaceAllString(leaf, "$1"), "")
		return html.UnescapeString(bold.Replace(leaf))
	}
	return leaf
}

var (
	slackLinks = regexp.MustCompile(`<https?:[^|<>]*\|([^<>]*)>`)
	links      = regexp.MustCompile(`\[([^\[\]]*)\]\(https?:[^()]*\)`)
	fontTags   = regexp.MustCompile(`<font color="[a-z]+">|</font>`)
	escaped    = regexp.MustCompile(`\\([^a-zA-Z0-9])`)
	bold       = strings.NewReplacer("**", "", "`", "")
)
