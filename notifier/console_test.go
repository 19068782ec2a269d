package notifier

import (
	"errors"
	"strings"
	"testing"

	"refreshwatch/template"
)

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestConsole(t *testing.T) {
	r := newRig(t, "zh")
	var out strings.Builder
	console := &Console{Kit: r.kit, Out: &out}
	for _, sample := range template.Samples() {
		out.Reset()
		if err := console.Send(t.Context(), asDelivery(sample)); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if !strings.Contains(text, sample.Message.ID) || strings.ContainsAny(text, "\x1b\r\a") {
			t.Errorf("%s: %q", sample.Name, text)
		}
		for _, e := range sample.Message.Events[:min(1, len(sample.Message.Events))] {
			if id := e.Task.TaskID; !sample.Message.Digest && id != "" && !strings.Contains(text, id) {
				t.Errorf("%s lacks task %s:\n%s", sample.Name, id, text)
			}
		}
	}
	console.Out = brokenWriter{}
	r.assertOutcome(t, console.Send(t.Context(), one(1)), Unknown, 0)
}
