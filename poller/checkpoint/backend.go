package checkpoint

import (
	"context"
	"time"
)

// Backend is a place that holds small named objects and can write one of them
// exactly once. New makes a Store of it.
//
// Every method returns promptly once ctx is done, and may be called from several
// goroutines and processes at once. An error never means "absent".
type Backend interface {
	// Get reads an object whole. Absence is a positive answer: Found is false and
	// the error nil.
	Get(ctx context.Context, name string) (Answer, error)
	// Create writes an object that must not exist, durably, and returns the
	// place's clock. ErrConflict: it exists. Any other error: it may have landed.
	// It never tries twice, for the second try would be refused by the first.
	Create(ctx context.Context, name string, data []byte) (time.Time, error)
	// Put writes or overwrites an object. Readers see the old or the new one.
	Put(ctx context.Context, name string, data []byte) error
	// List names every object of the place, in any order.
	List(ctx context.Context) (Listing, error)
	// Remove makes an object absent. Removing what is absent is no error.
	Remove(ctx context.Context, name string) error
}

// Answer is one object, or its absence, and the place's clock when it said so.
type Answer struct {
	Data  []byte
	Found bool
	Now   time.Time
}

// Listing is the names a place holds, and its clock when it said so.
type Listing struct {
	Entries []Entry
	Now     time.Time
}

// Entry is one listed object. Modified is by the place's own clock.
type Entry struct {
	Name     string
	Modified time.Time
}

// maxDocument bounds what is read into memory: far above any document of ours
// (about 2 MB at 100,000 tasks), far below what would end the process.
const maxDocument = 64 << 20
