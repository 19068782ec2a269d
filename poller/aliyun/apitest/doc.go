// Package apitest is a simulated ApsaraVideo VOD: DescribeVodRefreshTasks as its
// document says, and every way we know it, or the network before it, to go wrong.
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
// [Server.Fault] makes it misbehave, [Server.Requests] tells what it was asked.
//
// Its one invariant: without a fault it never says anything the document, or the
// documents of the siblings CDN and DCDN (read 2026-11), would not let it say.
//
// Start reading at [Server], then fault.go.
package apitest
