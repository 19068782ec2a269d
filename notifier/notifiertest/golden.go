package notifiertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// Goldens compares what the kinds, and the console, post for every sample with the
// files in dir, one a kind; update writes them anew. They show structure: every
// phrase stands there by its name, so that a changed word changes only the goldens of
// package template. templates is the folder with the embedded templates.
//
// With the words of every language, each message is also posted, to a receiver that
// holds it to the platform's limits; the preview is what was posted.
func Goldens(t *testing.T, kinds []sink.Kind, dir, templates string, update bool) {
	named := NewRig(t, "en")
	named.Common.Templates = phraseNames(t, templates)
	for _, k := range kinds {
		for _, v := range variants(k) {
			t.Run(v.name, func(t *testing.T) { compare(t, dir, v.name, posts(t, named, k, v), update) })
		}
	}
	t.Run("console", func(t *testing.T) { compare(t, dir, "console", printed(t, named), update) })
	for _, lang := range []string{"en", "zh"} {
		r := NewRig(t, lang)
		for _, k := range kinds {
			for _, v := range variants(k) {
				t.Run(v.name+"/"+lang, func(t *testing.T) { posts(t, r, k, v) })
			}
		}
	}
}

// phraseNames are templates whose phrases are their own names; objects stay.
func phraseNames(t *testing.T, templates string) *template.Set {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(templates, "words.en.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	for _, m := range regexp.MustCompile(`{{define "([^"]+)"}}`).FindAllStringSubmatch(string(src), -1) {
		if name := m[1]; name != "object" {
			fmt.Fprintf(&words, "{{define %q}}%s{{end}}\n", name, name)
		}
	}
	own := t.TempDir()
	if err := os.WriteFile(filepath.Join(own, "words.en.tmpl"), []byte(words.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := template.Load(template.Options{Dir: own})
	if err != nil {
		t.Fatal(err)
	}
	return set
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

// samples are all messages there are.
func samples() []template.Sample { return append(template.Samples(), template.Hostile()...) }

// posts sends every sample and is the bodies, as previewed.
func posts(t *testing.T, r *Rig, k sink.Kind, v variant) []byte {
	t.Helper()
	endpoint := fixture(t, k).Endpoint
	s := r.Sink(t, k, v.changes)
	var all bytes.Buffer
	for _, sample := range samples() {
		m := sink.MessageOf(sample.Message, Now)
		body, err := s.(sink.Previewer).Body(m)
		if err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		fmt.Fprintf(&all, "== %s ==\n", sample.Name)
		if err := json.Indent(&all, body, "", "  "); err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		all.WriteByte('\n')
		before := len(r.Posts(endpoint))
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		assertPreviewed(t, sample.Name, r.Posts(endpoint)[before], body)
	}
	return all.Bytes()
}

// assertPreviewed checks that the preview is what was posted, the signature aside.
func assertPreviewed(t *testing.T, sample string, post Post, preview []byte) {
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
		t.Errorf("%s: the preview is not what was posted (-preview +posted):\n%s", sample, diff)
	}
}

// printed is what the console shows of every sample.
func printed(t *testing.T, r *Rig) []byte {
	t.Helper()
	var out bytes.Buffer
	console := &sink.Console{Common: r.Common, Out: &out}
	for _, sample := range samples() {
		fmt.Fprintf(&out, "== %s ==\n", sample.Name)
		if err := console.Send(t.Context(), sink.MessageOf(sample.Message, Now)); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func compare(t *testing.T, dir, name string, got []byte, update bool) {
	t.Helper()
	path := filepath.Join(dir, name+".txt")
	if update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, diff)
	}
}
