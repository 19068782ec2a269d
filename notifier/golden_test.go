package notifier

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/template"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden shows what every sink posts for every sample in every language. Each
// body is also posted, to a receiver that holds it to the platform's limits.
func TestGolden(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		r := newRig(t, lang)
		for _, p := range r.places(t) {
			wordless := strings.HasPrefix(p.name, "webhook")
			if wordless && lang != "en" {
				continue
			}
			dir := filepath.Join(p.name, lang)
			if wordless {
				dir = p.name
			}
			for _, sample := range template.Samples() {
				t.Run(dir+"/"+sample.Name, func(t *testing.T) {
					d := asDelivery(sample)
					body, err := p.sink.(Previewer).Body(d)
					if err != nil {
						t.Fatal(err)
					}
					golden(t, filepath.Join(dir, sample.Name+".json"), indent(t, body))
					if err := p.sink.Send(t.Context(), d); err != nil {
						t.Fatal(err)
					}
					r.assertPosted(t, p, d, body)
				})
			}
		}
		console := &Console{Kit: r.kit}
		for _, sample := range template.Samples() {
			t.Run("console/"+lang+"/"+sample.Name, func(t *testing.T) {
				var out bytes.Buffer
				console.Out = &out
				if err := console.Send(t.Context(), asDelivery(sample)); err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("console", lang, sample.Name+".txt"), out.Bytes())
			})
		}
	}
}

// assertPosted checks that the preview is what was posted, the signature aside.
func (r *rig) assertPosted(t *testing.T, p place, d Delivery, preview []byte) {
	t.Helper()
	var first map[string]any
	for _, post := range r.Posts(p.endpoint) {
		var posted map[string]any
		if err := json.Unmarshal(post.Body, &posted); err != nil {
			t.Fatal(err)
		}
		if post.ID == d.ID && posted["thread_ts"] == nil && (p.name != "webhook-cloudevents" || posted["specversion"] != nil) {
			first = posted
		}
	}
	if p.name == "feishu" {
		delete(first, "timestamp")
		delete(first, "sign")
	}
	var want map[string]any
	if err := json.Unmarshal(preview, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("the preview is not what was posted (-preview +posted):\n%s", diff)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "testdata", "golden", "sinks", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", name, diff)
	}
}

func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}
