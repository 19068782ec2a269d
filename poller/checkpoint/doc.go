// Package checkpoint keeps one document in storage and swaps it safely between
// runs that know nothing of each other.
//
// The document is opaque bytes. Each version of it is a generation: an object
// named by its number, written once and never again. Whoever creates generation
// n+1 has won the swap; everybody else is refused. There is no lock that a dead
// run could hold.
//
// [Open] takes the setting CHECKPOINT: a folder (file://) or a bucket of Alibaba
// Cloud OSS (oss://). [New] makes a [Store] of anything that can write an object
// once, a [Backend]; package checkpointtest holds the specification both must pass.
//
// Its one invariant: at most one caller ever creates a given generation, and what
// is loaded is what somebody created, whole.
//
// Start reading at [Store], then generations.go.
package checkpoint
