package main

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// site is the program wired as it is outside of tests, but to an API, a store and a
// sink in memory.
type site struct {
	*setup.Program
	api     *apitest.Server
	stored  *checkpointtest.Mem
	logged  bytes.Buffer
	verdict func(sink.Message) error // nil accepts
}

// siteTimeout is the deadline of a run.
const siteTimeout = time.Minute

// newSite has one task and has polled once; the task finishes 30 seconds later.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{api: apitest.New(apitest.Options{}), stored: checkpointtest.NewMem()}
	log := slog.New(slog.NewJSONHandler(&s.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := aliyun.New(aliyun.Config{
		Region: "cn-shanghai", MaxQPS: 4, Transport: s.api,
		Keys: aliyun.KeyFunc(func() aliyun.Credentials {
			return aliyun.Credentials{AccessKeyID: apitest.AccessKeyID, Secret: apitest.Secret}
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	channel := notifier.Target{Name: "hook", Sink: s, Grouping: sink.Batched}
	config := setup.Config{MaxQPS: 4, Sinks: []setup.SinkConfig{{Name: "hook"}}, Routes: notifier.Routes{{To: []string{"hook"}}}}
	s.Program = &setup.Program{Config: config, Log: log, Keys: &setup.Keyring{}, API: client, Store: s.stored.Process(nil), Targets: []notifier.Target{channel}}
	s.Keys.Use(setup.Key{ID: apitest.AccessKeyID, Secret: apitest.Secret})
	task := apitest.Task{Key: poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: "https://cdn.example.com/1.mp4"}, Created: time.Now(), Steps: apitest.Finish(30 * time.Second)}
	if err := s.api.Add(task); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), siteTimeout)
	defer stop()
	if _, err := s.Run(ctx, watch.Request{Action: watch.ActionPoll}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute) // of a synctest bubble: the callers run in one
	return s
}

func (s *site) Send(_ context.Context, d sink.Message) error {
	if s.verdict != nil {
		if err := s.verdict(d); err != nil {
			return err
		}
	}
	return nil
}
