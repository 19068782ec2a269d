// Package checkpointtest holds what tests of checkpoints stand on:
//
//   - [Run], the specification that every Store passes;
//   - [Mem], a store in memory whose every step can be made to fail, to land
//     without an answer, to be slow or to kill its caller;
//   - [OSS], a server that behaves like Alibaba Cloud OSS where the store relies on
//     it, with the faults of a network in front of it.
//
// Mem runs the very protocol of the real stores (checkpoint.New), so what a fault
// does to it, it would do to them.
package checkpointtest
