package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fc/messages"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
)

// serve answers Function Compute's invocations for as long as the instance lives.
// A wrong configuration is the answer to every invocation: an error at the start would
// reach no caller.
func serve() {
	signal.Ignore(syscall.SIGPIPE) // a log without a reader must not end a run before it has settled
	limitMemory(os.Getenv)
	log := func(level slog.Level) *slog.Logger {
		return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	}
	w, err := setup.Configure(os.Getenv, setup.FunctionCompute, log, nil)
	fc.Start(func(ctx context.Context, event []byte) (*watch.Report, error) {
		if err != nil {
			return nil, misconfigured(ctx, w.Config, err, w.Log)
		}
		return invoke(ctx, w, event)
	})
}

// misconfigured is the answer of a function that cannot start to work. Its answers are
// rarely read, so the heartbeat fails, too.
func misconfigured(ctx context.Context, config setup.Config, err error, log *slog.Logger) error {
	log.Error("invalid configuration", "code", watch.Code(err), "error", err.Error())
	if config.Heartbeat != "" {
		if err := setup.NewHeartbeat(config.Heartbeat).Ping(ctx, false); err != nil {
			log.Warn("heartbeat ping failed", "error", err.Error())
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
func invoke(ctx context.Context, w *setup.Program, event []byte) (*watch.Report, error) {
	log := w.Log
	if fctx, ok := fccontext.FromContext(ctx); ok { // once: it is not safe to call from several goroutines
		key := fctx.Credentials
		w.Keys.Use(setup.Key{ID: key.AccessKeyId, Secret: sink.Secret(key.AccessKeySecret), Token: sink.Secret(key.SecurityToken), From: "the invocation", Account: fctx.AccountId})
		log = log.With("request_id", fctx.RequestID, "retry", fctx.RetryCount)
	}
	req, err := watch.ParseEvent(event)
	if err == nil {
		err = w.Config.Allow.Check(req)
	}
	if err != nil {
		log.Error("invalid event", "code", watch.Code(err), "error", err.Error())
		return nil, answer(err)
	}
	report, err := w.Run(ctx, req, log)
	watch.LogSummary(log, report, err)
	if err != nil {
		return nil, answer(err)
	}
	return &report, nil
}

// answer is an error in the form whose message and code reach the caller as they
// are (fc-runtime-go-sdk v0.3.1: a plain value of this type, not wrapped).
func answer(err error) error {
	return messages.InvokeResponse_Error{Message: err.Error(), Type: watch.Code(err)}
}
