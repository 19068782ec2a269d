package watch

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"

	"refreshwatch/poller/checkpoint"
)

// LogSummary writes the one line a run leaves, with the report's fields.
func LogSummary(log *slog.Logger, r Report, err error) {
	fields := append(r.fields(), "version", ThisVersion().Version)
	if err != nil {
		fields = append(fields, "code", Code(err), "error", err.Error())
	}
	log.Log(context.Background(), severity(r, err), "run", fields...)
}

// fields are the report's names and values as in its JSON, without what is only of one
// action. A gap is two fields.
func (r Report) fields() (fields []any) {
	value := reflect.ValueOf(r)
	for _, f := range reflect.VisibleFields(value.Type()) {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch v := value.FieldByIndex(f.Index); name {
		case "status", "checks", "verdict":
		case "gap":
			if r.Gap != nil {
				fields = append(fields, "gap_from", r.Gap.From, "gap_to", r.Gap.To)
			}
		default:
			if option == "" || !v.IsZero() {
				fields = append(fields, name, v.Interface())
			}
		}
	}
	return fields
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
