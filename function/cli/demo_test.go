package cli

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
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

// The demo is of the product that is set.
func TestDemoOfAProduct(t *testing.T) {
	t.Parallel()
	var out, err bytes.Buffer
	env := map[string]string{"PRODUCT": "CDN"}
	if code := Run(t.Context(), []string{"demo"}, Shell{Out: &out, Err: &err, OutTTY: true, Getenv: func(name string) string { return env[name] }}); code != 0 || err.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, err.String())
	}
	if !strings.Contains(out.String(), "CDN") || strings.Contains(out.String(), "VOD") {
		t.Errorf("not of CDN:\n%s", &out)
	}
	env["PRODUCT"] = "cnd"
	if code := Run(t.Context(), []string{"demo"}, Shell{Out: &out, Err: &err, Getenv: func(name string) string { return env[name] }}); code != 2 {
		t.Errorf("exit code %d: %s", code, err.String())
	}
}

// A reader who has enough, as | head, ends the demo, and nothing is said of it.
func TestDemoEndsQuietly(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup // each is six seconds of waiting
	for _, lines := range []int{0, 5, 12} {
		wg.Go(func() {
			var err bytes.Buffer
			closed := &closing{after: lines}
			sh := Shell{Out: closed, Err: &err, Getenv: func(string) string { return "" }}
			if Run(t.Context(), []string{"demo"}, sh); err.Len() > 0 {
				t.Errorf("after %d writes: %s", lines, &err)
			}
			if lines == 0 && closed.writes > 2 {
				t.Errorf("it went on for %d writes", closed.writes)
			}
		})
	}
	wg.Wait()
}
