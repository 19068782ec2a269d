package main

import (
	"io"
	"log/slog"
	"time"
)

// newLog writes JSON lines for machines, or short readable lines for a terminal.
func newLog(w io.Writer, level slog.Level, readable bool) *slog.Logger {
	if !readable {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.String("time", a.Value.Time().Format(time.TimeOnly))
		}
		return a
	}}))
}

// logSummary writes the one line a run leaves, with the report's fields.
func logSummary(log *slog.Logger, r Report, err error) {
	fields := []any{
		"action", r.Action, "run", r.Run, "dry_run", r.DryRun, "api_calls", r.APICalls, "fetched", r.Fetched,
		"new", r.New, "complete", r.Complete, "failed", r.Failed, "stalled", r.Stalled, "expired", r.Expired,
		"silent", r.Silent, "sent", r.Sent, "covered", r.Covered, "retrying", r.Retrying, "dead", r.Dead,
		"in_flight", r.InFlight, "lag_seconds", r.LagSeconds, "conflict", r.Conflict, "truncated", r.Truncated, "took_ms", r.TookMS,
	}
	if r.Unproven > 0 {
		fields = append(fields, "unproven", r.Unproven)
	}
	if r.Gap != nil {
		fields = append(fields, "gap_from", r.Gap.From, "gap_to", r.Gap.To)
	}
	switch {
	case err == nil:
		log.Info("run", fields...)
	case heals(err):
		log.Warn("run", append(fields, "code", code(err), "error", err.Error())...)
	default:
		log.Error("run", append(fields, "code", code(err), "error", err.Error())...)
	}
}

// heals reports whether a later run may succeed without a person.
func heals(err error) bool {
	switch code(err) {
	case CodeAPIUnavailable, CodeAPICredentials, CodeCheckpoint:
		return true
	}
	return false
}
