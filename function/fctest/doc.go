// Package fctest runs a built binary the way Function Compute's go1 runtime does.
//
// Each [Instance] is one process with its own Runtime API server: the process asks
// for the next invocation, gets the event and its headers, and posts a response or
// an error. Several Invokes on one instance are warm starts; overlapping runs are
// several instances.
//
//	in := fctest.Start(t, fctest.Build(t, "./"), nil, fctest.Options{Timeout: 5 * time.Second})
//	res, err := in.Invoke(ctx, []byte(`{"triggerName":"tick"}`))
//
// Its one invariant: the process sees nothing the platform would not show it. Its
// environment is not the test's, it has one invocation at a time, and at the
// deadline it is gone in the middle of whatever it was doing. A process that breaks
// the protocol fails the test.
//
// The protocol is what fc-runtime-go-sdk v0.3.1 speaks (read 2026-11). Freezing
// between invocations and the life-cycle hooks are not simulated.
//
// Start reading at [Start], then runtime.go.
package fctest
