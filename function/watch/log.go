package watch

import (
	"context"
	"errors"
	"log/slog"

	"refreshwatch/poller/checkpoint"
)

// LogSummary writes the one line a run leaves, with the report's fields.
func LogSummary(log *slog.Logger, r Report, err error) {
	fields := []any{
		"action", r.Action, "run", r.Run, "dry_run", r.DryRun, "api_calls", r.APICalls, "fetched", r.Fetched,
		"new", r.New, "complete", r.Complete, "failed", r.Failed, "canceled", r.Canceled, "stalled", r.Stalled, "expired", r.Expired,
		"silent", r.Silent, "sent", r.Sent, "covered", r.Covered, "retrying", r.Retrying, "waiting", r.Waiting, "dead", r.Dead,
		"in_flight", r.InFlight, "lag_seconds", r.LagSeconds, "conflict", r.Conflict, "truncated", r.Truncated, "took_ms", r.TookMS,
		"version", ThisVersion().Version,
	}
	if r.Stuck > 0 {
		fields = append(fields, "stuck", r.Stuck)
	}
	if r.Unproven > 0 {
		fields = append(fields, "unproven", r.Unproven)
	}
	if r.Gap != nil {
		fields = append(fields, "gap_from", r.Gap.From, "gap_to", r.Gap.To)
	}
	if err != nil {
		fields = append(fields, "code", Code(err), "error", err.Error())
	}
	log.Log(context.Background(), severity(r, err), "run", fields...)
}

// severity is Error when manual action is needed, Warn when a later run may succeed, else
// Info.
func severity(r Report, err error) slog.Level {
	switch {
	case err != nil && !recovers(err):
		return slog.LevelError
	case r.Dead > 0 && err != nil: // beside what recovers by itself
		return slog.LevelError
	case err != nil || r.Retrying > r.Waiting && r.Action != ActionStatus:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// recovers reports whether a later run may succeed without manual action.
func recovers(err error) bool {
	switch Code(err) {
	case CodeAPIUnavailable, CodeAPICredentials, CodeInterrupted:
		return true
	case CodeCheckpoint:
		var store *checkpoint.Error
		return !errors.As(err, &store) || store.Passing
	}
	return false
}
