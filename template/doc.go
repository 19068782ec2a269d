// Package template words messages: events in, text leaves out.
//
// The words live in *.tmpl files, one per sink kind, embedded and overridable by
// file name. A template makes text leaves only; the structure around them (blocks,
// cards, JSON) is built in Go, so that no task data and no template can break it.
//
// Its one invariant: whatever the task fields hold, the result is valid for its
// platform, within its limits, and mentions nobody the operator did not name.
//
// Start reading at [Message], then template.go.
package template
