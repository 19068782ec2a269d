// Package watch is the job: it asks the API what changed, records it, and delivers the
// notifications, in the order that loses nothing.
//
//	load → plan → fetch → diff → route → claim → commit → deliver → settle → report
//
// Planning and diffing are package poller's, the stored generations package
// checkpoint's, routes, the outbox and sending package notifier's, the wording package
// template's.
//
// Its one invariant: what a run has read and the deliveries it calls for are written
// together, before anything is sent. A run may die after any line; the next one
// goes on from what is written.
//
// Start reading at [App.Run] in run.go, the whole job on one screen; poll.go and
// backfill.go are what it asks, route.go what it makes of the answers, commit.go what it
// writes and when. Requests are read in event.go from the table in fields.go.
package watch
