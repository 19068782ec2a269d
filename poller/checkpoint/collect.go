package checkpoint

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// keepNewest generations are never removed, however old: after a long pause
	// they are all the history there is.
	keepNewest = 24
	// minAge is the least age that Collect accepts. Only a run that slept longer
	// can find the generation it would lose against gone.
	minAge = time.Hour
	// maxRemovals bounds one call, so that a backlog never eats a run's time.
	maxRemovals = 100

	tmpPrefix   = "tmp-"   // unfinished writes of the file backend
	probePrefix = "probe-" // what Probe writes and removes
)

// Collect costs one listing, and removes the oldest first. It stops at the first
// failure: the rest is for the next call.
func (g *generations) Collect(ctx context.Context, head Doc, age time.Duration) error {
	if head.Generation <= keepNewest {
		return nil
	}
	listing, err := g.backend.List(ctx)
	if err != nil {
		return fmt.Errorf("collect old generations: %w", err)
	}
	for _, name := range removable(listing, head.Generation, max(age, minAge)) {
		if err := g.backend.Remove(ctx, name); err != nil {
			return fmt.Errorf("collect old generations: %w", err)
		}
	}
	return nil
}

// removable names what no loader can still need, the oldest first. The first
// generation stays for ever: a run that wrongly sees an empty store must lose
// against it instead of starting over.
func removable(l Listing, head uint64, age time.Duration) []string {
	head = max(head, newest(l))
	var names []string
	for _, e := range l.Entries {
		if l.Now.Sub(e.Modified) < age {
			continue
		}
		n := number(e.Name)
		old := n > 1 && n+keepNewest <= head
		leftover := strings.HasPrefix(e.Name, tmpPrefix) || strings.HasPrefix(e.Name, probePrefix)
		if old || leftover {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names) // digits before letters: generations first, by number
	return names[:min(len(names), maxRemovals)]
}
