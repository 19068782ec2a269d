package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Loss counts the runs in a row of one deployment that lost their commit.
type Loss struct {
	Of   string `json:"of"` // see [run.deployment]
	Runs int    `json:"runs"`
}

// mostLosses is how many deployments that share a checkpoint by mistake are counted, each by itself.
const mostLosses = 8

// LostRuns is how many runs in a row may lose to a concurrent one: overlapping runs do
// now and then.
const LostRuns = 2

// ErrLost is that so many runs in a row lost their commit; nil for as many as may.
func ErrLost(runs int) error {
	if runs <= LostRuns {
		return nil
	}
	return &RunError{CodeCheckpoint, fmt.Errorf("%d runs in a row lost to a concurrent run and did nothing. See whether two deployments share this CHECKPOINT, and whether the timer's period is shorter than a run", runs)}
}

// deployment tells this deployment from another one with the same checkpoint, by the
// names of its sinks: what the other one's runs commit reaches other people.
func (r *run) deployment() string {
	names := slices.Sorted(slices.Values(r.sinkNames()))
	sum := sha256.Sum256([]byte(strings.Join(names, "\x00")))
	return hex.EncodeToString(sum[:4])
}

// lost is how many runs of this deployment have lost in a row.
func (r *run) lost() int {
	for _, l := range r.doc.Lost {
		if l.Of == r.deployment() {
			return l.Runs
		}
	}
	return 0
}

// withLosses is the document with a new count for this deployment; 0 leaves it out. The
// latest ones stay.
func (r *run) withLosses(d Document, runs int) Document {
	me := r.deployment()
	d.Lost = slices.DeleteFunc(slices.Clone(d.Lost), func(l Loss) bool { return l.Of == me })
	if runs > 0 {
		d.Lost = append(d.Lost, Loss{me, runs})
	}
	d.Lost = d.Lost[max(0, len(d.Lost)-mostLosses):]
	return d
}

// countLoss adds to the winner's document that this run has lost, and nothing else. A
// process of its own for every run, as a timer starts it, would otherwise never know of
// the one before, and lose for ever with exit code 0. The write takes a moment, not the
// time of a poll, so that it gets through where the commit did not; if not, the next run
// counts.
func (r *run) countLoss(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), r.budget.settle)
	defer stop()
	for range commitTries {
		r.facts.lost = r.lost() + 1
		data, err := r.withLosses(r.doc, r.facts.lost).Encode() // the commit stays the winner's
		if err != nil {
			return
		}
		_, err = r.Store.Swap(ctx, r.head, data)
		if err == nil || r.load(ctx) != nil || r.lost() == r.facts.lost {
			return // counted, also if only the answer was lost; or nobody can
		}
	}
}
