package template

import (
	"slices"
	"strconv"
	"strings"

	// A copy of text/template that cannot call methods. The original makes the
	// linker keep every method of every type in the program: 3.3 MB more, measured
	// with Go 1.26. The syntax is the same.
	text "github.com/DataDog/datadog-agent/pkg/template/text"
)

// funcs are the functions templates have beside the language's own (eq, and, len,
// printf …). doc.go describes them for users.
func funcs() text.FuncMap {
	return text.FuncMap{
		"num":     num,
		"plural":  plural,
		"join":    join,
		"default": orDefault,
		"trunc":   trunc,
	}
}

// num writes 2500 as 2,500.
func num(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is the number with the form that goes with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return num(n) + " " + one
	}
	return num(n) + " " + many
}

// join joins those parts that are not empty.
func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), sep)
}

func orDefault(fallback, s string) string {
	if s == "" {
		return fallback
	}
	return s
}

// trunc keeps the first n characters, and never half an escape.
func trunc(n int, s string) string {
	runes := []rune(s)
	if n < 0 || len(runes) <= n {
		return s
	}
	return wholeEscapes(string(runes[:n])) + ellipsis
}

// wholeEscapes ends s before an escape, link or tag that was cut in two, and closes
// an open code span.
func wholeEscapes(s string) string {
	if i := strings.LastIndexByte(s, '<'); i > strings.LastIndexByte(s, '>') {
		s = s[:i]
	}
	if i := strings.LastIndex(s, "]("); i >= 0 && !strings.Contains(s[i:], ")") {
		s = s[:max(0, strings.LastIndexByte(s[:i], '['))]
	}
	if i := strings.LastIndexByte(s, '&'); i >= 0 && len(s)-i < len("&#12345;") && !strings.Contains(s[i:], ";") {
		s = s[:i]
	}
	if bare := strings.TrimRight(s, `\`); (len(s)-len(bare))%2 == 1 {
		s = s[:len(s)-1] // what it escaped was cut off
	}
	if strings.Count(s, "`")%2 == 1 {
		s += "`"
	}
	return s
}
