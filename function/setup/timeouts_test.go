package setup

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
)

func TestMissesTimeout(t *testing.T) {
	route := func(to string, statuses ...string) notifier.Route {
		return notifier.Route{To: strings.Fields(to), Match: notifier.Match{Status: statuses}}
	}
	for _, tt := range []struct {
		name   string
		routes notifier.Routes
		want   string // sinks of the first route that miss Timeout
	}{
		{"Failed alone", notifier.Routes{route("ops", "Failed")}, "ops"},
		{"in another case, beside another status", notifier.Routes{route("ops", "Canceled", "failed")}, "ops"},
		{"both", notifier.Routes{route("ops", "Failed", "Timeout")}, ""},
		{"everything goes there, too", notifier.Routes{route("ops", "Failed"), route("ops")}, ""},
		{"everything goes elsewhere", notifier.Routes{route("ops team", "Failed"), route("team hook")}, "ops"},
		{"Timeout is meant for another sink", notifier.Routes{route("ops", "Failed"), route("team", "Timeout")}, ""},
		{"no failure at all", notifier.Routes{route("ops", "Complete")}, ""},
		{"no status", notifier.Routes{route("ops")}, ""},
		{"muted", notifier.Routes{route("", "Failed")}, ""},
	} {
		if got := strings.Join(missesTimeout(tt.routes, tt.routes[0]), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Check says it, and the first run of a process logs it, for who never runs check.
func TestRoutesWithoutTimeoutAreNamed(t *testing.T) {
	set := map[string]string{"CONFIG_FILE": writeConfig(t, `
sinks:
  ops: {type: slack-webhook, url: "http://127.0.0.1:1/x"}
routes:
  - {match: {status: [Failed]}, to: [ops]}
`)}
	for _, offline := range []bool{false, true} {
		got := item(checked(t, watch.Request{Offline: offline}, set), "route 1: status")
		if got.Level != sink.Warn || !strings.Contains(got.Detail, "ops") || got.Hint == "" {
			t.Errorf("offline %v: %+v", offline, got)
		}
	}
	config, err := LoadConfig(lookup(set), CommandLine)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := &Program{Config: config}
	log := slog.New(slog.NewTextHandler(&out, nil))
	w.warnTimeouts(log)
	w.warnTimeouts(log)
	if n := strings.Count(out.String(), "names Failed and not Timeout"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, &out)
	}
}
