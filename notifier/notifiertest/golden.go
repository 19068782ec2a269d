package notifiertest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// Goldens compares what the kinds, and the console, post for every sample with the
// files in dir, in every language; update writes the files anew. Each body is also
// posted, to a receiver that holds it to the platform's limits.
func Goldens(t *testing.T, kinds []sink.Kind, dir string, update bool) {
	golden := golden{dir: dir, update: update}
	for _, lang := range []string{"en", "zh"} {
		r := NewRig(t, lang)
		for _, k := range kinds {
			for _, v := range variants(k) {
				folder := filepath.Join(v.name, lang)
				if k.Dialect == "" {
					if lang != "en" {
						continue // its bodies hold no words
					}
					folder = v.name
				}
				t.Run(folder, func(t *testing.T) { golden.posts(t, r, k, v, folder) })
			}
		}
		t.Run("console/"+lang, func(t *testing.T) { golden.console(t, r, filepath.Join("console", lang)) })
	}
}

// variant is a kind with one of the words of a field that changes its bodies.
type variant struct {
	name    string
	changes sink.Settings
}

// variants are a kind as it is, and with each other word of its format.
func variants(k sink.Kind) []variant {
	all := []variant{{name: k.Type}}
	if format, ok := k.Field("format"); ok {
		for _, word := range format.Values[1:] {
			all = append(all, variant{name: k.Type + "-" + word, changes: sink.Settings{"format": sink.Secret(word)}})
		}
	}
	return all
}

type golden struct {
	dir    string
	update bool
}

func (g golden) posts(t *testing.T, r *Rig, k sink.Kind, v variant, folder string) {
	endpoint := fixture(t, k).Endpoint
	s := r.Sink(t, k, v.changes)
	for _, sample := range template.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			m := sink.MessageOf(sample.Message, Now)
			body, err := s.(sink.Previewer).Body(m)
			if err != nil {
				t.Fatal(err)
			}
			g.compare(t, filepath.Join(folder, sample.Name+".json"), indent(t, body))
			before := len(r.Posts(endpoint))
			if err := s.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			assertPreviewed(t, r.Posts(endpoint)[before], body)
		})
	}
}

// assertPreviewed checks that the preview is what was posted, the signature aside.
func assertPreviewed(t *testing.T, post Post, preview []byte) {
	t.Helper()
	var want, posted map[string]any
	if err := json.Unmarshal(preview, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(post.Body, &posted); err != nil {
		t.Fatal(err)
	}
	if post.Endpoint == Feishu {
		delete(posted, "timestamp")
		delete(posted, "sign")
	}
	if diff := cmp.Diff(want, posted); diff != "" {
		t.Errorf("the preview is not what was posted (-preview +posted):\n%s", diff)
	}
}

func (g golden) console(t *testing.T, r *Rig, folder string) {
	for _, sample := range template.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			var out bytes.Buffer
			console := &sink.Console{Common: r.Common, Out: &out}
			if err := console.Send(t.Context(), sink.MessageOf(sample.Message, Now)); err != nil {
				t.Fatal(err)
			}
			g.compare(t, filepath.Join(folder, sample.Name+".txt"), out.Bytes())
		})
	}
}

func (g golden) compare(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join(g.dir, name)
	if g.update {
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
