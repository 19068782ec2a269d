// Package watch is the job: it asks what changed, records it, and has it delivered, in
// the order that loses nothing.
//
//	load → plan → fetch → diff → route → claim → commit → deliver → settle → report
//
// Planning and diffing are package poller's, the stored generations package
// checkpoint's, routes, the outbox and sending package notifier's, the words package
// template's.
//
// Its one invariant: what a run has seen and what it owes the sinks are written
// together, before anything is sent. A run may die after any line; the next one
// goes on from what is written.
//
// Start reading at [App.Run] in run.go, the whole job on one screen; look.go is how it
// asks and what it makes of the answers, record.go what it writes and when.
package watch
