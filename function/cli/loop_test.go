package cli

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Polls keep to multiples of the period, each a little late, whatever one takes; one that
// takes longer leaves times out and is not made up for.
func TestLoopKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		late := []time.Duration{3 * time.Second, 0, 5 * time.Second, time.Second, 2 * time.Second, 0}
		takes := []time.Duration{0, 59 * time.Second, time.Second, 150 * time.Second, 0, 0, 0}
		want := []time.Duration{0, 63 * time.Second, 180 * time.Second, 245 * time.Second, 421 * time.Second, 482 * time.Second, 540 * time.Second}
		var got []time.Duration
		n := 0
		loop{every: time.Minute, jitter: func() time.Duration { return late[len(got)-1] }}.until(ctx, func() bool {
			got = append(got, time.Since(start))
			time.Sleep(takes[n])
			if n++; n == len(takes) {
				stop()
			}
			return true
		})
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Fatalf("polls at %v, want %v", got, want)
			}
		}
	})
}

// A signal between two polls ends the loop at once, one during a poll after it.
func TestLoopStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, at := range []time.Duration{30 * time.Second, 65 * time.Second} {
			start := time.Now()
			ctx, stop := context.WithTimeout(t.Context(), at)
			polls := 0
			loop{every: time.Minute, jitter: func() time.Duration { return 0 }}.until(ctx, func() bool {
				polls++
				time.Sleep(10 * time.Second)
				return true
			})
			stop()
			want := map[time.Duration]time.Duration{30 * time.Second: 30 * time.Second, 65 * time.Second: 70 * time.Second}[at]
			if took := time.Since(start); took != want {
				t.Errorf("stopped after %d polls and %v, want %v", polls, took, want)
			}
		}
	})
}

// What outlasts a signal ends so long after it, and not before.
func TestOutlasting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, signal := context.WithCancel(t.Context())
		longer, release := outlasting(ctx, answerWithin)
		defer release()
		time.Sleep(time.Hour)
		signal()
		time.Sleep(answerWithin - 1)
		if longer.Err() != nil {
			t.Error("it ended early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if longer.Err() == nil {
			t.Error("it goes on")
		}
		tick, stop := context.WithTimeout(longer, time.Hour)
		defer stop()
		if tick.Err() != context.Canceled { // a poll was interrupted, and did not run out of time
			t.Error(tick.Err())
		}
	})
}
