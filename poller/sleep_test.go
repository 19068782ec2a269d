package poller

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct{ sleep, until, want time.Duration }{
			{time.Minute, time.Hour, time.Minute}, {time.Hour, time.Minute, time.Minute}, {0, time.Hour, 0}, {-time.Hour, time.Hour, 0}, {time.Hour, -1, 0},
		} {
			ctx, stop := context.WithTimeout(t.Context(), tt.until)
			began := time.Now()
			err := Sleep(ctx, tt.sleep)
			if took := time.Since(began); took != tt.want || (err != nil) != (tt.until < tt.sleep || tt.until < 0) {
				t.Errorf("sleep %s with %s left: %v after %s, want %s", tt.sleep, tt.until, err, took, tt.want)
			}
			stop()
		}
	})
}
