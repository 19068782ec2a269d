// Package notifier decides which sinks are notified of an event, and proves that
// they were.
//
// [Routes] choose the sinks of each event, [Batch] makes deliveries of the events,
// and deliveries wait in the [Outbox]. A run claims what is due, sends it with
// [Deliver], and settles the outcome in the outbox. All of it but Deliver are
// functions of values: no clock, no network.
//
// Its one invariant: a delivery leaves the outbox only when its sink accepted it,
// or when a person discards it. Whatever else happens, it is pending or dead, and
// keeps its id and its events.
//
// The [Lease] says how long a run may send what it has claimed. A claim ends by the
// store's clock a little after the run's own deadline, so a run that was killed
// holds its deliveries no longer than that.
//
// How a message is sent is not decided here: package notifier/sink declares what a
// sink is, and the families of sinks are notifier/slack, notifier/bot and
// notifier/webhook. Imports: poller, template ← sink ← notifier.
//
// Start reading at [Delivery], then outbox.go and deliver.go.
package notifier
