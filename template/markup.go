package template

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// markup is how a dialect is written: foreign text reads as it is and means nothing.
type markup struct {
	escape  func(string) string                                // text that stands among other text
	literal func(string) string                                // text set off from it: paths, ids
	date    func(t time.Time, day bool, written string) string // a time with or without its day
	flat    func(leaf string) string                           // a leaf for a place that reads no markup
	bold    string                                             // goes before and after
}

func (d Dialect) markup() markup {
	m := markup{bold: "**", flat: same, date: asWritten}
	switch d {
	case Slack:
		m.escape, m.literal, m.date, m.bold = slackText, slackCode, slackDate, "*"
		m.flat = func(leaf string) string { return slackDates.ReplaceAllString(leaf, "$1") }
	case DingTalk:
		// Inline code is not among the Markdown DingTalk documents (read 2026-11).
		m.escape = syntax{special: "\\*~[]<>`", words: true, at: true, entities: true, replace: wide}.escape
		m.literal = m.escape
	case Feishu:
		// Feishu documents numeric entities for whatever Markdown would read, and
		// ":OK:" as an emoji (card JSON 2.0, Markdown, read 2026-11). A header shows an
		// entity as it is written; it reads tags all the same.
		m.escape = syntax{special: "\\*_~[]()<>&`#!$|", emoji: true, replace: entity}.escape
		m.literal = m.escape
		m.flat = func(leaf string) string {
			return syntax{special: "<>", at: true, plain: true, replace: wide}.escape(html.UnescapeString(leaf))
		}
	case WeCom:
		m.escape = syntax{special: "\\*~[]<>`", words: true, at: true, entities: true, replace: wide}.escape
		m.literal = wecomCode
	case Teams:
		// Adaptive Cards read bold, italics, lists, links and {{DATE(…)}}, and no code
		// (Microsoft Learn, Format cards in Teams, read 2026-11).
		m.escape = syntax{special: "\\*~[]<>`{", words: true, entities: true, replace: wide}.escape
		m.literal = m.escape
	case Discord:
		// A backslash takes the meaning of any of them (Discord, Markdown Text 101, read
		// 2026-11); an @ is widened, because a mention is no markup.
		m.escape = syntax{special: "\\*_~|[]()<>`", at: true, emoji: true, replace: backslash}.escape
		m.literal = ticked
	default:
		m.escape, m.literal, m.bold = same, same, ""
	}
	return m
}

func same(s string) string { return s }

// syntax says which characters a dialect would read as markup.
type syntax struct {
	special  string // these wherever they stand
	words    bool   // _ at the edge of a word
	at       bool   // @, but not the one of "logo@2x.png"
	emoji    bool   // a : that may open or close an emoji's name
	entities bool   // an & that begins an entity such as &lt;
	plain    bool   // line starts mean nothing
	replace  func(rune) string
}

// escape replaces what would be read as markup.
func (x syntax) escape(s string) string {
	var b strings.Builder
	runes := []rune(s)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	for i, r := range runes {
		prev, next := at(i-1), at(i+1)
		switch {
		case strings.ContainsRune(x.special, r),
			i == 0 && !x.plain && strings.ContainsRune("#+-=>", r),
			r == '_' && x.words && !(alnum(prev) && alnum(next)),
			r == '@' && x.at && !(unicode.IsDigit(next) && at(i+2) == 'x'),
			r == ':' && x.emoji && opensEmoji(runes[i+1:]),
			r == '&' && x.entities && opensEntity(runes[i+1:]):
			b.WriteString(x.replace(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func alnum(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// opensEmoji reports whether what follows a colon is "name:".
func opensEmoji(rest []rune) bool {
	n := slices.IndexFunc(rest, func(r rune) bool { return !alnum(r) && !strings.ContainsRune("_+-'", r) })
	return n > 0 && rest[n] == ':'
}

// opensEntity reports whether what follows an ampersand is "name;" or "#123;".
func opensEntity(rest []rune) bool {
	n := slices.IndexFunc(rest, func(r rune) bool { return !alnum(r) && r != '#' })
	return n > 0 && rest[n] == ';'
}

// wide is the full-width form of an ASCII character: it looks the same and is no
// markup anywhere. It is the way out for dialects that cannot escape.
func wide(r rune) string { return string(r + 0xFEE0) }

func backslash(r rune) string {
	if r == '@' {
		return wide(r)
	}
	return `\` + string(r)
}

func entity(r rune) string { return fmt.Sprintf("&#%d;", r) }

// slackText escapes the three characters Slack has escapes for, and widens those
// it has none for (docs.slack.dev, Formatting message text, read 2026-11).
func slackText(s string) string {
	return syntax{special: "&<>*~`", words: true, emoji: true, replace: func(r rune) string {
		if strings.ContainsRune("&<>", r) {
			return slackEscape(string(r))
		}
		return wide(r)
	}}.escape(s)
}

func slackEscape(s string) string {
	s = strings.ReplaceAll(s, "&", "&amp;") // first: the others bring new ones
	return strings.ReplaceAll(strings.ReplaceAll(s, "<", "&lt;"), ">", "&gt;")
}

// slackCode keeps a path or an id exactly as it is, but for backticks.
func slackCode(s string) string {
	return slackEscape(ticked(s))
}

// wecomCode is the same for WeCom, where <@id> might count even inside code.
func wecomCode(s string) string {
	return ticked(strings.ReplaceAll(strings.ReplaceAll(s, "<", wide('<')), ">", wide('>')))
}

// ticked is inline code that holds no backtick of its own.
func ticked(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}

func asWritten(_ time.Time, _ bool, written string) string { return written }

// slackDate is shown in the reader's own time zone.
func slackDate(t time.Time, day bool, written string) string {
	format := "{time}"
	if day {
		format = "{date_num} {time}"
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), format, written)
}

// slackDates finds them: notifications may show them as they are written.
var slackDates = regexp.MustCompile(`<!date\^[^|<>]*\|([^<>]*)>`)
