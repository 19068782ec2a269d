// Refreshwatch sends one notification when a refresh or prefetch task completes or fails.
//
// This package is the door: main.go decides who called, fc.go answers Function
// Compute. Everything else lives in the rooms behind it:
//
//	function/cli     the command line
//	function/setup   from the environment to a program that can run; check
//	function/watch   the job itself, the same for every caller
//
// A timer's event, a direct invocation and a command line all become one
// [watch.Request] and end in [watch.App.Run]; each leaves a [watch.Report].
//
// Start reading at main.go, then watch/run.go, the whole job on one screen.
package main
