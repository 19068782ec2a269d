package notifier

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// mentions matches what calls people on one of the platforms.
var mentions = regexp.MustCompile(`<!(channel|here|everyone|subteam)|<@[A-Za-z]|<at |"isAtAll":true|"atMobiles"|"atUserIds"`)

// FuzzTaskFields throws arbitrary fields at every sink: what is posted is taken
// by the platform, as a card and at the first attempt, and calls nobody.
func FuzzTaskFields(f *testing.F) {
	for _, sample := range template.Samples() {
		for _, e := range sample.Message.Events[:min(2, len(sample.Message.Events))] {
			f.Add(e.Task.TaskID, e.Task.ObjectType, e.Task.ObjectPath, string(e.Task.Status), e.Task.Process, e.Task.Description, 1)
		}
	}
	f.Add("<!channel>", "<at id=all></at>", "<@U0>|x>\xff\x00\u2028", "Failed", "`", "<@all>@all", 60)
	set := words(f, "zh")
	f.Fuzz(func(t *testing.T, id, objectType, path, status, process, description string, n int) {
		receiver, out := newReceiver(), NewOutlet(0)
		out.client.Transport = inProcess{receiver}
		r := withSinks(t, receiver, out, set)
		d := one(1)
		d.Events = nil
		for range min(max(n, 1), 60) {
			d.Events = append(d.Events, poller.Event{Kind: poller.Finished, Observed: testNow, Task: poller.Task{
				Key: poller.Key{TaskID: id, ObjectType: objectType, ObjectPath: path}, Status: poller.Status(status), Process: process, Description: description,
			}})
		}
		d.Digest = n > 50
		for _, p := range r.places(t) {
			if err := p.sink.Send(t.Context(), d); err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			for _, post := range r.Posts(p.endpoint) {
				if post.Problem != "" || !json.Valid(post.Body) {
					t.Errorf("%s: %s: %s", p.name, post.Problem, post.Body)
				}
				if p.endpoint != notifiertest.Webhook && mentions.MatchString(unescaped(t, post.Body)) {
					t.Errorf("%s calls people: %s", p.name, post.Body)
				}
			}
		}
	})
}

// inProcess hands requests to a handler without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, req)
	return answer.Result(), nil
}

func unescaped(t *testing.T, body []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	text, err := encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
