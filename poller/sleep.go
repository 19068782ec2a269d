package poller

import (
	"context"
	"time"
)

// Sleep returns nil after d, or ctx's error as soon as ctx is done. It is the one
// interruptible wait of the program, here because every package may import this one.
func Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil || d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
