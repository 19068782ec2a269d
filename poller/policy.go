package poller

import "time"

// Policy says what of the changes is told.
type Policy struct {
	// NotifyFirst tells what the first sweep finds finished; otherwise it is history.
	NotifyFirst bool
	// StalledAfter is how long a row may be unfinished before that is told; 0: ever.
	StalledAfter time.Duration
	// Room is the most events this run may add. Changes beyond stay unseen for a
	// later run.
	Room int
	// Tell reports whether anybody is told; nil tells everything.
	Tell func(Event) bool
	// Backfill is set when a person asked for it; nil for a poll.
	Backfill *Backfill
}

// Backfill tells again, or at last, what is remembered as finished.
type Backfill struct {
	Match     func(Task) bool // which rows are meant; nil for all
	Renotify  bool            // also those that were told
	LeaveOpen bool            // rows whose end no poll has seen are left to the polls
}

// Change is what a run found, and the state to remember it by.
type Change struct {
	State  State
	Events []Event // to be told: the finished ones in order of creation, then the others

	New      int // finished rows found
	Complete int // of them by status
	Failed   int
	Silent   int // of them told to nobody
	Stalled  int
	Expired  int
	Held     int // changes beyond Policy.Room, left as they were
	InFlight int // unfinished rows now

	Changed bool  // State is worth remembering now; otherwise it can wait, see [Limits.Calm]
	Gap     *Span // told once: nobody read these creation times, and nobody can
}
