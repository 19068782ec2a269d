package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// hintName holds the number of a recent generation, in decimal. It is a floor for
// the head and proof of history, never the truth: it may lag, be missing, or be
// set back by a run that hung while writing it.
const hintName = "latest"

const (
	// staleAfter: a document loaded that long ago is looked at twice by Swap. It
	// must be well below minAge, so that clocks may differ by the rest.
	staleAfter = 30 * time.Minute
	// hintTimeout bounds the one write of a swap that may fail.
	hintTimeout = 2 * time.Second
)

// errAbsentNow: a generation was listed and then not found. Never taken for an
// empty or a damaged store; the next load will see clearly.
var errAbsentNow = errors.New("it was listed, but is not there; load again")

// errSlowLoad is a load that slept between two of its questions, as a frozen
// instance does: the generation after the one it read may have been collected, and
// its absence then proves nothing.
var errSlowLoad = errors.New("reading it took so long that it may be out of date; load again")

// New keeps one document as generations in a place.
func New(b Backend) Store { return &generations{backend: b} }

// generations is the protocol, the same for every place.
//
//	latest                  the hint
//	00000000000000000001    the first generation, kept for ever
//	00000000000000000117    ... the newest ones, each written once
//	00000000000000000118    the head
type generations struct{ backend Backend }

// Load finds the head: the highest of hint and listing, and from there on by
// asking for the next one until there is none. Listing alone would not do where it
// may lag behind the writes; the hint and the next ones alone would not do either,
// for behind a hint that was set back lie generations that were collected.
func (g *generations) Load(ctx context.Context) (Doc, error) {
	hint, err := g.readHint(ctx)
	if err != nil {
		return Doc{}, fmt.Errorf("read the hint: %w", err)
	}
	listing, err := g.backend.List(ctx)
	if err != nil {
		return Doc{}, fmt.Errorf("list generations: %w", err)
	}
	listed := newest(listing)
	if hint == 0 && listed == 0 {
		return Doc{Now: wall(listing.Now)}, nil
	}
	head, err := g.get(ctx, max(hint, listed))
	if err != nil {
		return Doc{}, err
	}
	switch {
	case head.Data == nil && hint > listed:
		return Doc{}, missing(hint, listed)
	case head.Data == nil:
		return Doc{}, fmt.Errorf("read generation %d: %w", listed, errAbsentNow)
	}
	for {
		next, err := g.get(ctx, head.Generation+1)
		if err != nil {
			return Doc{}, err
		}
		if wall(next.Now).Sub(wall(listing.Now)) >= staleAfter {
			return Doc{}, errSlowLoad
		}
		head.Now = next.Now // when this answer was given, head was still the head
		if next.Data == nil {
			return head, nil
		}
		head = next
	}
}

// Swap creates the generation after old.
func (g *generations) Swap(ctx context.Context, old Doc, data []byte) (Doc, error) {
	n := old.Generation + 1
	now, err := g.backend.Create(ctx, name(n), data)
	if err != nil {
		return Doc{}, fmt.Errorf("create generation %d: %w", n, err)
	}
	if wall(now).Sub(old.Now) >= staleAfter {
		if err := g.refuseOvertaken(ctx, n); err != nil {
			return Doc{}, fmt.Errorf("create generation %d: %w", n, err)
		}
	}
	// A crash here leaves a hint that lags, which Load does not mind.
	g.writeHint(ctx, n)
	return Doc{Data: data, Generation: n, Now: wall(now)}, nil
}

// refuseOvertaken catches the run that slept so long that the generation it was to
// lose against has been collected: its create succeeds, in a gap far behind the
// head. Collect removes nothing younger than minAge, so by the place's own clock
// only documents older than that can be affected.
//
// A generation beyond n may also have been built on ours. Then ErrConflict is
// merely careful: the caller reads the head, and finds itself in it.
func (g *generations) refuseOvertaken(ctx context.Context, n uint64) error {
	listing, err := g.backend.List(ctx)
	if err != nil {
		return fmt.Errorf("look for newer ones: %w", err)
	}
	if newest(listing) > n {
		return ErrConflict
	}
	return nil
}

// get reads one generation. Data is nil when it does not exist.
func (g *generations) get(ctx context.Context, n uint64) (Doc, error) {
	a, err := g.backend.Get(ctx, name(n))
	if err != nil {
		return Doc{}, fmt.Errorf("read generation %d: %w", n, err)
	}
	d := Doc{Data: a.Data, Generation: n, Now: wall(a.Now)}
	if a.Found && d.Data == nil {
		d.Data = []byte{}
	}
	return d, nil
}

// readHint returns 0 for a hint that is absent or makes no sense.
func (g *generations) readHint(ctx context.Context) (uint64, error) {
	a, err := g.backend.Get(ctx, hintName)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(a.Data), 10, 64)
	if err != nil || n > maxGeneration {
		return 0, nil
	}
	return n, nil
}

// writeHint is best effort: the swap has already happened.
func (g *generations) writeHint(ctx context.Context, n uint64) {
	ctx, cancel := context.WithTimeout(ctx, hintTimeout)
	defer cancel()
	_ = g.backend.Put(ctx, hintName, strconv.AppendUint(nil, n, 10))
}

// wall drops the monotonic reading, as UTC does: it stands still while an instance is frozen,
// and would make a document look younger than it is.
func wall(t time.Time) time.Time { return t.UTC() }

// maxGeneration leaves room for one more, whatever a hint says.
const maxGeneration = 1<<63 - 1

// name is a generation's object: its number in 20 digits, so that names sort as
// numbers do.
func name(n uint64) string { return fmt.Sprintf("%020d", n) }

// number is the inverse of name, 0 for any other name.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > maxGeneration || len(s) != len("00000000000000000001") {
		return 0
	}
	return n
}

// newest is the highest generation listed, 0 if there is none.
func newest(l Listing) uint64 {
	var n uint64
	for _, e := range l.Entries {
		n = max(n, number(e.Name))
	}
	return n
}

func missing(hint, listed uint64) error {
	found := "no generation is left"
	if listed > 0 {
		found = fmt.Sprintf("the newest one left is %d", listed)
	}
	return &Error{
		Op: "load",
		Hint: "restore it from a backup; or, to start over as FIRST_RUN says and accept that " +
			"messages are lost or repeated, remove everything under CHECKPOINT",
		Err: fmt.Errorf("%w: generation %d was written but is missing, %s", ErrCorrupt, hint, found),
	}
}
