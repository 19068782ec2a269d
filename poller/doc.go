// Package poller knows what to ask the API and what changed since the last time.
//
// It is pure: the network hides behind [Lister], the clock is a parameter, and
// nothing is remembered outside [State]. One tick reads
//
//	plan := state.Plan(now, limits) // the fewest questions that can show a change
//	batch := Fetch(ctx, lister, plan.Queries, options) // their answers, proven whole or not
//	more := state.LookUps(plan, batch) // rows that should have been listed and were not
//	batch = batch.Merge(Fetch(ctx, lister, more, options))
//	change := state.Diff(plan, batch, now, policy) // the next state, and what is news
//
// Its one invariant: a row that was listed as finished is either remembered as
// told (or silent by policy) or among the returned events. Absence proves
// nothing: a row that is not listed is never taken for finished.
//
// Start reading at [Task], then [State.Plan] and [State.Diff].
package poller
