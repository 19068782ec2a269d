package notifiertest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// FuzzFields sends arbitrary task fields to every kind: what is posted is taken by
// the platform, as a card and at the first attempt, and mentions nobody.
func FuzzFields(f *testing.F, kinds []sink.Kind) {
	for _, sample := range samples() {
		for _, e := range sample.Message.Events[:min(2, len(sample.Message.Events))] {
			f.Add(e.Task.TaskID, e.Task.ObjectType, e.Task.ObjectPath, string(e.Task.Status), e.Task.Process, e.Task.Description, 1)
		}
	}
	f.Add("<!channel>", "<at id=all></at>", "<@U0>|x>\xff\x00\u2028", "Failed", "`", "<@all>@all", 60)
	set := words(f, "zh")
	f.Fuzz(func(t *testing.T, id, objectType, path, status, process, description string, n int) {
		receiver := newReceiver()
		client := sink.NewClient(sink.ClientOptions{Transport: inProcess{receiver}})
		r := newRig(receiver, client, set)
		m := One(1)
		m.Events = nil
		for range min(max(n, 1), 60) {
			m.Events = append(m.Events, poller.Event{Kind: poller.Finished, Observed: Now, Task: poller.Task{
				Key: poller.Key{TaskID: id, ObjectType: objectType, ObjectPath: path}, Status: poller.Status(status), Process: process, Description: description,
			}})
		}
		m.Digest = n > 50
		for _, k := range kinds {
			r.assertHarmless(t, k, m)
		}
	})
}

// assertHarmless sends m and checks that every body is valid, accepted, and mentions
// nobody.
func (r *Rig) assertHarmless(t *testing.T, k sink.Kind, m sink.Message) {
	t.Helper()
	f := fixture(t, k)
	before := len(r.Posts(f.Endpoint))
	if err := r.Sink(t, k).Send(t.Context(), m); err != nil {
		t.Fatalf("%s: %v", k.Type, err)
	}
	for _, post := range r.Posts(f.Endpoint)[before:] {
		if post.Problem != "" || !json.Valid(post.Body) {
			t.Errorf("%s: %s: %s", k.Type, post.Problem, post.Body)
		}
		if f.mentionsAnybody(t, post) {
			t.Errorf("%s mentions people: %s", k.Type, post.Body)
		}
	}
}

// mentionsAnybody reports whether a body mentions people.
func (f Fixture) mentionsAnybody(t *testing.T, post Post) bool {
	return f.Calls != "" && regexp.MustCompile(f.Calls).MatchString(unescaped(t, post.Body))
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
	text, err := sink.Encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
