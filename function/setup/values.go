package setup

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"refreshwatch/poller"
)

// shape is what the values of one kind of setting look like.
type shape int

const (
	word shape = iota // no spaces, ASCII: tokens, keys, URLs, channels, choices
	name              // no spaces, letters of any script: domains, paths of files
	line              // one line of any text: labels, mentions
)

// checkShape names what an editor, a shell, a copy or a tool has left in a value, and
// what can be no value at all. It never repeats the value, which may be a secret. nil
// when there is nothing of the kind.
func checkShape(value string, s shape) *poller.Mistake {
	for _, rule := range oddities {
		if s <= rule.most && rule.found(value) {
			return &poller.Mistake{Problem: rule.problem, Next: rule.next}
		}
	}
	for _, r := range value {
		if m := checkRune(r, s); m != nil {
			return m
		}
	}
	return nil
}

// oddity is one way a value goes wrong on its way into a setting.
type oddity struct {
	most          shape // applies to this shape and the stricter ones
	found         func(value string) bool
	problem, next string
}

const quotes = "\"'`“”‘’„‚«»‹›「」『』＂＇"

var oddities = []oddity{
	{line, func(v string) bool { return !utf8.ValidString(v) },
		"holds bytes that are no text", "Save the file it comes from as UTF-8, and copy the value again"},
	{line, func(v string) bool { return strings.ContainsAny(v, "\n\r") },
		"holds a line break", "Write it on one line"},
	{line, isQuoted,
		"still has quotes around it", "Remove them: not every tool takes the quotes off, such as those of an env file"},
	{name, func(v string) bool { return strings.ContainsAny(edges(v), quotes) },
		"begins or ends with a quote", "Remove it"},
	{word, func(v string) bool { return strings.Contains(v, " #") || strings.Contains(v, "\t#") },
		"has a comment behind it", "Not every tool takes comments off: remove it"},
	{word, func(v string) bool { return strings.ContainsAny(v, quotes) },
		"holds a quote", "Copy the value again, without quotes"},
	{line, isAssignment,
		"repeats a variable's name and = in its value", "Keep only what follows the ="},
	{word, func(v string) bool { return hasPrefixFold(v, "bearer ") || hasPrefixFold(v, "basic ") },
		"begins with the word that a header puts before it", "Keep only what follows the space"},
	{line, isReference,
		"holds a reference that was not filled in", "Write the value itself, or let the tool that starts this program fill it in"},
	{name, func(v string) bool { return strings.ContainsAny(edges(v), "<>") },
		"begins or ends with an angle bracket", "Write the value alone"},
	{word, isPlaceholder,
		"is a placeholder", "Set the real value, or leave the variable empty"},
	{word, func(v string) bool {
		return strings.HasPrefix(v, "//") || strings.HasPrefix(v, "#") && strings.Contains(v, " ")
	},
		"begins like a comment", "Remove the comment"},
	{word, func(v string) bool { return strings.HasSuffix(v, ",") || strings.HasSuffix(v, ";") },
		"ends with a comma or semicolon", "Remove it"},
	{word, func(v string) bool {
		return strings.HasSuffix(v, `\`) || strings.Contains(v, `\n`) || strings.Contains(v, `\"`)
	},
		"holds a backslash", "Copy the value again: a shell or an editor has left it there"},
}

// checkRune judges one character.
func checkRune(r rune, s shape) *poller.Mistake {
	switch {
	case r == '\t':
		return &poller.Mistake{Problem: "holds a tab", Next: "Remove it"}
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == 0x2800, r == 0x3164, r == 0x115F, r == 0x1160:
		return &poller.Mistake{Problem: fmt.Sprintf("holds an invisible character (U+%04X)", r), Next: "Write the value by hand, or copy it from another place"}
	case s == line:
		return nil
	case unicode.IsSpace(r):
		return &poller.Mistake{Problem: "holds a space", Next: "Remove it"}
	case s == word && r >= utf8.RuneSelf:
		return &poller.Mistake{Problem: fmt.Sprintf("holds the character %s (U+%04X), which no such value has", string(r), r), Next: "Copy the value again, or write it with an English keyboard"}
	}
	return nil
}

// edges are the first and the last character.
func edges(v string) string {
	_, first := utf8.DecodeRuneInString(v)
	_, last := utf8.DecodeLastRuneInString(v)
	return v[:first] + v[len(v)-last:]
}

func isQuoted(v string) bool {
	open, size := utf8.DecodeRuneInString(v)
	end, last := utf8.DecodeLastRuneInString(v)
	return len(v) > size && last > 0 && strings.ContainsRune(quotes, open) && strings.ContainsRune(quotes, end)
}

// assignment is a value that repeats its name, as in "SLACK_BOT_TOKEN=xoxb-…",
// "export A=b" or "token: xoxb-…". The padding of base32 and base64 is none.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(export\s|set\s|ENV\s|[A-Z][A-Z0-9_]{2,}\s*=\s*[^=\s]|(?i:token|secret|url|channel|key|password|webhook|access_?key_?(id|secret))\s*[:=]\s*[^=\s])`)
})

func isAssignment(v string) bool {
	return strings.ContainsAny(v, "=: ") && assignment().MatchString(v)
}

// reference is what shells ($A, ${A}, $(a), %A%), templates ({{ a }}) and pipelines
// (<%= a %>, @{a}) fill in.
var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$[A-Za-z_][A-Za-z0-9_]*$|\$\{|\$\(|\{\{|\}\}|<%|^%[A-Za-z_][A-Za-z0-9_]*%$|^@\{`)
})

func isReference(v string) bool { return strings.ContainsAny(v, "${%@") && reference().MatchString(v) }

// isPlaceholder reports whether a value stands for one that nobody has filled in.
func isPlaceholder(v string) bool {
	if strings.ContainsAny(v, "…•●") || strings.Contains(v, "***") || strings.Contains(v, "...") {
		return true
	}
	lower := strings.ToLower(strings.Trim(v, "<>[]()"))
	switch lower {
	case "null", "nil", "undefined", "none", "n/a", "todo", "tbd", "xxx", "xxxx", "xxxxx", "changeme", "change_me", "change-me", "placeholder":
		return true
	}
	if _, rest, isURL := strings.Cut(lower, "://"); isURL {
		_, path, _ := strings.Cut(rest, "/") // a host may begin like that: your-server.de
		return strings.Contains("/"+path, "/your-") || strings.Contains("/"+path, "/your_") || strings.Contains(lower, "xxxxxx")
	}
	return strings.HasPrefix(lower, "your-") || strings.HasPrefix(lower, "your_") || strings.Contains(lower, "xxxxxx")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
