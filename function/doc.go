// Refreshwatch tells people when VOD refresh and prefetch tasks are over.
//
// This package is order and wiring: it reads the configuration, puts the other
// packages together and runs them in the order that loses nothing.
//
//	load → plan → fetch → diff → route → claim → commit → deliver → settle → report
//
// Planning and diffing are package poller's, the stored generations package
// checkpoint's, routes, the outbox and sending package notifier's, the words package
// template's. A timer's event, a direct invocation and a command line all become one
// [Request] and end in [App.Run]; each leaves a [Report].
//
// Its one invariant: what a run has seen and what it owes the sinks are written
// together, before anything is sent. A run may die after any line; the next one
// goes on from what is written.
//
// Start reading at main.go, then run.go, the whole job on one screen; look.go is how
// it asks and what it makes of the answers, record.go what it writes and when.
package main
