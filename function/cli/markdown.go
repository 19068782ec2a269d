package cli

import (
	"regexp"
	"strings"
	"unicode"
)

// section is what stands in a Markdown document under a heading, with the smaller
// headings in it.
func section(document, title string) string {
	var part []string
	level, fenced := 0, false
	for line := range strings.Lines(document) {
		marks, heading, isHeading := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		isHeading = isHeading && !fenced && marks != "" && strings.Trim(marks, "#") == ""
		switch {
		case level == 0 && isHeading && heading == title:
			level = len(marks)
		case level > 0 && isHeading && len(marks) <= level:
			return strings.Join(part, "")
		case level > 0:
			part = append(part, line)
		}
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
	}
	return strings.Join(part, "")
}

// plainText is Markdown as a terminal shows it: examples indented, tables as lists,
// no markup. Text fits the terminal's columns; with 0 it stays in its lines.
func plainText(markdown string, columns int) string {
	var b strings.Builder
	var header, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			b.WriteString(reflow(strings.Join(paragraph, "\n"), columns) + "\n")
			paragraph = nil
		}
	}
	fenced := false
	for line := range strings.Lines(strings.TrimSpace(markdown)) {
		line = strings.TrimRight(line, "\n ")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || fenced || strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "|") || strings.HasPrefix(trimmed, "- ") {
			flush()
		}
		switch {
		case strings.HasPrefix(trimmed, "```"):
			fenced = !fenced
		case fenced:
			b.WriteString("    " + line + "\n")
		case !strings.HasPrefix(trimmed, "|"):
			header = nil
			paragraph = append(paragraph, unmarked(headingMarks.ReplaceAllString(line, "")))
		case header == nil:
			header = cells(trimmed)
		case strings.Trim(trimmed, "|-: ") != "":
			b.WriteString(entry(header, cells(trimmed), columns))
		}
	}
	flush()
	return b.String()
}

// entry is a row of a table: its first cell, and below it the others, each after the
// head of its column except for the second.
func entry(header, row []string, columns int) string {
	text := unmarked(row[0]) + "\n"
	for i, cell := range row[1:] {
		switch {
		case cell == "":
		case i == 0:
			text += indented(unmarked(cell), columns)
		default:
			text += indented(unmarked(header[i+1]+colonAfter(header[i+1])+cell), columns)
		}
	}
	return text
}

// colonAfter is the colon of the language that a head is in.
func colonAfter(head string) string {
	if strings.ContainsFunc(head, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return "："
	}
	return ": "
}

// cells are the cells of a table's row.
func cells(row string) []string {
	parts := regexp.MustCompile(`(?:\\\||[^|])*`).FindAllString(strings.Trim(row, "|"), -1)
	for i, part := range parts {
		parts[i] = strings.TrimSpace(strings.ReplaceAll(part, `\|`, "|"))
	}
	return parts
}

var (
	links        = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
	headingMarks = regexp.MustCompile(`^#+ `)
	emphasis     = regexp.MustCompile(`\*\*([^*]+)\*\*|\*([^* ][^*]*)\*`)
)

// unmarked is text without its markup. What is code stays as it is.
func unmarked(text string) string {
	parts := strings.Split(links.ReplaceAllString(text, "$1"), "`") // a link's text may be code
	for i := range parts {
		if i%2 == 0 { // outside code
			parts[i] = emphasis.ReplaceAllString(parts[i], "$1$2")
		}
	}
	return strings.Join(parts, "")
}

// indented breaks a long text into lines where there are spaces to break it at.
func indented(text string, columns int) string {
	const readable = 80
	if columns == 0 || columns > readable {
		columns = readable
	}
	return "    " + strings.ReplaceAll(wrap(text, columns-4), "\n", "\n    ") + "\n"
}
