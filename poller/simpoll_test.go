package poller

import (
	"context"
	"errors"
	"time"
)

// simPoll is the product in a simulation.
type simPoll struct {
	state State
	stuck int // the most runs in a row
	peak  int // the most windows under way
}

func (p *simPoll) inFlight() int { return len(p.state.InFlight) }

// swept reports whether everything was read once.
func (p *simPoll) swept() bool { return p.state.Baseline.IsZero() && len(p.state.Windows) == 0 }

func (sim *simulation) before() bool { return false }

// run is one poll; a state that is not worth a write is forgotten.
func (p *simPoll) run(api *simAPI, fetch time.Duration, first bool) (keys []Key, ok bool) {
	now := time.Now()
	ctx, stop := context.WithDeadline(context.Background(), now.Add(fetch+9*time.Second))
	defer stop()
	l := DefaultLimits()
	l.Pages = max(1, int(fetch.Seconds()/api.interval.Seconds()))
	plan := p.state.Plan(now, l)
	r := NewReader(api, p.state, 8)
	r.Poll(ctx, p.state, plan, func(int) time.Time { return now.Add(fetch) })
	b := r.Batch()
	if errors.Is(b.Err, context.DeadlineExceeded) {
		b.Err = nil
	}
	c := p.state.Diff(plan, b, now, Policy{NotifyFirst: first, Clock: now})
	for _, n := range c.Notify {
		if n.Kind == Finished {
			keys = append(keys, n.Task.Key)
		}
	}
	if c.Changed {
		p.state = c.State
	}
	p.stuck, p.peak = max(p.stuck, c.State.Stuck), max(p.peak, len(c.State.Windows))
	return keys, b.Err == nil
}
