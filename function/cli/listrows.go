package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// line is t as list shows it to programs: the fields of a webhook's task.
func (l listed) line(t poller.Task) sink.Task {
	return sink.NewTask(poller.Event{Task: t, Observed: l.Read.Truncate(time.Second)})
}

// writeTaskLines writes one object a line.
func writeTaskLines(out io.Writer, l listed) error {
	var line bytes.Buffer
	to := json.NewEncoder(&line)
	to.SetEscapeHTML(false) // nobody embeds a line in a page, and & is in many paths
	for _, t := range l.Tasks {
		line.Reset()
		if err := to.Encode(l.line(t)); err != nil {
			return err
		}
		if _, err := io.WriteString(out, escapeInvisible(line.String())); err != nil {
			return err
		}
	}
	return nil
}

// escapeInvisible writes what a terminal would obey as JSON escapes: the same strings
// for a program, harmless for a person.
func escapeInvisible(line string) string {
	var out strings.Builder
	for _, r := range line {
		if r < utf8.RuneSelf || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

var csvHead = []string{"task_id", "object_type", "object_path", "domain", "status", "process", "description", "created_at", "observed_at"}

// writeCSV writes a head and one line a task.
func writeCSV(out io.Writer, l listed) error {
	to := csv.NewWriter(out)
	to.Write(csvHead) // Error below
	for _, t := range l.Tasks {
		line := l.line(t)
		created := ""
		if line.CreatedAt != nil {
			created = line.CreatedAt.Format(time.RFC3339)
		}
		row := []string{line.TaskID, line.ObjectType, line.ObjectPath, line.Domain, string(line.Status), line.Process,
			line.Description, created, line.ObservedAt.Format(time.RFC3339)}
		for i := range row {
			row[i] = plainCell(row[i])
		}
		to.Write(row)
	}
	to.Flush()
	return to.Error()
}

// plainCell keeps a spreadsheet from taking a cell for a formula: whoever submits a task
// chooses its path (OWASP, CSV Injection, read 2026-11). Programs of some locales part
// cells at semicolons and tabs as well, and take full-width signs.
func plainCell(s string) string {
	var out strings.Builder
	begins := true
	for _, r := range printable(s) {
		if begins && strings.ContainsRune("=+-@＝＋－＠", r) {
			out.WriteByte('\'')
		}
		out.WriteRune(r)
		begins = r == ';' || begins && r == ' '
	}
	return out.String()
}
