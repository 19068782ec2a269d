package poller

import "time"

// Policy says who is notified of what.
type Policy struct {
	// Scope is what is watched: nobody is notified of other rows, and they are not counted.
	Scope Scope
	// NotifyFirst notifies about what the first window finds finished; otherwise it is history.
	NotifyFirst bool
	// StalledAfter is how long a row may be in flight before people are notified; 0: ever.
	StalledAfter time.Duration
	// Sinks are those an event goes to; 0 is nobody, by policy. nil is AllSinks.
	Sinks func(Event) Sinks
	// Room takes an event and its sinks, and returns those that have room for it. Sinks
	// that have none get it in a later run, which reads the row again. nil is no bound.
	Room func(Event, Sinks) Sinks
	// Full holds back every row that is not known yet: the state cannot grow.
	Full bool
	// Clock is the checkpoint store's clock, zero when it has none of its own. What is
	// forgotten is forgotten by the API's clock or by this one, never by a local clock
	// that nobody confirms.
	Clock time.Time
}

// Notification is an event and the sinks it goes to.
type Notification struct {
	Event
	Sinks Sinks
}

// Change is what a run found, and the state to remember it by.
type Change struct {
	State  State
	Notify []Notification // the finished ones in order of creation, then the others

	New      int // finished rows found, of those that are watched
	Complete int // of them by status: complete, failed or timed out, canceled
	Failed   int
	Canceled int
	Silent   int // of them without a notification, by policy
	Stalled  int
	Expired  int
	Held     int // changes without room, left as they were
	InFlight int // watched rows in flight now

	Changed   bool  // State is worth remembering now; otherwise it can wait, see [Limits.Calm]
	Truncated bool  // windows are left to read
	Gap       *Span // reported once: nobody read these creation times, and nobody can
}
