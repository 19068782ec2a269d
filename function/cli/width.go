package cli

import (
	"regexp"
	"strings"
)

// columnsOf is how many columns of a terminal a text takes.
func columnsOf(s string) (n int) {
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns is 2 for what East Asian terminals show wide, 0 for marks that join the
// letter before them (Unicode 16, EastAsianWidth.txt, its large blocks).
func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r <= 0x36f, r == 0x200b, r == 0x200d, r >= 0xfe00 && r <= 0xfe0f:
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
		r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// shorten leaves out the middle of a text that is too wide: URLs differ in their
// hosts and last elements. 0 columns leave it as it is.
func shorten(s string, columns int) string {
	if columns <= 0 || columnsOf(s) <= columns {
		return s
	}
	head := (columns - 1) / 2
	return cut(s, head) + "…" + cutFront(s, columns-1-columnsOf(cut(s, head)))
}

// shortenEnd leaves out the end.
func shortenEnd(s string, columns int) string {
	if columns <= 0 || columnsOf(s) <= columns {
		return s
	}
	return cut(s, columns-1) + "…"
}

// cut is the longest beginning of s that fits.
func cut(s string, columns int) string {
	for i, r := range s {
		if columns -= runeColumns(r); columns < 0 {
			return s[:i]
		}
	}
	return s
}

// cutFront is the longest end of s that fits.
func cutFront(s string, columns int) string {
	runes := []rune(s)
	for i := len(runes) - 1; i >= 0; i-- {
		if columns -= runeColumns(runes[i]); columns < 0 {
			return string(runes[i+1:])
		}
	}
	return s
}

// wrap breaks a sentence at its spaces. 0 columns leave it in one line.
func wrap(s string, columns int) string {
	if columns <= 0 {
		return s
	}
	var out strings.Builder
	used := 0
	for word := range strings.FieldsSeq(s) {
		n := columnsOf(word)
		switch {
		case used == 0:
		case used+1+n > columns:
			out.WriteString("\n")
			used = 0
		default:
			out.WriteString(" ")
			used++
		}
		out.WriteString(word)
		used += n
	}
	return out.String()
}

// reflow breaks the lines that are wider than the terminal. What continues one stands
// below its text: behind the gap of a table, or as far in as the line begins. 0 columns
// leave everything as it is.
func reflow(text string, columns int) string {
	if columns <= 0 {
		return text
	}
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if !strings.Contains("\n"+p, "\n ") && widest(p) > columns { // prose
			p = strings.TrimSpace(lineBreaks.ReplaceAllStringFunc(p, joined)) + p[len(strings.TrimRight(p, "\n")):]
		}
		lines := strings.Split(p, "\n")
		for j, line := range lines {
			lines[j] = reflowLine(line, columns)
		}
		paragraphs[i] = strings.Join(lines, "\n")
	}
	return strings.Join(paragraphs, "\n\n")
}

func reflowLine(line string, columns int) string {
	if columnsOf(line) <= columns {
		return line
	}
	const narrowCell = 12
	head := line[:len(line)-len(strings.TrimLeft(line, " -"))]
	if gap := tableGap.FindString(line); gap != "" && columns-columnsOf(gap) >= narrowCell {
		head = gap
	}
	rest := wrap(line[len(head):], max(columns-columnsOf(head), narrowCell))
	return head + strings.ReplaceAll(rest, "\n", "\n"+strings.Repeat(" ", columnsOf(head)))
}

var (
	// tableGap is the first cell of a line with the spaces behind it.
	tableGap = regexp.MustCompile(`^ *\S+(?: \S+)* {2,}`)
	// lineBreaks are those in prose, with the letters beside them.
	lineBreaks = regexp.MustCompile(`[^\n]\n[^\n]`)
)

// joined is a line break as a space; between Chinese there is none.
func joined(around string) string {
	before, after, _ := strings.Cut(around, "\n")
	if len(before) > 1 && len(after) > 1 {
		return before + after
	}
	return before + " " + after
}

func widest(text string) (columns int) {
	for line := range strings.SplitSeq(text, "\n") {
		columns = max(columns, columnsOf(line))
	}
	return columns
}
