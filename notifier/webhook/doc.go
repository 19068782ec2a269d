// Package webhook posts events as JSON to an endpoint of the operator's own, with
// the headers of Standard Webhooks.
//
// Its one invariant: the id and the bytes of a body are the same on every attempt,
// so that the endpoint can drop what it has already received.
//
// Start reading at [Sink.Send], then body.go for what is posted.
package webhook
