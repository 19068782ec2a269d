// Package apitest simulates the API: the refresh and prefetch tasks of VOD, CDN and
// DCDN as their documents say, the day's quota, STS's AssumeRole, and every way we
// know them, or the network before them, to go wrong.
//
// A [Server] holds tasks whose status moves with the clock ([Task], [Finish],
// [Fail]) and answers in three ways, with the same rules, rows and faults:
//
//   - [Server.Start] listens on loopback: real HTTP, real signatures;
//   - [Server.RoundTrip] answers a real client without a socket, which works
//     within testing/synctest, where no time passes unless everyone waits;
//   - [Server.Lister] stands in for the client: days of polling in a second.
//
// A server for a bubble is made within that bubble.
//
// [Server.Fault] makes it misbehave, [Server.Requests] returns what it was asked.
//
// Its one invariant: without a fault it never says anything that the documents (read
// 2026-11) would not let it say. Where VOD's is silent, those of CDN and DCDN count.
//
// Start reading at [Server], then fault.go.
package apitest
