package poller

import "testing"

func TestQuotaIsLow(t *testing.T) {
	for _, row := range []struct {
		left, total int
		want        bool
	}{
		{0, 0, false}, // the product does not have it
		{0, 1, true}, {1, 1, false}, {1, 10, false}, {0, 10, true},
		{199, 2000, true}, {200, 2000, false}, {2000, 2000, false}, {3000, 2000, false},
		{1, 11, true}, {1, 9, false},
	} {
		if got := (Quota{Left: row.left, Total: row.total}).IsLow(); got != row.want {
			t.Errorf("%d of %d: %v", row.left, row.total, got)
		}
	}
}
