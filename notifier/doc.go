// Package notifier decides who is told, and proves that they were.
//
// Events become deliveries by route and batch, deliveries wait in the [Outbox],
// a run claims them, sends each through its [Sink] and settles the outcome. All of
// it but the sending is functions of values.
//
// Its one invariant: a delivery leaves the outbox only when its sink accepted it,
// or by a person's word; whatever else happens it is pending or dead, and keeps
// its id and its events.
//
// Start reading at [Delivery], then outbox.go.
package notifier
