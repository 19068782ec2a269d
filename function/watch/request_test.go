package watch

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseEvent(t *testing.T) {
	poll := Request{Action: ActionPoll}
	for name, tt := range map[string]struct {
		event string
		want  Request
		wrong string // part of the error
	}{
		"nothing":            {event: "", want: poll},
		"white space":        {event: " \n", want: poll},
		"no fields":          {event: "{}", want: poll},
		"timer":              {event: `{"triggerTime":"2026-11-23T07:49:00Z","triggerName":"tick","payload":""}`, want: poll},
		"timer, no payload":  {event: `{"triggerTime":"2026-11-23T07:49:00Z","triggerName":"tick"}`, want: poll},
		"timer with request": {event: `{"triggerName":"t","payload":" {\"action\":\"backfill\",\"since\":\"24h\",\"renotify\":true}"}`, want: Request{Action: ActionBackfill, Since: "24h", Renotify: true}},
		"request": {
			event: `{"action":"backfill","from":"2026-11-20T00:00:00Z","to":"2026-11-20T08:00:00+08:00","statuses":["Failed"],"object_types":["preload"],"domains":["*.example.com"],"task_id":"1","object_path":"https://a/b","sinks":["ops"],"dry_run":true}`,
			wrong: "is not before",
		},
		"all fields": {
			event: `{"action":"backfill","since":"3d","statuses":["Failed"],"object_types":["preload"],"domains":["*.example.com"],"task_id":"1","object_path":"https://a/b","sinks":["ops"],"dry_run":true}`,
			want: Request{Action: ActionBackfill, Since: "3d", Statuses: []string{"Failed"}, ObjectTypes: []string{"preload"},
				Domains: []string{"*.example.com"}, TaskID: "1", ObjectPath: "https://a/b", Sinks: []string{"ops"}, DryRun: true},
		},
		"check":               {event: `{"action":"check","post":true}`, want: Request{Action: ActionCheck, Post: true}},
		"cdn":                 {event: `{"events":[{"eventName":"CachedObjectsPushed","region":"x"}]}`, want: poll},
		"not JSON":            {event: `poll`, wrong: "event: not a JSON object"},
		"a list":              {event: `[1]`, wrong: "event: not a JSON object"},
		"unknown field":       {event: `{"action":"poll","sinse":"1h"}`, wrong: "sinse: unknown field in the request; did you mean since?"},
		"field in capitals":   {event: `{"Action":"poll"}`, wrong: "Action: unknown field"},
		"unknown action":      {event: `{"action":"backfil"}`, wrong: `action: unknown value "backfil"; did you mean backfill?`},
		"empty action":        {event: `{"action":""}`, wrong: `action: unknown value ""`},
		"wrong type":          {event: `{"action":"backfill","dry_run":"yes","statuses":"Failed"}`, wrong: "dry_run: must be true or false\nstatuses: must be a list of strings"},
		"null":                {event: `{"action":"backfill","since":null}`, wrong: "since: must be a string"},
		"unknown status":      {event: `{"action":"backfill","statuses":["Refreshing"]}`, wrong: `statuses: "Refreshing" is not a final status`},
		"unknown type":        {event: `{"action":"backfill","object_types":["prelod"]}`, wrong: `object_types: unknown value "prelod"; did you mean preload?`},
		"field of another":    {event: `{"action":"poll","since":"1h"}`, wrong: "since: does not go with the action poll; it is for backfill"},
		"since and from":      {event: `{"action":"backfill","since":"1h","from":"2026-11-20T00:00:00Z"}`, wrong: "since: does not go with from"},
		"negative since":      {event: `{"action":"backfill","since":"-1h"}`, wrong: "since: "},
		"bad time":            {event: `{"action":"backfill","from":"yesterday"}`, wrong: `from: "yesterday" is not a time; write it like 2026-11-20T00:00:00Z`},
		"payload no string":   {event: `{"triggerName":"t","payload":{}}`, wrong: "payload: must be a string"},
		"payload no request":  {event: `{"triggerName":"t","payload":"poll"}`, wrong: "payload: not a request"},
		"timer and request":   {event: `{"triggerName":"t","action":"poll"}`, wrong: "action: unknown field in the timer event"},
		"cdn of another kind": {event: `{"events":[{"eventName":"LogFileCreated"}]}`, wrong: `events: unknown eventName "LogFileCreated"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseEvent([]byte(tt.event))
			if tt.wrong != "" {
				var wrong *UsageError
				if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("got %+v, error %v; want an error with %q", got, err, tt.wrong)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("error %v, request (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestBackfillWindow(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		req      Request
		from, to string
	}{
		"default":  {Request{}, "2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z"},
		"since":    {Request{Since: "90m"}, "2026-11-23T10:30:00Z", "2026-11-23T12:00:00Z"},
		"days":     {Request{Since: "1.5d"}, "2026-11-22T00:00:00Z", "2026-11-23T12:00:00Z"},
		"from":     {Request{From: "2026-11-22T08:00:00+08:00"}, "2026-11-22T00:00:00Z", "2026-11-23T12:00:00Z"},
		"since to": {Request{Since: "2h", To: "2026-11-23T11:00:00Z"}, "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"},
	} {
		w, err := tt.req.window(now)
		if got := [2]string{w.From.Format(time.RFC3339), w.To.Format(time.RFC3339)}; err != nil || got != [2]string{tt.from, tt.to} {
			t.Errorf("%s: %v, error %v; want %s to %s", name, got, err, tt.from, tt.to)
		}
	}
}

// Whatever an event holds, it is refused as a mistake of the sender or becomes a
// request that survives the way through JSON.
func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"triggerName":"t","payload":"{}"}`, `{"action":"backfill","since":"24h"}`, `{"events":[]}`, `{"action":"backfill","since":"1e9d"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		req, err := ParseEvent(event)
		if err != nil {
			var wrong *UsageError
			if !errors.As(err, &wrong) {
				t.Fatalf("%q: %T is no usage error", event, err)
			}
			return
		}
		text, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseEvent(text)
		if diff := cmp.Diff(req, again); err != nil || diff != "" {
			t.Errorf("%s: error %v, request (-want +got):\n%s", text, err, diff)
		}
	})
}
