package aliyun

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// slack makes the gap between two requests one hundredth wider than the ceiling
// asks for: no sliding second of the server's clock holds one too many, though
// the network moves arrivals a little.
const slack = 1.01

// pacer lets one request leave at a time, each at least a gap after the one that
// left before it. The gap counts from the moment of leaving, not from a schedule:
// a goroutine that wakes late does not let the next one follow closer.
type pacer struct {
	gap  time.Duration
	turn chan struct{} // holds one token: whose turn it is to leave

	mu   sync.Mutex
	next time.Time // nothing leaves before
}

func newPacer(maxQPS float64) *pacer {
	p := &pacer{
		gap:  time.Duration(math.Ceil(slack * float64(time.Second) / maxQPS)),
		turn: make(chan struct{}, 1),
	}
	p.turn <- struct{}{}
	return p
}

// wait returns when a request may leave, or with ctx's error.
func (p *pacer) wait(ctx context.Context) error {
	select {
	case <-p.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { p.turn <- struct{}{} }()
	for { // a pause may come up while this one sleeps
		gap := p.leave(time.Now())
		if gap <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, gap); err != nil {
			return err
		}
	}
}

// leave reserves now for a request, or says how long to wait.
func (p *pacer) leave(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if gap := p.next.Sub(now); gap > 0 {
		return gap
	}
	p.next = now.Add(p.gap)
	return 0
}

// pause keeps every goroutine from leaving for d.
func (p *pacer) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.next) {
		p.next = until
	}
}

// checkQPS keeps the gap between two requests a sane duration: from a hundredth of
// a request a second to a thousand.
func checkQPS(maxQPS float64) error {
	if maxQPS >= 0.01 && maxQPS <= 1000 { // false for NaN, too
		return nil
	}
	return fmt.Errorf("VOD_MAX_QPS %v is out of range; it is the most requests a second, from 0.01 to 1000", maxQPS)
}
