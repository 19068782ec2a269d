package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// newLog writes JSON lines for machines, or short readable lines for a terminal.
func newLog(w io.Writer, level slog.Level, readable bool) *slog.Logger {
	if readable {
		return slog.New(&plainHandler{out: w, level: level})
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// plainHandler writes a line as a person reads it: the time, the level if it is
// more than Info, what happened, and then the details. No colours: NO_COLOR has
// nothing to switch off.
type plainHandler struct {
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
	group string
	words
}

func (h *plainHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *h
	more.attrs = slices.Concat(h.attrs, h.named(attrs))
	return &more
}

func (h *plainHandler) WithGroup(name string) slog.Handler {
	more := *h
	more.group += name + "."
	return &more
}

func (h *plainHandler) named(attrs []slog.Attr) []slog.Attr {
	named := slices.Clone(attrs)
	for i := range named {
		named[i].Key = h.group + named[i].Key
	}
	return named
}

func (h *plainHandler) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	line.WriteString(r.Time.Format(time.TimeOnly))
	if r.Level != slog.LevelInfo {
		line.WriteString(" " + strings.ToLower(r.Level.String()))
	}
	line.WriteString("  " + h.say(r.Message))
	details := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool { details = append(details, h.named([]slog.Attr{a})...); return true })
	hint := ""
	separator := ": "
	if h.say(r.Message) != r.Message {
		separator = h.say(": ")
	}
	for _, a := range details {
		if a.Key == "hint" {
			hint = h.say(". ") + printable(h.translate(a.Value.String()))
			continue
		}
		fmt.Fprintf(&line, "%s%s %s", separator, a.Key, printable(h.part(strings.ReplaceAll(plainValue(a.Value.Resolve()), "\n", "; "))))
		separator = ", "
	}
	line.WriteString(hint)
	_, err := io.WriteString(h.out, line.String()+"\n") // one write a line: lines of goroutines do not mix
	return err
}

func plainValue(v slog.Value) string {
	if v.Kind() == slog.KindTime {
		return v.Time().Format(time.RFC3339)
	}
	return v.String()
}
