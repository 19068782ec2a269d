package sink_test

import (
	"errors"
	"strings"
	"testing"

	"refreshwatch/notifier/notifiertest"
	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestConsole(t *testing.T) {
	r := notifiertest.NewRig(t, "zh")
	var out strings.Builder
	console := &sink.Console{Common: r.Common, Out: &out}
	for _, sample := range append(template.Samples(), template.Hostile()...) {
		out.Reset()
		if err := console.Send(t.Context(), sink.MessageOf(sample.Message, notifiertest.Now)); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if !strings.Contains(text, sample.Message.ID[:8]) || strings.ContainsAny(text, "\x1b\r\a") {
			t.Errorf("%s: %q", sample.Name, text)
		}
		for _, e := range sample.Message.Events[:min(1, len(sample.Message.Events))] {
			if id := e.Task.TaskID; !sample.Message.Digest && id != "" && !strings.Contains(text, id) {
				t.Errorf("%s lacks task %s:\n%s", sample.Name, id, text)
			}
		}
	}
	console.Out = brokenWriter{}
	r.AssertOutcome(t, console.Send(t.Context(), notifiertest.One(1)), sink.Unknown, 0)
}
