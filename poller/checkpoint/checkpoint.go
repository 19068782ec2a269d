package checkpoint

import (
	"context"
	"time"
)

// Doc is one loaded generation.
type Doc struct {
	Data       []byte    // nil when nothing was ever written
	Generation uint64    // 0 when nothing was ever written
	Now        time.Time // the store's clock when it answered, UTC: the one clock that all runs share
}

// Store holds the generations of one document. It may be used from several
// goroutines.
//
// Load is consistent with every Swap that returned before it began. A Doc with
// Generation 0 is a positive answer that nothing was ever written: access denied,
// a missing bucket, a dangling link or a timeout are errors.
//
// Swap creates the generation after old. [ErrConflict] means that somebody did so
// before; any other error leaves the outcome unknown. A nil error means that the
// document is stored durably.
//
// Collect removes old generations that no loader can still need: those older than
// age, except the first one and the newest few; an age below an hour counts as an
// hour. It is safe to call at any time and in several runs at once. Its error may be
// ignored: the next call removes what this one left.
type Store interface {
	Load(ctx context.Context) (Doc, error)
	Swap(ctx context.Context, old Doc, data []byte) (Doc, error)
	Collect(ctx context.Context, head Doc, age time.Duration) error
}
