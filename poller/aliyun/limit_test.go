package aliyun

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// leave lets n goroutines leave through p each times, and returns when.
func leave(t *testing.T, p *limiter, goroutines, each int) []time.Time {
	t.Helper()
	var (
		mu   sync.Mutex
		left []time.Time
		all  sync.WaitGroup
	)
	for range goroutines {
		all.Go(func() {
			for range each {
				if err := p.wait(t.Context()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				left = append(left, time.Now())
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.SortFunc(left, time.Time.Compare)
	return left
}

// busiest is the most departures in any window of one second.
func busiest(left []time.Time) int {
	most := 0
	for i, from := range left {
		n := 0
		for _, at := range left[i:] {
			if at.Sub(from) < time.Second {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestCeilingHoldsInEverySecond(t *testing.T) {
	for _, qps := range []float64{0.5, 1, 4, 5, 10, 50, 1000} {
		synctest.Test(t, func(t *testing.T) {
			const n = 16 * 10
			left := leave(t, newLimiter(qps), 16, 10)
			if most := busiest(left); float64(most) > math.Ceil(qps) {
				t.Errorf("%v a second: %d left within one", qps, most)
			}
			took, least := left[n-1].Sub(left[0]), time.Duration((n-1)/qps*float64(time.Second))
			if took <= least || took > least*103/100 {
				t.Errorf("%v a second: %d took %v, want a little more than %v, at most 3 %%", qps, n, took, least)
			}
		})
	}
}

func TestNoBurstAfterAPauseOrARest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLimiter(4)
		leave(t, p, 1, 1)
		time.Sleep(time.Hour) // an idle hour earns nothing
		start := time.Now()
		go func() {
			time.Sleep(600 * time.Millisecond)
			p.pause(10 * time.Second) // while others wait
		}()
		left := leave(t, p, 8, 4)
		if most := busiest(left); most > 4 {
			t.Errorf("%d left within a second", most)
		}
		for _, at := range left {
			if d := at.Sub(start); d > 600*time.Millisecond && d < 10600*time.Millisecond {
				t.Errorf("one left at %v, during the pause", d)
			}
		}
	})
}

func TestAWaiterLeavesWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLimiter(0.01)
		leave(t, p, 1, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := p.wait(ctx); !errors.Is(err, errNoTime) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if took := leave(t, p, 1, 1); len(took) != 1 {
			t.Error("the turn was lost")
		}
	})
}
