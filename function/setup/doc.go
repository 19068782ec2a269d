// Package setup makes a program that can run from what an operator has set: the
// environment and CONFIG_FILE ([LoadConfig]), put together ([Configure]) and verified
// item by item (check.go).
//
// Its one invariant: all mistakes are reported together, each with the name of its
// variable or key, and no secret's value is ever repeated.
//
// Start reading at config.go, then wiring.go.
package setup
