package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each poll of the demo finds what its story says, and the last one has nothing to send.
func TestDemo(t *testing.T) {
	t.Parallel() // six seconds of waiting
	var out, err bytes.Buffer
	if code := Run(t.Context(), []string{"demo"}, Shell{Out: &out, Err: &err, OutTTY: true, Getenv: func(string) string { return "" }}); code != 0 || err.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, err.String())
	}
	var got []string
	for part := range strings.SplitSeq(out.String(), "── poll ") {
		titles := regexp.MustCompile(`(?m)^(?:✅|❌|⚠️) [^:]+`).FindAllString(part, -1)
		summary := regexp.MustCompile(`(?m)^   (\d+ .*) in flight\.`).FindStringSubmatch(part)
		if summary != nil {
			got = append(got, strings.Join(append(titles, summary[1]), "\n"))
		}
	}
	want := []string{
		"1 finished task recorded without notification (1 complete, 0 failed), 9 tasks",
		"✅ Directory refresh complete\n✅ Prefetch complete\n2 tasks newly finished (2 complete, 0 failed), 7 tasks",
		"❌ Prefetch failed\n⚠️ 1 of 5 failed\n6 tasks newly finished (4 complete, 2 failed), 1 task",
		"0 tasks newly finished, 1 task",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
