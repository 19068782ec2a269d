package setup

import (
	"testing"

	"refreshwatch/function/watch"
)

// Losing to a concurrent run is normal now and then; run after run it means that nothing
// is done here, and somebody has to look.
func TestConflictRunAfterRunNeedsManualAction(t *testing.T) {
	w := &Program{}
	lost, fine := watch.Report{Conflict: true}, watch.Report{}
	for i, step := range []struct {
		report watch.Report
		want   string
	}{
		{lost, ""}, {lost, ""}, {fine, ""}, {lost, ""}, {lost, ""},
		{lost, watch.CodeCheckpoint}, {lost, watch.CodeCheckpoint}, {fine, ""}, {lost, ""},
	} {
		if got := watch.Code(w.conflicts(step.report, nil)); got != step.want {
			t.Errorf("run %d, conflict %v: code %q, want %q", i+1, step.report.Conflict, got, step.want)
		}
	}
}
