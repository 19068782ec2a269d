// Package setup makes a program that can run from what an operator has set: the
// environment and CONFIG_FILE ([LoadConfig]), put together ([Configure]) and verified
// item by item (check.go).
//
// Its one invariant: what is wrong is reported, all of it together, each mistake with
// the name of its variable or its place in the file and the next step, and no value
// that may be a secret is ever repeated. What is accepted is used: a value that
// nothing reads, a list of nothing or a pattern that can match nothing is a mistake.
//
// A value goes through two checks. Its shape (values.go) is what editors, shells and
// copies leave behind; it is the same for a variable and for a value of the file. Its
// meaning is judged where it is known: by a field's row in the table of sink kinds
// ([Kinds]), by poller.CheckDomain, by checkpoint.Open.
//
// Start reading at config.go (variables) and file.go (CONFIG_FILE), then program.go.
package setup
