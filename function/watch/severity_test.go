package watch

import (
	"context"
	"log/slog"
	"testing"

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
