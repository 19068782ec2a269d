package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fc/messages"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"refreshwatch/notifier"
)

// serve answers Function Compute's invocations for as long as the instance lives.
// What is wrong with the configuration is said by every invocation: at the start
// nobody listens.
func serve() {
	limitMemory(os.Getenv)
	log := func(level slog.Level) *slog.Logger { return newLog(os.Stderr, level, false) }
	w, err := configure(os.Getenv, true, log, nil)
	fc.Start(func(ctx context.Context, event []byte) (*Report, error) {
		if err != nil {
			return nil, misconfigured(ctx, w.config, err, w.log)
		}
		return w.invoke(ctx, event)
	})
}

// misconfigured is the answer of a function that cannot start to work. Nobody reads
// its answers as a rule, so the monitor hears of it too.
func misconfigured(ctx context.Context, config Config, err error, log *slog.Logger) error {
	log.Error("the configuration cannot be used", "code", code(err), "error", err.Error())
	if config.Heartbeat != "" {
		if err := newHeartbeat(config.Heartbeat).ping(ctx, false); err != nil {
			log.Warn("the heartbeat was not heard", "error", err.Error())
		}
	}
	return answer(err)
}

// limitMemory lets the garbage collector work harder beyond five eighths of the
// function's memory; the rest is for the program itself and what else is not on the
// heap. Better slow on a bad day than killed for its memory at every tick.
func limitMemory(getenv func(string) string) {
	mb, err := strconv.Atoi(getenv("FC_FUNCTION_MEMORY_SIZE"))
	if err == nil && mb > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(mb) << 20 / 8 * 5)
	}
}

// invoke runs one event. The platform's deadline is in ctx; the run keeps its own
// margin before it.
func (w *wiring) invoke(ctx context.Context, event []byte) (*Report, error) {
	log := w.log
	if fctx, ok := fccontext.FromContext(ctx); ok { // once: it is not safe to call from several goroutines
		key := fctx.Credentials
		w.keys.use(Key{ID: key.AccessKeyId, Secret: notifier.Secret(key.AccessKeySecret), Token: notifier.Secret(key.SecurityToken)})
		log = log.With("request_id", fctx.RequestID, "retry", fctx.RetryCount)
	}
	req, err := ParseEvent(event)
	if err != nil {
		log.Error("the event cannot be used", "code", code(err), "error", err.Error())
		return nil, answer(err)
	}
	report, err := w.run(ctx, req, log)
	logSummary(log, report, err)
	if err != nil {
		return nil, answer(err)
	}
	return &report, nil
}

// answer is an error in the form whose message and code reach the caller as they
// are (fc-runtime-go-sdk v0.3.1: a plain value of this type, not wrapped).
func answer(err error) error {
	return messages.InvokeResponse_Error{Message: err.Error(), Type: code(err)}
}

// code is the machine-readable reason of an error.
func code(err error) string {
	var run *RunError
	var wrong *UsageError
	switch {
	case errors.As(err, &run):
		return run.Code
	case errors.As(err, &wrong):
		return CodeUsage
	}
	return CodeInternal
}
