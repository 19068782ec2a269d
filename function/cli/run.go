package cli

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// runRequest runs a command that is an action of a request.
func runRequest(ctx context.Context, o *options, sh Shell) int {
	o.req.Action = o.command
	if err := o.req.Validate(); err != nil {
		return sh.fail(asFlags(err))
	}
	return run(ctx, o, sh)
}

// run runs a request on this machine, with its own credentials and deadline.
func run(ctx context.Context, o *options, sh Shell) int {
	line, log := sh.begin(o)
	program, err := setup.Configure(sh.Getenv, setup.CommandLine, log, sh.Out)
	if err != nil {
		return sh.fail(err)
	}
	if err := refuseLoss(o, o.req.Action, program); err != nil {
		return sh.fail(err)
	}
	if err := refuseNewCheckpoint(ctx, o, program); err != nil {
		return sh.fail(err)
	}
	sh.zone = sh.timeZone(program.Config.TimeZone)
	program.Zone = sh.zone
	reading := newProgress(sh, line, program.Log)
	program.PageAnswered, program.SliceDone = reading.answered, reading.partDone
	program.Attended = sh.ErrTTY // and reads there why a poll failed
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	report, err := program.Run(ctx, o.req, program.Log)
	line.clear()
	report.Checks = append(report.Checks, sh.otherLanguage(report, program.Config.Lang)...)
	switch watch.Code(err) {
	case watch.CodeUsage, watch.CodeConfig:
		if o.event == "" {
			err = asFlags(err)
		}
		return sh.fail(err)
	}
	if o.json {
		sh.OutTTY = false
	}
	if o.quiet || !sh.ErrTTY || !sh.OutTTY { // otherwise the person reads the summary
		watch.LogSummary(program.Log, report, err)
	}
	if !o.quiet {
		sh.show(report, err)
	}
	if err != nil || report.Status != nil && report.Dead > 0 { // status leaves that to its report
		return 1
	}
	return 0
}

// refuseLoss keeps -quiet from swallowing messages: without a sink they are printed, and
// count as sent.
func refuseLoss(o *options, action string, program *setup.Program) error {
	sends := slices.Contains([]string{watch.ActionPoll, watch.ActionBackfill, watch.ActionRedrive}, action)
	if !o.quiet || !sends || o.req.DryRun || len(program.Config.Sinks) > 0 {
		return nil
	}
	return watch.Usage(&poller.Mistake{Setting: "-quiet", Problem: "no sink is configured, so that messages would be lost", Next: "Configure a sink, or leave -quiet out"})
}

// begin prepares the streams for a command that may take long: a terminal gets a line
// for its progress, and -quiet keeps stdout empty and stderr for what needs manual
// action. The screen is nil where nobody looks.
func (sh *Shell) begin(o *options) (*screen, func(slog.Level) *slog.Logger) {
	if o.quiet {
		sh.Out = io.Discard
	}
	var line *screen
	if sh.ErrTTY && !o.quiet {
		line = &screen{line: sh.Err, columns: sh.Width}
		sh.Err = line.above(sh.Err)
		if sh.OutTTY {
			sh.Out = line.above(sh.Out)
		}
	}
	to, readable, w := sh.Err, sh.ErrTTY, sh.words
	return line, func(level slog.Level) *slog.Logger {
		if o.quiet {
			level = slog.LevelError
		}
		if readable {
			return slog.New(&plainHandler{out: to, level: level, words: w})
		}
		return newLog(to, level, false)
	}
}

// refuseNewCheckpoint keeps a laptop with the function's sinks and a checkpoint of its
// own from notifying everybody of three days once more: an empty checkpoint does not
// know what was notified.
func refuseNewCheckpoint(ctx context.Context, o *options, program *setup.Program) error {
	if o.command != watch.ActionBackfill || o.req.DryRun || o.req.Renotify || len(program.Config.Sinks) == 0 {
		return nil
	}
	if head, err := program.Store.Load(ctx); err != nil || head.Generation > 0 { // an error is the run's to report
		return nil
	}
	return watch.Usage(&poller.Mistake{
		Setting: "CHECKPOINT",
		Problem: "new, so that it does not know what was notified before, and everything in the window would be notified again",
		Next:    "Set it to the function's checkpoint, or say that you mean it with -renotify",
	})
}
