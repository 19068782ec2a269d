// Echo is a function that does what the event says, and tells what it was given.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fc/messages"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

type event struct {
	Do   string `json:"do"`
	Text string `json:"text"`
}

type echo struct {
	Text    string
	PID     int
	Count   int64 // invocations of this process, this one included
	Active  int64 // of them, running now
	Env     []string
	Dir     string
	Left    time.Duration // until the deadline
	Context *fccontext.FcContext
}

func main() {
	if os.Getenv("ECHO_MUTE") != "" { // never asks for work
		time.Sleep(time.Hour)
	}
	var count, active atomic.Int64
	fc.Start(func(ctx context.Context, e event) (echo, error) {
		fmt.Fprintln(os.Stderr, "doing", e.Do)
		defer active.Add(-1)
		a, n := active.Add(1), count.Add(1)
		switch e.Do {
		case "error":
			return echo{}, errors.New(e.Text)
		case "code":
			return echo{}, messages.InvokeResponse_Error{Message: e.Text, Type: "CredentialsDenied"}
		case "panic":
			panic(e.Text)
		case "exit":
			os.Exit(3)
		case "hang":
			select {}
		}
		return tell(ctx, e.Text, n, a)
	})
}

func tell(ctx context.Context, text string, count, active int64) (echo, error) {
	dir, err := os.Getwd()
	if err != nil {
		return echo{}, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return echo{}, errors.New("no deadline")
	}
	fctx, ok := fccontext.FromContext(ctx)
	if !ok {
		return echo{}, errors.New("no context of the platform")
	}
	return echo{
		Text: text, PID: os.Getpid(), Count: count, Active: active, Env: os.Environ(), Dir: dir,
		Left: time.Until(deadline), Context: fctx,
	}, nil
}
