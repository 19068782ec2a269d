package poller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// unreliable is the simulated API on a bad day.
type unreliable struct {
	*fakeAPI
	rng  *rand.Rand
	late map[Key]time.Time // listed only from then on
}

func (u unreliable) List(ctx context.Context, q Query, n int) (Page, error) {
	if u.rng.IntN(20) == 0 {
		return Page{}, &Error{Class: Transient, Code: "Throttling.User", Err: errors.New("busy")}
	}
	p, err := u.fakeAPI.List(ctx, q, n)
	kept := p.Tasks[:0:0]
	for _, t := range p.Tasks {
		if u.fakeAPI.now.Before(u.late[t.Key]) {
			p.Total--
			continue
		}
		if u.rng.IntN(50) == 0 && t.Status.Terminal() {
			t.Status = Refreshing // a replica that lags
		}
		kept = append(kept, t)
	}
	p.Tasks = kept
	return p, err
}

// TestEveryEndIsToldOnce: throttling, lagging replicas, rows that become visible
// half an hour late, ends of the asked times that do not count, runs at any time and
// runs whose write is lost. Every row that finished is told in the end, and none
// twice by runs that were remembered.
func TestEveryEndIsToldOnce(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 9))
			end := simStart.Add(8 * time.Hour)
			api := newFakeAPI(traffic(rng, simStart.Add(-2*time.Hour), end, quotas(1)...))
			api.exacting = seed%2 == 1
			late := map[Key]time.Time{}
			for _, r := range api.rows {
				if r.Created.After(simStart) && rng.IntN(100) == 0 {
					late[r.Key] = r.Created.Add(30 * time.Minute)
				}
			}
			told := playOut(t, unreliable{api, rng, late}, end)
			for _, r := range api.rows {
				if n := told[r.Key]; r.done.After(simStart) && r.done.Before(end) && n != 1 {
					t.Errorf("told %d times (late: %v): %+v", n, late[r.Key], r)
				}
			}
			if api.refused != nil {
				t.Error(api.refused)
			}
		})
	}
}

// playOut polls until some hours after the end, and counts what remembered runs told.
func playOut(t *testing.T, api unreliable, end time.Time) map[Key]int {
	told := map[Key]int{}
	var s State
	for now := simStart; now.Before(end.Add(4 * time.Hour)); now = now.Add(time.Duration(10+api.rng.IntN(200)) * time.Second) {
		api.fakeAPI.now = now
		p := s.Plan(now, DefaultLimits())
		b := Fetch(t.Context(), api, p.Queries, FetchOptions{})
		b = b.Merge(Fetch(t.Context(), api, s.LookUps(p, b), FetchOptions{}))
		c := s.Diff(p, b, now, Policy{Room: 20})
		if !c.Changed || api.rng.IntN(10) == 0 {
			continue
		}
		s = c.State
		for _, e := range c.Events {
			told[e.Task.Key]++
		}
	}
	return told
}
