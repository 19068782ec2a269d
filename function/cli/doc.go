// Package cli is the command line: it reads flags and events, runs one command, and
// shows people or scripts what came of it.
//
// Its one invariant: stdout is the answer, stderr is everything else; where no person
// reads stdout, its last line is the report as JSON.
//
// Start reading at [Run] in cli.go.
package cli
