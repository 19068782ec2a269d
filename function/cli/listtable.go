package cli

import (
	"fmt"
	"io"
	"strings"

	"refreshwatch/poller"
)

// writeTable writes every row in as many columns as the terminal has; only the object's
// path is shortened, in its middle. Where nobody looks (width 0) nothing is.
func writeTable(out io.Writer, l listed, w words, columns int) error {
	c := clock{l.zone}
	rows := [][]string{{w.say("CREATED"), w.say("STATUS"), w.say("TYPE"), w.say("TASK ID"), w.say("OBJECT")}}
	for _, t := range l.Tasks {
		rows = append(rows, []string{c.short(t.Created), progressOf(t), printable(t.ObjectType), printable(t.TaskID), printable(t.ObjectPath)})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			widths[i] = min(max(widths[i], columnsOf(cell)), widestCell)
		}
	}
	var text strings.Builder
	if len(l.Tasks) > 0 {
		for _, row := range rows {
			text.WriteString(tableLine(row, widths, columns) + "\n")
		}
		text.WriteString("\n")
	}
	text.WriteString(wrap(listSummary(l, w), columns) + "\n")
	if all := reasons(l.Tasks, w); len(all) > 0 {
		text.WriteString("\n" + w.say("Failures by reason:") + "\n")
		for _, r := range all {
			text.WriteString(shorten(fmt.Sprintf("  %5d  %s", r.rows, r.reason), columns) + "\n")
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// widestCell bounds a column in which the API wrote something unusual.
const widestCell = 24

// narrowest is what is left for a path on a small terminal: beyond it the line breaks.
const narrowest = 24

func tableLine(row []string, widths []int, columns int) string {
	var line strings.Builder
	used := 0
	for i, cell := range row[:len(row)-1] {
		cell = shorten(cell, widths[i])
		line.WriteString(cell + strings.Repeat(" ", widths[i]-columnsOf(cell)+2))
		used += widths[i] + 2
	}
	path := row[len(row)-1]
	switch {
	case columns == 0:
		line.WriteString(path)
	case columns-used >= narrowest:
		line.WriteString(shorten(path, columns-used))
	default: // a line of its own below the others
		return strings.TrimRight(shortenEnd(line.String(), columns), " ") + "\n  " + shorten(path, columns-2)
	}
	return line.String()
}

// progressOf is a row's status, with how far it is where that says more.
func progressOf(t poller.Task) string {
	if stateOf(t.Status) == "in flight" && t.Process != "" {
		return printable(string(t.Status) + " " + t.Process)
	}
	return printable(string(t.Status))
}

// listSummary is the counts in a sentence, and what window they are of.
func listSummary(l listed, w words) string {
	c := clock{l.zone}
	n := tally(l.Tasks)
	var parts []string
	for _, s := range states {
		if n[s] > 0 {
			parts = append(parts, w.say("%d "+s, n[s]))
		}
	}
	counts := w.count(len(l.Tasks), "task")
	if len(parts) > 0 {
		counts += w.say(": ") + strings.Join(parts, w.say(", "))
	}
	return w.say("%s. Created from %s to %s (%s).", counts, c.time(l.Window.From), c.time(l.Window.To), l.zone)
}
