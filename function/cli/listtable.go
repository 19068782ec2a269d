package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"refreshwatch/poller"
)

// writeTable writes every row in as many columns as the terminal has; only the object's
// path is shortened, in its middle. Where nobody looks (width 0) nothing is.
func writeTable(out io.Writer, l listed, w words, columns int) error {
	c := clock{l.zone}
	rows := [][]string{{w.say("CREATED"), w.say("STATUS"), w.say("TYPE"), w.say("TASK ID"), w.say("REASON"), w.say("OBJECT")}}
	for _, t := range l.Tasks {
		rows = append(rows, []string{c.short(t.Created), progressOf(t), printable(t.ObjectType), printable(t.TaskID), reason(t, w), printable(t.ObjectPath)})
	}
	if columns > 0 && columns < wideTable || tally(l.Tasks)["failed"] == 0 {
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 4, 5) // the reasons at the end have to do
		}
	}
	if columns > 0 && columns < narrowTable {
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 2, 3) // the id is what people copy
		}
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

// narrowTable has no room for the type beside the id.
const narrowTable = 60

// wideTable has room for a reason in each row.
const wideTable = 130

// widestCell bounds a column in which the API wrote something unusual.
const widestCell = 28

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
	if columns > 0 && columns-used >= narrowest && columnsOf(path) > columns-used {
		path = withoutQuery(path)
	}
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

// withoutQuery leaves out what stands behind the path: names tell more than parameters.
func withoutQuery(path string) string {
	if before, _, ok := strings.Cut(path, "?"); ok {
		return before + "?…"
	}
	return path
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
