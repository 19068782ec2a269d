package watch

import (
	"strings"
	"testing"
)

func TestAllow(t *testing.T) {
	for _, c := range []struct {
		list    string // comma-separated
		event   string
		refused string // "" is allowed
	}{
		{"", `{"action":"backfill","renotify":true}`, ""},
		{"poll", "", ""},
		{"poll", `{"triggerName":"t","payload":"{\"action\":\"redrive\"}"}`, "ALLOW_EVENTS: redrive is not allowed by this deployment. Add redrive to the variable"},
		{"poll, status", `{"action":"status"}`, ""},
		{"poll,status", `{"action":"backfill"}`, "backfill is not allowed"},
		{"poll,backfill", `{"action":"backfill","renotify":true}`, "renotify is not allowed"},
		{"poll,backfill,renotify", `{"action":"backfill","renotify":true}`, ""},
		{"poll,backfill", `{"action":"backfill","renotify":true,"dry_run":true}`, "renotify is not allowed"},
		{"check", `{"action":"check","post":true}`, "post is not allowed"},
		{"check,post", `{"action":"check","post":true}`, ""},
		{"redrive", `{"action":"redrive","sinks":["ops"],"discard":true}`, ""},
		{"status", "", "poll is not allowed"},
		{"status", `{"events":[{"eventName":"CachedObjectsPushed"}]}`, "poll is not allowed"},
	} {
		req, err := ParseEvent([]byte(c.event))
		if err != nil {
			t.Fatalf("%s: %v", c.event, err)
		}
		err = list(c.list).Check(req)
		if c.refused == "" && err != nil || c.refused != "" && (Code(err) != CodeUsage || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%q, event %s: %v, want %q", c.list, c.event, err, c.refused)
		}
	}
}

func list(words string) Allow {
	return strings.FieldsFunc(words, func(r rune) bool { return r == ',' || r == ' ' })
}
