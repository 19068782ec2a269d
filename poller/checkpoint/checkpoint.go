package checkpoint

import (
	"context"
	"errors"
	"time"
)

// Errors a caller branches on. Any other error of a Store means: the outcome is
// unknown, load again and look.
var (
	// ErrConflict: another generation was created first. It may be one of ours
	// whose answer was lost, so read the head before you believe it.
	ErrConflict = errors.New("the checkpoint was changed by another run")
	// ErrCorrupt: there is history, but its head is missing or unreadable. Never
	// written over; a person must look.
	ErrCorrupt = errors.New("the checkpoint is damaged")
)

// Doc is one loaded generation.
type Doc struct {
	Data       []byte    // nil when nothing was ever written
	Generation uint64    // 0 when nothing was ever written
	Now        time.Time // the store's clock when it answered, UTC: the one clock that all runs share
}

// Store holds the generations of one document.
//
// Load is consistent with every Swap that returned before it began. A Doc with
// Generation 0 is a positive answer that nothing was ever written: access denied,
// a missing bucket or a timeout are errors.
//
// Swap creates the generation after old. ErrConflict means somebody did so
// before; any other error leaves the outcome unknown.
//
// Collect removes old generations that no loader can still need: those older than
// age, save the first one and the newest few; an age below an hour counts as an
// hour. It is safe to call at any time and in several runs at once.
type Store interface {
	Load(ctx context.Context) (Doc, error)
	Swap(ctx context.Context, old Doc, data []byte) (Doc, error)
	Collect(ctx context.Context, head Doc, age time.Duration) error
}
