package watch

import (
	"context"
	"log/slog"
	"refreshwatch/poller/checkpoint"
	"slices"
	"testing"
)

// A store that asks for a person is an error in the log; one that is away is not.
func TestSeverityOfStores(t *testing.T) {
	away := storeError("load checkpoint", context.DeadlineExceeded)
	denied := storeError("load checkpoint", &checkpoint.Error{Err: errFault, Hint: "Grant oss:GetObject."})
	if got := []slog.Level{severity(Report{}, away), severity(Report{}, denied)}; !slices.Equal(got, []slog.Level{slog.LevelWarn, slog.LevelError}) {
		t.Errorf("%v", got)
	}
}
