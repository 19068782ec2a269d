// Package sink is what every sink has in common: what it is given, what it answers,
// how it reaches its receiver, and how it is configured.
//
// A [Sink] is given a [Message] and sends it once. It reports one of four outcomes:
// nil when the receiver accepted the message, or an [*Error] of class [Refused],
// [Later] or [Unknown]. Package notifier decides from the class what happens next.
//
// Its one invariant: a secret (a token, a signing key, the URL of a bot) never
// reaches an error, a log line or a printed value. [Secret] holds it and prints as
// "***", [Client] keeps it out of errors.
//
// A [Kind] is a row of the table of sink kinds: its type in CONFIG_FILE, its
// fields with their variables, and how a sink is made of them. The families
// (packages slack, bot and webhook) each list their kinds; whoever puts the program
// together joins the lists. To add a kind, add a row.
//
// Imports: poller and template ← sink ← notifier, and sink ← the families. Sinks
// do not know package notifier.
//
// Start reading at [Sink], then kind.go and client.go.
package sink
