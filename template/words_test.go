package template

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		set := load(t, Options{Lang: lang})
		for _, d := range Dialects() {
			t.Run(fmt.Sprintf("%s.%s", d, lang), func(t *testing.T) {
				var b strings.Builder
				for _, sample := range append(Samples(), Hostile()...) {
					fmt.Fprintf(&b, "== %s ==\n%s\n", sample.Name, layout(card(t, set, d, sample.Message)))
				}
				path := filepath.Join("..", "testdata", "golden", "template", fmt.Sprintf("%s.%s.txt", d, lang))
				if *update {
					if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), b.String()); diff != "" {
					t.Errorf("go test ./template -update, if this is meant (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func load(t testing.TB, o Options) *Set {
	t.Helper()
	set, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func card(t testing.TB, set *Set, d Dialect, m Message) Card {
	t.Helper()
	c, err := set.Card(d, m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// layout shows a card's leaves, one a line.
func layout(c Card) string {
	var b strings.Builder
	line := func(name, leaf string) {
		if leaf != "" {
			fmt.Fprintf(&b, "%-8s %s\n", name, leaf)
		}
	}
	line("color", string(c.Color))
	line("push", c.Push)
	line("text", c.Text)
	line("title", c.Title)
	for _, row := range c.Rows {
		line("row", row)
	}
	line("more", c.More)
	for _, reason := range c.Reasons {
		line("reason", reason)
	}
	for _, f := range c.Fields {
		line("field", f.Label+": "+f.Value)
	}
	line("note", c.Footnote)
	line("context", c.Context)
	line("button", c.Button.Label+" "+c.Button.URL)
	line("mention", c.Mention)
	for _, text := range c.Thread {
		for row := range strings.SplitSeq(text, "\n") {
			line("thread", row)
		}
	}
	return b.String()
}

// TestLanguagesDefineTheSame keeps one language from falling behind.
func TestLanguagesDefineTheSame(t *testing.T) {
	defaults, err := readEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	en := slices.Sorted(maps.Keys(defaults["words.en.tmpl"]))
	zh := slices.Sorted(maps.Keys(defaults["words.zh.tmpl"]))
	if diff := cmp.Diff(en, zh); diff != "" {
		t.Errorf("phrases (-en +zh):\n%s", diff)
	}
	known := map[string]bool{}
	for _, trees := range defaults {
		for name := range trees {
			known[name] = true
		}
	}
	call := regexp.MustCompile(`{{-? *template "([^"]+)"`)
	for file := range defaults {
		src, err := embedded.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(src), -1) {
			if !known[m[1]] {
				t.Errorf("%s calls %q, which no file defines", file, m[1])
			}
		}
	}
}

// TestChineseIsChinese looks for English in Chinese cards, beside the words of the
// API, names, and what the samples themselves say.
func TestChineseIsChinese(t *testing.T) {
	foreign := regexp.MustCompile("`[^`]*`" + `|<[^>]*>|https?://[^ )）]+|[0-9a-f]{32}|(…|[a-z0-9.-]+\.com)?(/[^/ ）：。]*)+|[a-z0-9-]+\.example\.com|cn-shanghai` +
		`|no-store|private|Set-Cookie|Last-Modified|ETag|hostile|URL|API|CDN|ID|UTC|AccessKey|RAM|refreshwatch|vod.DescribeVodRefreshTasks` +
		`|Forbidden\.RAM|the key may not read the tasks|Object locked by legal hold|[0-9]XX|mp4`)
	english := regexp.MustCompile(`[A-Za-z]{2,}`)
	set := load(t, Options{Lang: "zh"})
	for _, d := range Dialects() {
		for _, sample := range Samples() {
			c := card(t, set, d, sample.Message)
			c.Color = ""
			for line := range strings.SplitSeq(layout(c), "\n") {
				_, leaf, _ := strings.Cut(line, " ")
				if word := english.FindString(foreign.ReplaceAllString(leaf, "")); word != "" {
					t.Errorf("%s %s: %q in %q", d, sample.Name, word, leaf)
				}
			}
		}
	}
}

// TestFullSentences: whoever hears the text only, hears all of it.
func TestFullSentences(t *testing.T) {
	for lang, stop := range map[string]string{"en": ".", "zh": "。"} {
		set := load(t, Options{Lang: lang})
		for _, sample := range Samples() {
			if c := card(t, set, Plain, sample.Message); !strings.HasSuffix(c.Text, stop) {
				t.Errorf("%s %s: %q is no sentence", lang, sample.Name, c.Text)
			}
		}
	}
}
