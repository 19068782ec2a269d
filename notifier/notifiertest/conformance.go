package notifiertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// Conform holds every kind of the table to what all sinks promise: they report the
// four outcomes, show no secret, keep to their platform's limits, and mention only
// whom the operator named.
func Conform(t *testing.T, kinds []sink.Kind) {
	for _, k := range kinds {
		t.Run(k.Type, func(t *testing.T) {
			f := fixture(t, k)
			t.Run("settings", func(t *testing.T) { conformSettings(t, k, f) })
			t.Run("answers", func(t *testing.T) { conformAnswers(t, k, f) })
			t.Run("unreachable", func(t *testing.T) { conformUnreachable(t, k) })
			t.Run("redirect", func(t *testing.T) { conformRedirect(t, k, f) })
			t.Run("wrong secret", func(t *testing.T) { conformWrongSecret(t, k, f) })
			t.Run("layout", func(t *testing.T) { conformLayout(t, k, f) })
			t.Run("limits", func(t *testing.T) { conformLimits(t, k) })
			t.Run("mentions", func(t *testing.T) { conformMentions(t, k, f) })
			t.Run("rate", func(t *testing.T) { conformRate(t, k, f) })
		})
	}
}

// conformSettings leaves each required field out, and prints the sink.
func conformSettings(t *testing.T, k sink.Kind, f Fixture) {
	r := NewRig(t, "en")
	for _, field := range k.Fields {
		if field.Check == nil && field.Key == "url" {
			t.Errorf("nobody checks %s", field.Key)
		}
		if !field.Required {
			continue
		}
		settings := f.Settings(r.Receiver)
		delete(settings, field.Key)
		_, err := k.Build(settings, r.Common)
		if m := poller.Mistakes(err); len(m) != 1 || m[0].Setting != field.Key {
			t.Errorf("without %s: %v", field.Key, err)
		}
		r.AssertNoSecret(t, fmt.Sprint(err))
	}
	s := r.Sink(t, k)
	r.AssertNoSecret(t, fmt.Sprintf("%v %+v", s, s), fmt.Sprint(f.Settings(r.Receiver)))
	if c, ok := s.(sink.Checker); ok {
		for _, finding := range c.Check(t.Context()) {
			if finding.Level != sink.OK && finding.Hint == "" {
				t.Errorf("%+v has no hint", finding)
			}
			r.AssertNoSecret(t, finding.Detail, finding.Hint)
		}
	}
}

// conformAnswers lets every fault happen: it counts as the table says, nothing
// secret shows, and the next attempt succeeds.
func conformAnswers(t *testing.T, k sink.Kind, f Fixture) {
	for i, x := range append(f.anywhere(), f.Answers...) {
		t.Run(x.Name, func(t *testing.T) {
			r := NewRig(t, "en")
			s := r.Sink(t, k)
			r.Script(f.Endpoint, x.Fault)
			err := s.Send(r.UntilItHangs(t), One(i))
			r.AssertOutcome(t, err, x.Class, x.After)
			if err := s.Send(t.Context(), One(i+1000)); err != nil {
				t.Errorf("the next attempt failed: %v", err)
			}
		})
	}
}

// conformUnreachable: what never left this machine may be sent again.
func conformUnreachable(t *testing.T, k sink.Kind) {
	r := NewRig(t, "en")
	r.Common.Client = sink.NewClient(sink.ClientOptions{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "receiver", IsNotFound: true}}
		},
	}})
	err := r.Sink(t, k).Send(t.Context(), One(1))
	r.AssertOutcome(t, err, sink.Later, 0)
	if got := sink.CodeOf(err); got != "dns" {
		t.Errorf("code %q", got)
	}
}

// conformRedirect: a redirect is a refusal, and nothing is sent to where it leads.
func conformRedirect(t *testing.T, k sink.Kind, f Fixture) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	r := NewRig(t, "en")
	r.Script(f.Endpoint, Redirect(elsewhere.URL))
	r.AssertOutcome(t, r.Sink(t, k).Send(t.Context(), One(1)), sink.Refused, 0)
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests followed a redirect", n)
	}
}

// conformWrongSecret: the receiver notices a wrong secret, so the right ones that
// the other tests send are right.
func conformWrongSecret(t *testing.T, k sink.Kind, f Fixture) {
	if f.WrongSecret == nil {
		t.Skip("its URL is its only secret")
	}
	r := NewRig(t, "en")
	r.AssertOutcome(t, r.Sink(t, k, f.WrongSecret).Send(t.Context(), One(1)), sink.Refused, 0)
	if n := len(r.Arrived()); n != 0 {
		t.Errorf("%d messages arrived", n)
	}
}

// conformLayout: a message that is refused for its layout is sent as text, once,
// still carrying its id.
func conformLayout(t *testing.T, k sink.Kind, f Fixture) {
	if f.Layout == nil {
		t.Skip("it has no layout")
	}
	r := NewRig(t, "en")
	s := r.Sink(t, k)
	for _, sample := range samples() {
		r.Script(f.Endpoint, *f.Layout)
		if err := s.Send(t.Context(), sink.MessageOf(sample.Message, Now)); err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
	}
	posts := r.Posts(f.Endpoint)
	first, second := posts[0], posts[1]
	if first.Arrived || !second.Arrived || second.ID != first.ID {
		t.Errorf("first %v, second %v with id %q, want %q", first.Arrived, second.Arrived, second.ID, first.ID)
	}
	if !strings.Contains(string(first.Body), f.Markup) || strings.Contains(string(second.Body), f.Markup) {
		t.Errorf("want %s in the card and not in the plain text:\n%s\n%s", f.Markup, first.Body, second.Body)
	}
	if !strings.Contains(string(second.Body), "intro.mp4") {
		t.Errorf("the object is lost: %s", second.Body)
	}
	for _, post := range posts {
		if f.mentionsAnybody(t, post) {
			t.Errorf("task data mentions people: %s", post.Body)
		}
	}
	r.Script(f.Endpoint, *f.Layout, *f.Layout)
	r.AssertOutcome(t, s.Send(t.Context(), One(7)), sink.Refused, 0)
}

// conformLimits: whatever the rows, the receiver takes the body at the first
// attempt. The limits are the receiver's, literal numbers of the platforms.
func conformLimits(t *testing.T, k sink.Kind) {
	r := NewRig(t, "zh")
	m := One(1)
	m.Events = nil
	for i := range 50 {
		m.Events = append(m.Events, poller.Event{Kind: poller.Finished, Observed: Now, Task: poller.Task{
			Key:    poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: "https://例子.example.com/" + strings.Repeat("很长的路径<>&\"", 60) + string(rune('a'+i%26))},
			Status: poller.Failed, Description: strings.Repeat("原因", 200) + string(rune('a'+i%26)),
		}})
	}
	for _, p := range []int{1, 7, 50} {
		some := m
		some.ID, some.Events = One(p).ID, m.Events[:p]
		r.assertHarmless(t, k, some)
	}
	for _, post := range r.Posts("") {
		if !utf8.Valid(post.Body) {
			t.Error("broken characters")
		}
	}
}

// conformMentions: task data mentions nobody, and whom the operator named is
// mentioned in the platform's own way, in the card and in plain text.
func conformMentions(t *testing.T, k sink.Kind, f Fixture) {
	r := NewRig(t, "zh")
	for _, sample := range samples() {
		r.assertHarmless(t, k, sink.MessageOf(sample.Message, Now))
	}
	if (f.Mention == "") != (k.Markup.Pattern == "") || (f.Mention == "") != (f.Calls == "") || f.Mention != "" && k.CheckMention(f.Mention) != nil {
		t.Fatalf("the fixture's mention %q does not fit the kind's %q", f.Mention, k.Markup.Pattern)
	}
	if f.Mention == "" {
		return
	}
	m := One(1)
	m.Mention = f.Mention
	before := len(r.Posts(f.Endpoint))
	r.Script(f.Endpoint, *f.Layout)
	if err := r.Sink(t, k).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	posts := r.Posts(f.Endpoint)[before:]
	if len(posts) != 2 {
		t.Fatalf("%d posts", len(posts))
	}
	want := f.Mentions
	if want == "" {
		want = f.Mention
	}
	for _, post := range posts {
		var body any
		if err := json.Unmarshal(post.Body, &body); err != nil {
			t.Fatal(err)
		}
		if text := unescaped(t, post.Body); !strings.Contains(text, want) {
			t.Errorf("nobody is mentioned: %s", text)
		}
	}
}

// conformRate: a sink keeps to its receiver's published rate, and is not slower than
// that either.
func conformRate(t *testing.T, k sink.Kind, f Fixture) {
	if f.PerSecond == 0 {
		t.Skip("its receiver has no published rate")
	}
	words := words(t, "en")
	synctest.Test(t, func(t *testing.T) {
		r := InProcess(words)
		r.Common.Unpaced = false
		s := r.Sink(t, k)
		begin := time.Now()
		var at []time.Time
		for i := range 120 {
			if err := s.Send(t.Context(), One(i)); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Now())
		}
		if n := most(at, time.Second); n > f.PerSecond {
			t.Errorf("%d in a second", n)
		}
		if n := most(at, time.Minute); n > f.PerMinute {
			t.Errorf("%d in a minute", n)
		}
		if took, ideal := time.Since(begin), time.Duration(120)*time.Minute/time.Duration(f.PerMinute); took > ideal*4/3 {
			t.Errorf("120 messages took %s, at most a third over %s is needed", took, ideal)
		}
	})
}

// most is the largest number of times within any window.
func most(at []time.Time, window time.Duration) int {
	best := 0
	for i, start := range at {
		n := 0
		for _, later := range at[i:] {
			if later.Sub(start) < window-time.Millisecond {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}
