package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

// Each invocation leaves one line with the report's fields and the request id. Its
// level says who has something to do.
func TestOneSummaryLineARun(t *testing.T) {
	for _, run := range []struct {
		name   string
		event  string
		change func(*site)
		level  string
		code   string
	}{
		{"a poll", "", nil, "INFO", ""},
		{"a backfill", `{"action":"backfill"}`, nil, "INFO", ""},
		{"a redrive", `{"action":"redrive"}`, nil, "INFO", ""},
		{"status", `{"action":"status"}`, nil, "INFO", ""},
		{"check", `{"action":"check"}`, nil, "INFO", ""},
		{"a sink is down", "", func(s *site) {
			s.verdict = func(sink.Message) error { return &sink.Error{Class: sink.Later, Code: "http_503"} }
		}, "WARN", ""},
		{"throttled", "", func(s *site) { s.api.Fault(apitest.Throttling()) }, "WARN", watch.CodeAPIUnavailable},
		{"denied", "", func(s *site) { s.api.Fault(apitest.NoPermission()) }, "ERROR", watch.CodeAPIDenied},
		{"check denied", `{"action":"check"}`, func(s *site) { s.api.Fault(apitest.NoPermission()) }, "ERROR", watch.CodeCheck},
		{"a sink refuses", "", func(s *site) {
			s.verdict = func(sink.Message) error { return &sink.Error{Class: sink.Refused, Code: "gone"} }
		}, "ERROR", watch.CodeDead},
	} {
		t.Run(run.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				if run.change != nil {
					run.change(s)
				}
				ctx, stop := context.WithTimeout(t.Context(), siteTimeout)
				defer stop()
				fctx := &fccontext.FcContext{RequestID: "1-request-id"}
				fctx.Credentials.AccessKeyId, fctx.Credentials.AccessKeySecret = apitest.AccessKeyID, apitest.Secret
				invoke(fccontext.NewContext(ctx, fctx), s.Program, []byte(run.event))
				line := summaryLine(t, s.logged.String())
				if line["level"] != run.level || line["request_id"] != "1-request-id" || line["code"] != nil && line["code"] != run.code {
					t.Errorf("level %v, want %v; code %v, want %v; request %v", line["level"], run.level, line["code"], run.code, line["request_id"])
				}
				for field := range reportFields(t) {
					if _, ok := line[field]; !ok {
						t.Errorf("the line lacks %s", field)
					}
				}
			})
		})
	}
}

// summaryLine is the log's only summary; every line of the log is JSON.
func summaryLine(t *testing.T, log string) (summary map[string]any) {
	t.Helper()
	for line := range strings.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		if fields["msg"] == "run" {
			if summary != nil {
				t.Errorf("a second summary: %s", line)
			}
			summary = fields
		}
	}
	if summary == nil {
		t.Fatalf("no summary in %s", log)
	}
	return summary
}

// reportFields are those that each report has, but for its gap, which is two in the
// log.
func reportFields(t *testing.T) map[string]any {
	text, err := json.Marshal(watch.Report{})
	var fields map[string]any
	if err := errors.Join(err, json.Unmarshal(text, &fields)); err != nil {
		t.Fatal(err)
	}
	delete(fields, "gap")
	return fields
}

// What ALLOW_EVENTS leaves out is rejected before anything is read or sent, and named.
func TestInvocationsMayBeRestricted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.Config.Allow = watch.Allow{watch.ActionPoll, watch.ActionBackfill}
		ctx, stop := context.WithTimeout(t.Context(), siteTimeout)
		defer stop()
		before := len(s.api.Requests())
		for _, event := range []string{`{"action":"backfill","renotify":true}`, `{"action":"redrive"}`, `{"triggerName":"t","payload":"{\"action\":\"check\"}"}`} {
			report, err := invoke(ctx, s.Program, []byte(event))
			if said := fmt.Sprintf("%+v", err); report != nil || !strings.Contains(said, "ALLOW_EVENTS: ") || !strings.Contains(said, `Type:"usage"`) {
				t.Errorf("%s: %v, %s", event, report, said)
			}
		}
		if asked := len(s.api.Requests()) - before; asked > 0 {
			t.Errorf("the API was asked %d times", asked)
		}
		if report, err := invoke(ctx, s.Program, []byte(`{"triggerName":"t","triggerTime":"","payload":""}`)); err != nil || report.Sent != 1 {
			t.Errorf("a poll: %+v, %v", report, err)
		}
	})
}

// On Function Compute a panic ends the run, not the process: the answer has a code,
// the log the place, and neither what was being worked on.
func TestPanicEndsTheRunOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		working := s.Store
		s.Store = brokenStore{}
		ctx, stop := context.WithTimeout(t.Context(), siteTimeout)
		defer stop()
		report, err := invoke(ctx, s.Program, nil)
		said, log := fmt.Sprintf("%+v", err), s.logged.String()
		if report != nil || !strings.Contains(said, `Type:"internal"`) || !strings.Contains(said, "internal error: a string") {
			t.Errorf("answered %v, %s", report, said)
		}
		if !strings.Contains(log, "brokenStore.Load") || !strings.Contains(log, `"level":"ERROR"`) {
			t.Errorf("the log does not say where:\n%s", log)
		}
		if strings.Contains(log+said, storeSecret) {
			t.Errorf("%s\n%s", said, log)
		}
		s.Store = working
		if report, err := invoke(ctx, s.Program, nil); err != nil || report.Fetched != 1 {
			t.Errorf("the next run: %+v, %v", report, err)
		}
	})
}

// brokenStore is a store that panics, with words that must not be shown.
type brokenStore struct{ checkpoint.Store }

const storeSecret = "xoxb-panic-secret"

func (brokenStore) Load(context.Context) (checkpoint.Doc, error) { panic("token " + storeSecret) }
