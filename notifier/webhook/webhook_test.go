package webhook

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"refreshwatch/notifier"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// TestStandardWebhooks lets the official library verify what arrives.
func TestStandardWebhooks(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	now := time.Now // the library reads the real clock
	r.Now, r.Common.Now = now, now
	verifier, err := standardwebhooks.NewWebhook(r.WebhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []sink.Secret{"standard", "cloudevents"} {
		if err := r.Sink(t, Kind(), sink.Settings{"format": name}).Send(t.Context(), notifiertest.One(1)); err != nil {
			t.Fatal(err)
		}
	}
	posts := r.Posts(notifiertest.Webhook)
	if len(posts) != 2 {
		t.Fatalf("%d posts", len(posts))
	}
	for _, post := range posts {
		if err := verifier.Verify(post.Body, post.Header); err != nil {
			t.Error(err)
		}
		if err := verifier.Verify(append(post.Body, ' '), post.Header); err == nil {
			t.Error("a changed body passed")
		}
	}
}

// TestBodiesAreBounded: however long the paths, and whatever JSON makes of them, a body has
// at most 50 tasks and 20,480 bytes, the advice of Standard Webhooks.
func TestBodiesAreBounded(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	s := r.Sink(t, Kind()).(*Sink)
	for name, path := range map[string]string{
		"short": "/a", "long": "/" + strings.Repeat("x", 700), "quoted": "/" + strings.Repeat(`"`, 700), "query": "/?" + strings.Repeat("a&", 350),
	} {
		var routed []notifier.Routed
		for i := range 120 {
			e := notifiertest.One(i).Events[0]
			e.Task.ObjectPath = "https://cdn.example.com" + path
			e.Task.Description = "Origin Return StatusCode 5XX"
			routed = append(routed, notifier.Routed{Event: e})
		}
		tasks := 0
		for _, d := range notifier.Batch("hook", sink.Batched, routed, notifiertest.Now) {
			body, err := s.Body(d.Message)
			if err != nil || len(body) > 20_480 || len(d.Events) > 50 {
				t.Errorf("%s: %d bytes for %d tasks, %v", name, len(body), len(d.Events), err)
			}
			tasks += len(d.Events)
		}
		if tasks != 120 {
			t.Errorf("%s: %d tasks of 120", name, tasks)
		}
	}
}

// TestSameIDEveryTime: over retries the id and the body stay, the timestamp is the
// attempt's own.
func TestSameIDEveryTime(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	clock := notifiertest.Now
	r.Receiver.Now = func() time.Time { return clock }
	r.Common.Now = r.Receiver.Now
	s := r.Sink(t, Kind())
	r.Script(notifiertest.Webhook, notifiertest.Answer(503, ""))
	r.AssertOutcome(t, s.Send(t.Context(), notifiertest.One(1)), sink.Later, 0)
	clock = clock.Add(26 * time.Hour)
	if err := s.Send(t.Context(), notifiertest.Again(notifiertest.One(1))); err != nil {
		t.Fatal(err)
	}
	posts := r.Posts(notifiertest.Webhook)
	first, second := posts[0], posts[1]
	if first.ID != notifiertest.One(1).ID || second.ID != first.ID || string(first.Body) != string(second.Body) {
		t.Errorf("%q and %q:\n%s\n%s", first.ID, second.ID, first.Body, second.Body)
	}
	if first.Header.Get("webhook-timestamp") == second.Header.Get("webhook-timestamp") {
		t.Error("the second attempt has the first one's timestamp")
	}
}

// TestWebhookBody compares with the outside contract, field by field.
func TestWebhookBody(t *testing.T) {
	w, err := New(Config{Common: sink.Common{Region: "cn-shanghai"}, URL: "https://example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	m := sink.Message{ID: "d_1", Kind: poller.Finished, Created: at, Events: []poller.Event{
		{Kind: poller.Finished, From: poller.Refreshing, Observed: at, Task: poller.Task{
			Key: poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: "https://A.example.com/a?x=1&y=<2>"}, Status: poller.Complete, Process: "100%", Created: at.Add(-time.Hour)}},
		{Kind: poller.Finished, Observed: at, Task: poller.Task{
			Key: poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: "/b\n\"\xff"}, Status: poller.Failed, Description: "Internal Error"}},
	}}
	got, err := w.Body(m)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"vod.refresh_tasks.finished","timestamp":"2026-11-20T08:00:00Z",` +
		`"data":{"delivery_id":"d_1","region":"cn-shanghai","complete":1,"failed":1,"canceled":0,"tasks":[` +
		`{"task_id":"1","object_type":"file","object_path":"https://A.example.com/a?x=1&y=<2>","domain":"a.example.com","status":"Complete",` +
		`"process":"100%","description":"","created_at":"2026-11-20T07:00:00Z","observed_at":"2026-11-20T08:00:00Z","previous_status":"Refreshing"},` +
		`{"task_id":"1","object_type":"file","object_path":"/b\n\"` + "\\ufffd" + `","domain":"","status":"Failed",` +
		`"process":"","description":"Internal Error","created_at":null,"observed_at":"2026-11-20T08:00:00Z","previous_status":""}]}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestWebhookCounts: a Timeout is a failure, a cancellation is neither; a row that was
// seen in flight says when it finished, and the deployment and its product are named.
func TestWebhookCounts(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.FixedZone("", 8*3600))
	m := sink.Message{ID: "d_1", Kind: poller.Finished, Created: at}
	for i, status := range []poller.Status{poller.Complete, poller.Failed, poller.Timeout, poller.Timeout, poller.Canceled, "Odd"} {
		e := poller.Event{Kind: poller.Finished, Observed: at, Task: poller.Task{Status: status}}
		if i == 0 {
			e.EndedAfter, e.EndedBefore = at.Add(-time.Minute), at
		}
		m.Events = append(m.Events, e)
	}
	type event struct {
		Type string
		Data struct {
			Label                      string
			Complete, Failed, Canceled int
			Tasks                      []map[string]any
		}
	}
	for product, want := range map[string]string{"": "vod", "vod": "vod", "cdn": "cdn", "dcdn": "dcdn"} {
		w, err := New(Config{Common: sink.Common{Product: product, Label: "prod"}, URL: "https://example.com/"})
		if err != nil {
			t.Fatal(err)
		}
		for kind, counts := range map[poller.Kind][3]int{poller.Finished: {1, 3, 1}, poller.Expired: {}} {
			m.Kind = kind
			for i := range m.Events {
				m.Events[i].Kind = kind
			}
			var got event
			body, err := w.Body(m)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if d := got.Data; got.Type != want+".refresh_tasks."+string(kind) || d.Label != "prod" || [3]int{d.Complete, d.Failed, d.Canceled} != counts {
				t.Errorf("%q %s: %s", product, kind, body)
			}
			first, second := got.Data.Tasks[0], got.Data.Tasks[1]
			if first["ended_after"] != "2026-11-19T23:59:00Z" || first["ended_before"] != "2026-11-20T00:00:00Z" {
				t.Errorf("the first row %v", first)
			}
			if _, there := second["ended_after"]; there || len(second) != len(first)-2 {
				t.Errorf("the second row %v was never seen in flight", second)
			}
		}
		m.Notice = &template.Notice{}
		if body, _ := w.Body(m); !strings.Contains(string(body), `"label":"prod"`) {
			t.Errorf("notice %s", body)
		}
		m.Notice = nil
	}
}

func TestWebhookTypes(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	s := r.Sink(t, Kind())
	want := []string{
		"vod.refresh_tasks.finished", "vod.refresh_tasks.stalled", "vod.refresh_tasks.expired",
		"refreshwatch.gap", "refreshwatch.trouble", "refreshwatch.recovered", "refreshwatch.quota", "refreshwatch.test",
	}
	var got []string
	for _, sample := range append(template.Samples(), template.Hostile()...) {
		if err := s.Send(t.Context(), sink.MessageOf(sample.Message, notifiertest.Now)); err != nil {
			t.Fatal(err)
		}
	}
	for _, post := range r.Posts(notifiertest.Webhook) {
		var body struct{ Type string }
		if err := json.Unmarshal(post.Body, &body); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(got, body.Type) {
			got = append(got, body.Type)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestCloudEvents holds the structured form to the vendor-neutral SDK, which reads
// and validates it, and to the documented names.
func TestCloudEvents(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	s := r.Sink(t, Kind(), sink.Settings{"format": "cloudevents"})
	if err := s.Send(t.Context(), notifiertest.One(1)); err != nil {
		t.Fatal(err)
	}
	post := r.Posts(notifiertest.Webhook)[0]
	if got := post.Header.Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	var official cloudevents.Event
	if err := json.Unmarshal(post.Body, &official); err != nil {
		t.Fatal(err)
	}
	if err := official.Validate(); err != nil {
		t.Error(err)
	}
	if official.ID() != post.Header.Get("webhook-id") {
		t.Errorf("the event's id %q is not the webhook-id %q", official.ID(), post.Header.Get("webhook-id"))
	}
	var event map[string]any
	if err := json.Unmarshal(post.Body, &event); err != nil {
		t.Fatal(err)
	}
	data, _ := event["data"].(map[string]any)
	if data["delivery_id"] != notifiertest.One(1).ID {
		t.Errorf("data %v", data)
	}
	for name := range event {
		if len(name) > 20 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("attribute name %q", name)
		}
	}
	delete(event, "data")
	want := map[string]any{
		"specversion": "1.0", "id": notifiertest.One(1).ID, "source": "/refreshwatch/vod/cn-shanghai", "type": "vod.refresh_tasks.finished",
		"time": "2026-11-20T08:30:02Z", "datacontenttype": "application/json",
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Error(diff)
	}
}

func TestNewWebhook(t *testing.T) {
	key := func(n int) sink.Secret {
		return sink.Secret("whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)))
	}
	tests := map[string]Config{
		"url: not set":                    {},
		"url: http is accepted":           {URL: "http://example.com/"},
		"url: there is white space in it": {URL: "https://exa mple.com/\x7f"},
		"url: names no host":              {URL: "https:///hook"},
		`secret: must begin with "whse`:   {URL: "https://example.com/", Secret: "secret"},
		"secret: must be base64":          {URL: "https://example.com/", Secret: "whsec_***"},
		"secret: holds 23 bytes":          {URL: "https://example.com/", Secret: key(23)},
		"secret: holds 65 bytes":          {URL: "https://example.com/", Secret: key(65)},
		"secret: holds 0 bytes":           {URL: "https://example.com/", Secret: "whsec_"},
		`format: unknown format`:          {URL: "https://example.com/", Format: "xml"},
	}
	for want, settings := range tests {
		_, err := New(settings)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, good := range []Config{{URL: "https://example.com/"}, {URL: "http://127.0.0.1:1/", Secret: key(24)}, {URL: "http://localhost/", Secret: key(64)}, {URL: "http://[::1]/"}} {
		if _, err := New(good); err != nil {
			t.Error(err)
		}
	}
}

func TestUnsignedWebhook(t *testing.T) {
	r := notifiertest.NewRig(t, "en")
	r.WebhookSecret = ""
	s := r.Sink(t, Kind(), sink.Settings{"secret": ""})
	if err := s.Send(t.Context(), notifiertest.One(1)); err != nil {
		t.Fatal(err)
	}
	if h := r.Posts(notifiertest.Webhook)[0].Header; h.Get("webhook-signature") != "" || h.Get("webhook-id") == "" || h.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", h)
	}
}

func TestWebhookCheck(t *testing.T) {
	for secret, want := range map[sink.Secret]sink.Level{"": sink.Warn, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": sink.OK} {
		w, err := New(Config{URL: "https://example.com/", Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		findings := w.Check(t.Context())
		if got := findings[len(findings)-1]; got.Item != "secret" || got.Level != want || (want == sink.Warn) != (got.Hint != "") {
			t.Errorf("a secret of %d characters: %+v, want %s", len(secret), got, want)
		}
	}
}
