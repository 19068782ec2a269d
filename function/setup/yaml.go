package setup

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"refreshwatch/poller"
)

// parseYAML reads the one document of CONFIG_FILE. The parser's own words help
// nobody who writes such a file twice a year, and may repeat it: what is wrong is a
// mistake of ours, with its place and what to write instead.
func parseYAML(file []byte) (*yaml.Node, *poller.Mistake) {
	text, m := plainText(file)
	if m != nil {
		return nil, m
	}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var doc yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &poller.Mistake{Problem: "is empty", Next: "Write sinks, and routes if not everything goes to all of them"}
	case err != nil:
		return nil, diagnose(text)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, secondDocument(text)
	}
	return &doc, nil
}

// plainText is the file as UTF-8 without a byte-order mark.
func plainText(file []byte) (string, *poller.Mistake) {
	text, ok := poller.DecodeText(file)
	if !ok && strings.ContainsRune(text, 0) {
		return "", &poller.Mistake{Problem: "is not UTF-8", Next: "Save it as UTF-8"}
	}
	for i, line := range strings.Split(text, "\n") {
		if column := invalidUTF8(line); column > 0 {
			return "", placed(i, column-1, "holds bytes that are not UTF-8", "Save the file as UTF-8: an editor has used another encoding, such as GBK")
		}
		line = strings.TrimSuffix(line, "\r")
		if column := strings.IndexFunc(line, unprintable); column >= 0 {
			return "", placed(i, utf8.RuneCountInString(line[:column]), "holds a control character", "Remove it")
		}
	}
	return text, nil
}

// invalidUTF8 is the column, from 1, of the first byte that is no UTF-8; 0 for none.
func invalidUTF8(line string) int {
	column := 0
	for len(line) > 0 {
		column++
		r, size := utf8.DecodeRuneInString(line)
		if r == utf8.RuneError && size == 1 {
			return column
		}
		line = line[size:]
	}
	return 0
}

func unprintable(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 }

// placed is a mistake at a line and column, both counted from 0.
func placed(line, column int, problem, next string) *poller.Mistake {
	return &poller.Mistake{Setting: at(line+1, column+1), Problem: problem, Next: next}
}

func at(line, column int) string { return fmt.Sprintf("CONFIG_FILE: line %d, column %d", line, column) }

func secondDocument(text string) *poller.Mistake {
	seen := false // something of the first document
	for i, line := range strings.Split(text, "\n") {
		marker := strings.HasPrefix(line, "---")
		if marker && seen {
			return placed(i, 0, "begins a second document, which nobody would read", "Keep one document in the file")
		}
		seen = seen || !marker && strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") && line[0] != '%'
	}
	return &poller.Mistake{Setting: "CONFIG_FILE", Problem: "holds more than one document", Next: "Keep one document in the file"}
}

// diagnose says why a text is no YAML: first what people write in this file, then the
// line up to which it can be read.
func diagnose(text string) *poller.Mistake {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		if indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(indent, "\t") && len(indent) < len(line) {
			return placed(i, strings.IndexByte(indent, '\t'), "a tab indents this line", "Indent with spaces")
		}
		if strings.HasPrefix(line, "%") {
			return placed(i, 0, "begins with a directive (%…)", "Remove the line")
		}
		for _, column := range valueStarts(line) {
			inFlow := strings.ContainsAny(line[:column], "{[")
			if why := needsQuotes(line[column:], text, inFlow); why != "" {
				return placed(i, utf8.RuneCountInString(line[:column]), why, `Put the value in quotes: "…"`)
			}
		}
	}
	if i := lastReadable(lines); i >= 0 {
		return placed(i, indentation(lines[i]), "is not YAML from here on", "Check the quotes, brackets, indentation and the space after each colon; a value that holds \": \" or \" #\" needs quotes")
	}
	return &poller.Mistake{Setting: "CONFIG_FILE", Problem: "is not YAML", Next: "Compare it with the example that refreshwatch help routes shows"}
}

// valueStarts are the columns, in bytes, at which a plain value may begin.
func valueStarts(line string) []int {
	var starts []int
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		blank := i+1 == len(line) || line[i+1] == ' '
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '#' && (i == 0 || line[i-1] == ' '):
			inFlow := strings.ContainsAny(line[:i], "{[") // where a comment hides the bracket that closes it
			if last := len(starts) - 1; last >= 0 && starts[last] == i && !inFlow {
				return starts[:last]
			}
			return starts
		case (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" [{,:", line[i-1]) >= 0):
			quote = c
		case c == ':' && blank, c == '-' && blank && strings.TrimLeft(line[:i], " -") == "", c == '[', c == ',', c == '{':
			if start := i + 1 + indentation(line[i+1:]); start < len(line) {
				starts = append(starts, start)
			}
		}
	}
	return starts
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// needsQuotes says why a plain value cannot begin as it does; in flow it stands between
// brackets.
func needsQuotes(value, text string, inFlow bool) string {
	if inFlow && strings.HasPrefix(value, "${") {
		return "a value in brackets begins with ${"
	}
	switch value[0] {
	case '@', '`', '%':
		return "a value begins with " + value[:1]
	case '#':
		return "a value begins with #, which begins a comment"
	case '*':
		anchor := value[1:]
		if i := strings.IndexAny(anchor, " ,]}\r"); i >= 0 {
			anchor = anchor[:i]
		}
		if anchor == "" || strings.Trim(strings.ToLower(anchor), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || !strings.Contains(text, "&"+anchor) {
			return "a value begins with *, which stands for an alias"
		}
	case '&':
		if len(value) == 1 || strings.IndexByte(" ,]}", value[1]) >= 0 {
			return "a value begins with &"
		}
	case ']', '}', '|', '>', '!':
	}
	return ""
}

// lastReadable is the first line with which the file cannot be read, -1 when that
// cannot be found out.
func lastReadable(lines []string) int {
	const most = 400 // lines; each try reads them all
	for n := min(len(lines), most) - 1; n >= 0; n-- {
		var doc yaml.Node
		if yaml.Unmarshal([]byte(strings.Join(lines[:n], "\n")), &doc) == nil {
			return n
		}
	}
	return -1
}
