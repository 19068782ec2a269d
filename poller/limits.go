package poller

import "time"

// Limits bound what a run asks.
type Limits struct {
	// Window is how far back the API answers: 3 days (VOD, read 2026-11).
	Window time.Duration
	// Margin is kept clear of the window's old edge, so that no question ages out
	// of it while the run lasts: longer than the run.
	Margin time.Duration
	// Overlap is read again behind the mark, for rows that became visible late.
	Overlap time.Duration
	// Calm is how long a quiet poll may go unremembered, and how often old rows
	// are read once more.
	Calm time.Duration
	// Pages is about how many pages the run can afford; 0 for any number.
	Pages int
	// Room are the sinks with room for what they are owed, see [Owed].
	Room Sinks
}

// DefaultLimits are the limits of a run of at most ten minutes.
func DefaultLimits() Limits {
	return Limits{
		Window:  72 * time.Hour,
		Margin:  11 * time.Minute,
		Overlap: 5 * time.Minute,
		Calm:    time.Hour,
	}
}

// floor is the oldest creation time that a run at now asks about.
func (l Limits) floor(now time.Time) time.Time {
	return now.Add(l.Margin - l.Window).Truncate(time.Second)
}

// window is all that a run at now may ask about. It ends with the second that has
// just begun: while a window is read nothing may be created in it.
func (l Limits) window(now time.Time) Span { return Span{l.floor(now), now.Truncate(time.Second)} }

// affords reports whether so many pages are well within what a run can do, with
// something left for the rest of its work.
func (l Limits) affords(pages int) bool { return l.Pages == 0 || pages <= l.Pages/2 }
