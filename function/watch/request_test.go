package watch

import (
	"encoding/json"
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
		"check":                {event: `{"action":"check","post":true}`, want: Request{Action: ActionCheck, Post: true}},
		"cdn":                  {event: `{"events":[{"eventName":"CachedObjectsPushed","region":"x"}]}`, want: poll},
		"not JSON":             {event: `poll`, wrong: "event: not a JSON object"},
		"a list":               {event: `[1]`, wrong: "event: not a JSON object"},
		"unknown field":        {event: `{"action":"poll","sinse":"1h"}`, wrong: "sinse: unknown field in the request. Did you mean since?"},
		"field in capitals":    {event: `{"Action":"poll"}`, wrong: "Action: unknown field"},
		"unknown action":       {event: `{"action":"backfil"}`, wrong: `action: unknown value "backfil". Did you mean backfill?`},
		"empty action":         {event: `{"action":""}`, wrong: `action: is empty. Leave it out, or give it a value.`},
		"wrong type":           {event: `{"action":"backfill","dry_run":"yes","statuses":"Failed"}`, wrong: "statuses: must be a list of strings\ndry_run: must be true or false"},
		"null":                 {event: `{"action":"backfill","since":null}`, wrong: "since: must be a string"},
		"unknown status":       {event: `{"action":"backfill","statuses":["Refreshing"]}`, wrong: `statuses: unknown value "Refreshing". Known: Complete, Failed, Timeout, Canceled.`},
		"unknown type":         {event: `{"action":"backfill","object_types":["prelod"]}`, wrong: `object_types: unknown value "prelod". Did you mean preload?`},
		"field of another":     {event: `{"action":"poll","since":"1h"}`, wrong: "since: only valid for the action backfill"},
		"since and from":       {event: `{"action":"backfill","since":"1h","from":"2026-11-20T00:00:00Z"}`, wrong: "since: does not go with from"},
		"negative since":       {event: `{"action":"backfill","since":"-1h"}`, wrong: "since: "},
		"bad time":             {event: `{"action":"backfill","from":"yesterday"}`, wrong: `from: invalid time "yesterday". Write it like 2026-11-20, 2026-11-20T08:00 or 2026-11-20T08:00:00+08:00.`},
		"payload no string":    {event: `{"triggerName":"t","payload":{}}`, wrong: "payload: must be a string"},
		"payload no request":   {event: `{"triggerName":"t","payload":"poll"}`, wrong: "payload: not a JSON object"},
		"timer and request":    {event: `{"triggerName":"t","action":"poll"}`, wrong: "action: unknown field in the timer event"},
		"a field twice":        {event: `{"action":"poll","action":"backfill"}`, wrong: `event: the field "action" is given more than once`},
		"a brace too many":     {event: `{"action":"poll"}}`, wrong: "event: something follows the JSON object"},
		"a bracket too many":   {event: `{"action":"poll"}]`, wrong: "event: something follows the JSON object"},
		"two objects":          {event: `{"action":"poll"}{"action":"poll"}`, wrong: "event: something follows the JSON object"},
		"byte-order mark":      {event: "\xef\xbb\xbf{}", want: poll},
		"UTF-16":               {event: "\xff\xfe{\x00}\x00", want: poll},
		"UTF-16, big":          {event: "\xfe\xff\x00{\x00}", want: poll},
		"UTF-16, no mark":      {event: "{\x00}\x00", wrong: "event: not UTF-8. Save it"},
		"GBK":                  {event: "{\"task_id\":\"\xca\xd3\"}", wrong: "event: not UTF-8"},
		"HTTP trigger":         {event: `{"version":"v1","rawPath":"/","headers":{"Authorization":"hunter2"},"body":"{}","isBase64Encoded":false,"requestContext":{}}`, wrong: "event: comes from an HTTP trigger, which does not start this function. Use a timer"},
		"API Gateway":          {event: `{"path":"/","httpMethod":"POST","headers":{},"body":""}`, wrong: "comes from API Gateway"},
		"EventBridge":          {event: `{"id":"1","source":"acs.cdn","specversion":"1.0","type":"cdn:x","data":{}}`, wrong: "comes from EventBridge"},
		"EventBridge, several": {event: `[{"specversion":"1.0"}]`, wrong: "not a JSON object but a list"},
		"MNS":                  {event: `{"TopicOwner":"1","Message":"hunter2","Subscriber":"1"}`, wrong: "Message Service"},
		"SLS":                  {event: `{"parameter":{},"source":{"endpoint":"x"},"jobName":"1","taskId":"2"}`, wrong: "Simple Log Service"},
		"request in a string":  {event: `"{\"action\":\"poll\"}"`, wrong: "event: not a JSON object. Send"},
		"a quote missing":      {event: `{"action":hunter2}`, wrong: "it breaks after byte"},
		"cut off":              {event: `{"action":"poll"`, wrong: "event: not a JSON object"},
		"word for a task id":   {event: `{"action":"backfill","task_id":"abc"}`, wrong: "task_id: \"abc\" is no task id"},
		"empty task id":        {event: `{"action":"backfill","task_id":""}`, wrong: "task_id: is empty. Leave it out"},
		"empty list":           {event: `{"action":"backfill","sinks":[]}`, wrong: "sinks: is empty. Leave it out"},
		"empty name":           {event: `{"action":"backfill","sinks":["ops",""]}`, wrong: "sinks: is empty"},
		"impossible domain":    {event: `{"action":"backfill","domains":["https://cdn.example.com"]}`, wrong: "domains: begins with a scheme and can match no domain"},
		"type in capitals":     {event: `{"action":"backfill","object_types":["Preload"]}`, want: Request{Action: ActionBackfill, ObjectTypes: []string{"Preload"}}},
		"every status":         {event: `{"action":"backfill","statuses":["Complete","Failed","Timeout","Canceled"]}`, want: Request{Action: ActionBackfill, Statuses: finishedStatuses}},
		"status in small":      {event: `{"action":"backfill","statuses":["failed"]}`, wrong: `statuses: unknown value "failed". Did you mean Failed?`},
		"endless since":        {event: `{"action":"backfill","since":"400000d"}`, wrong: "since: invalid duration"},
		"discard":              {event: `{"action":"redrive","sinks":["ops"],"discard":true}`, want: Request{Action: ActionRedrive, Sinks: []string{"ops"}, Discard: true}},
		"discard everything":   {event: `{"action":"redrive","discard":true}`, wrong: "discard: is for named sinks only. Name the sinks"},
		"discard of another":   {event: `{"action":"poll","discard":true}`, wrong: "discard: only valid for the action redrive"},
		"sinks of another":     {event: `{"action":"poll","sinks":["ops"]}`, wrong: "sinks: only valid for the action backfill or redrive"},
		"payload twice nested": {event: `{"triggerName":"t","payload":"{\"triggerName\":\"t\"}"}`, wrong: "triggerName: unknown field in the request"},
		"cdn of another kind":  {event: `{"events":[{"eventName":"LogFileCreated"}]}`, wrong: `events: unknown eventName "LogFileCreated"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseEvent([]byte(tt.event))
			if tt.wrong != "" {
				if Code(err) != CodeUsage || !strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "invalid character") {
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

// An answer about an event is short, whatever the event holds, and one line a mistake.
func TestEventsAreNotEchoed(t *testing.T) {
	long := strings.Repeat("x\\n", 15_000)
	for name, event := range map[string]string{
		"a value": `{"action":"` + long + `"}`, "a status": `{"action":"backfill","statuses":["` + long + `"]}`,
		"a time": `{"action":"backfill","from":"` + long + `"}`, "a name": `{"` + long + `":1}`, "a sort": `{"events":[{"eventName":"` + long + `"}]}`,
		"fields": "{" + strings.Repeat(`"`+strings.Repeat("y", 90)+`":0,"z":0,`, 1) + `"a":0}`,
		"bytes":  `{"action":"` + strings.Repeat("é", MaxEvent) + `"}`,
	} {
		_, err := ParseEvent([]byte(event))
		if Code(err) != CodeUsage {
			t.Fatalf("%s: %v", name, err)
		}
		if said := err.Error(); len(said) > 600 || strings.Count(said, "\n") > 3 {
			t.Errorf("%s: %d bytes: %.900s", name, len(said), said)
		}
	}
	if _, err := ParseEvent([]byte(strings.Repeat(" ", MaxEvent) + "{}")); err == nil || err.Error() != "event: larger than 65536 bytes" {
		t.Errorf("a large event: %v", err)
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
		w := tt.req.window(now)
		if got := [2]string{w.From.Format(time.RFC3339), w.To.Format(time.RFC3339)}; got != [2]string{tt.from, tt.to} {
			t.Errorf("%s: %v; want %s to %s", name, got, tt.from, tt.to)
		}
	}
}

// People write a date, or a time to the minute, and mean their own zone.
func TestBareTimes(t *testing.T) {
	china := time.FixedZone("+08:00", 8*60*60)
	now := time.Now().In(china)
	today := now.Format(time.DateOnly)
	for _, tt := range []struct{ from, to, wantFrom, wantTo, wrong string }{
		{"2026-11-20", "", "2026-11-20T00:00:00+08:00", "", ""},
		{"2026-11-20 09:30", "2026-11-21", "2026-11-20T09:30:00+08:00", "2026-11-21T00:00:00+08:00", ""},
		{"2026-11-20T09:30", "2026-11-20T09:30:01", "2026-11-20T09:30:00+08:00", "2026-11-20T09:30:01+08:00", ""},
		{"2026-11-20T00:00:00Z", "2026-11-20 08:01", "2026-11-20T00:00:00Z", "2026-11-20T08:01:00+08:00", ""},
		{"2026-11-20T00:00:00Z", "2026-11-20 07:59", "", "", "is not before to"},
		{today, "", today + "T00:00:00+08:00", "", ""}, // in UTC it may be tomorrow
		{"2026-13-20", "", "", "", "invalid time"},
		{"2026-11-20 9:30", "", "2026-11-20T09:30:00+08:00", "", ""},
		{"20.11.2026", "", "", "", "invalid time"},
		{"", "11:30", "", "", "invalid time"},
	} {
		req := Request{Action: ActionBackfill, From: tt.from, To: tt.to}
		err := req.Validate()
		if err == nil {
			req, err = req.In(china)
		}
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s to %s: %v, want %q", tt.from, tt.to, err, tt.wrong)
			continue
		}
		if err == nil && (req.From != tt.wantFrom || req.To != tt.wantTo) {
			t.Errorf("%s to %s: %s to %s", tt.from, tt.to, req.From, req.To)
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
			if Code(err) != CodeUsage {
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
