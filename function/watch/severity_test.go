package watch

import (
	"bytes"
	"context"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
)

// A store whose failure needs a person is an error in the log; one that may answer a
// later run is a warning, also where there is something to check.
func TestSeverityOfStores(t *testing.T) {
	for _, row := range []struct {
		err  error
		want slog.Level
	}{
		{context.DeadlineExceeded, slog.LevelWarn},
		{&checkpoint.Error{Problem: "OSS answered 503", Passing: true}, slog.LevelWarn},
		{&checkpoint.Error{Problem: "the connection was refused", Next: "Check the address", Passing: true}, slog.LevelWarn},
		{&checkpoint.Error{Problem: "OSS answered 403", Next: "Grant oss:GetObject"}, slog.LevelError},
	} {
		if got := severity(Report{}, storeError("load checkpoint", row.err)); got != row.want {
			t.Errorf("%v: %v, want %v", row.err, got, row.want)
		}
	}
}

// The summary has every field of a report, also those that are left out when they are
// zero, and none that is only of one action.
func TestSummaryHasEveryField(t *testing.T) {
	r := Report{Gap: &poller.Span{}, Status: &Status{}, Checks: []Finding{{}}}
	value := reflect.ValueOf(&r).Elem()
	var want []string
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if name == "verdict" { // as checks: of one action only
			continue
		}
		switch f := value.Field(i); {
		case f.CanInt():
			f.SetInt(7)
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.Kind() == reflect.String:
			f.SetString("x")
		default:
			continue
		}
		want = append(want, `"`+name+`":`)
	}
	var log bytes.Buffer
	LogSummary(slog.New(slog.NewJSONHandler(&log, nil)), r, nil)
	for _, field := range append(want, `"gap_from":`, `"gap_to":`, `"version":`) {
		if !strings.Contains(log.String(), field) {
			t.Errorf("no %s in %s", field, &log)
		}
	}
	for _, field := range []string{`"status":`, `"checks":`, `"verdict":`, `"gap":`} {
		if strings.Contains(log.String(), field) {
			t.Errorf("%s in %s", field, &log)
		}
	}
	if len(want) < 20 {
		t.Errorf("only %v were looked for", want)
	}
}
