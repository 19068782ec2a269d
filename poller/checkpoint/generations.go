package checkpoint

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// latestName is the object that holds the number of a recent generation, in decimal.
// It is a floor for the head and proof of history, never the truth: it may lag, be
// missing, or be set back by a run that hung while writing it.
const latestName = "latest"

const (
	// staleAfter: Swap verifies a document that was loaded that long ago. It must be
	// well below minAge, so that clocks may differ by the rest.
	staleAfter = 30 * time.Minute
	// latestTimeout bounds the one write of a swap that may fail.
	latestTimeout = 2 * time.Second
)

// absentNow: a generation was listed and then not found. It never counts as an empty
// or a damaged store; the next load will know.
func absentNow(n uint64) error {
	return &Error{Op: fmt.Sprintf("read generation %d", n), Problem: "it was listed, but is not there", Passing: true}
}

// slowLoad is a load that slept between two of its requests, as a frozen instance
// does: the generation after the one it read may have been collected, and its absence
// then proves nothing.
func slowLoad() error {
	return &Error{Op: "read the newest generation", Problem: "reading took so long that it may be out of date", Passing: true}
}

// New keeps one document as generations in a place.
func New(b Backend) Store { return &generations{backend: b} }

// generations is the protocol, the same for every place.
//
//	latest                  the number of a recent generation
//	00000000000000000001    the first generation, kept for ever
//	00000000000000000117    ... the newest ones, each written once
//	00000000000000000118    the head
type generations struct{ backend Backend }

// Load finds the head: the higher of latest and listing, and from there on by
// asking for the next one until there is none. Listing alone would not do where it
// may lag behind the writes; latest and the next ones alone would not do either, for
// behind one that was set back lie generations that were collected.
func (g *generations) Load(ctx context.Context) (Doc, error) {
	latest, err := g.readLatest(ctx)
	if err != nil {
		return Doc{}, err
	}
	listing, err := g.backend.List(ctx)
	if err != nil {
		return Doc{}, err
	}
	listed := newest(listing)
	if latest == 0 && listed == 0 {
		return Doc{Now: wall(listing.Now)}, nil
	}
	head, err := g.get(ctx, max(latest, listed))
	if err != nil {
		return Doc{}, err
	}
	switch {
	case head.Data == nil && latest > listed:
		return Doc{}, missing(latest, listed)
	case head.Data == nil:
		return Doc{}, absentNow(listed)
	}
	for {
		next, err := g.get(ctx, head.Generation+1)
		if err != nil {
			return Doc{}, err
		}
		if wall(next.Now).Sub(wall(listing.Now)) >= staleAfter {
			return Doc{}, slowLoad()
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
		return Doc{}, err
	}
	if wall(now).Sub(old.Now) >= staleAfter {
		if err := g.refuseOvertaken(ctx, n); err != nil {
			return Doc{}, err
		}
	}
	// A crash here leaves a latest that lags, which Load allows for.
	g.writeLatest(ctx, n)
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
		return err
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
		return Doc{}, err
	}
	d := Doc{Data: a.Data, Generation: n, Now: wall(a.Now)}
	if a.Found && d.Data == nil {
		d.Data = []byte{}
	}
	return d, nil
}

// readLatest returns 0 when the object is absent or holds no number.
func (g *generations) readLatest(ctx context.Context) (uint64, error) {
	a, err := g.backend.Get(ctx, latestName)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(a.Data), 10, 64)
	if err != nil || n > maxGeneration {
		return 0, nil
	}
	return n, nil
}

// writeLatest is best effort: the swap has already happened.
func (g *generations) writeLatest(ctx context.Context, n uint64) {
	ctx, cancel := context.WithTimeout(ctx, latestTimeout)
	defer cancel()
	_ = g.backend.Put(ctx, latestName, strconv.AppendUint(nil, n, 10))
}

// wall drops the monotonic reading, as UTC does: it stands still while an instance is frozen,
// and would make a document look younger than it is.
func wall(t time.Time) time.Time { return t.UTC() }

// maxGeneration leaves room for one more, whatever latest holds.
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

func missing(latest, listed uint64) error {
	left := "no generation is left"
	if listed > 0 {
		left = fmt.Sprintf("the newest one left is %d", listed)
	}
	return &Error{
		Problem: fmt.Sprintf("%v: generation %d was written but is missing, %s", ErrCorrupt, latest, left),
		Next:    nextDamaged,
		Err:     ErrCorrupt,
	}
}
