package cli

import (
	"bytes"
	"strings"
	"testing"
)

func manual(t *testing.T) Manual {
	return Manual{English: string(readReadme(t, reference)), Chinese: string(readReadme(t, chineseReference))}
}

// helpOn is what "help TOPIC" prints.
func helpOn(t *testing.T, topic, lang string) string {
	t.Helper()
	var out, err bytes.Buffer
	sh := Shell{Out: &out, Err: &err, Manual: manual(t), Getenv: func(name string) string {
		return map[string]string{"MESSAGE_LANG": lang}[name]
	}}
	if code := Run(t.Context(), []string{"help", topic}, sh); code != 0 || err.Len() > 0 {
		t.Fatalf("help %s: exit code %d, %s", topic, code, err.String())
	}
	return out.String()
}

// Each name in the documents' tables can be read in a terminal, in both languages,
// and no markup is left.
func TestTopics(t *testing.T) {
	for _, topic := range topics() {
		for lang, source := range map[string]readme{"": readReadme(t, reference), "zh-CN": readReadme(t, chineseReference)} {
			title := topic.english
			if lang != "" {
				title = topic.chinese
			}
			text := helpOn(t, topic.name, lang)
			for _, markup := range []string{"```", "](", "|---", "\n| ", "\n#"} {
				if strings.Contains(text, markup) {
					t.Errorf("%s %s: %q is left", topic.name, lang, markup)
				}
			}
			if len(text) < len(source.section(t, title))/2 {
				t.Errorf("%s %s: %d of %d bytes", topic.name, lang, len(text), len(source.section(t, title)))
			}
			for _, name := range names(source.section(t, title).table(t, 0), 0) {
				if !strings.Contains(text, name) {
					t.Errorf("%s %s: %s is missing", topic.name, lang, name)
				}
			}
		}
	}
}

func TestPlainText(t *testing.T) {
	for _, tt := range []struct{ name, markdown, want string }{
		{"a table becomes a list", "| name | meaning | default |\n|---|---|---|\n| `A` | what `*` [is](#x) | `4` |\n| `B`, `C` | | |\n",
			"A\n    what * is\n    default: 4\nB, C\n"},
		{"a link whose text is code", "see [`wait`](#x) and `*.a`\n", "see wait and *.a\n"},
		{"a bar inside a cell", "| a | b |\n|---|---|\n| `x` | `p\\|q` |\n", "x\n    p|q\n"},
		{"code stays as it is", "see **this**:\n\n```sh\na *b* | `c` # d\n```\n", "see this:\n\n    a *b* | `c` # d\n"},
		{"headings and lists", "### Title\n\n- one\n  *two* [three](https://example.com)\n", "Title\n\n- one\n  two three\n"},
		{"long cells break at spaces", "| a | b |\n|---|---|\n| x | " + strings.Repeat("word ", 20) + "|\n",
			"x\n    " + strings.TrimSpace(strings.Repeat("word ", 15)) + "\n    " + strings.TrimSpace(strings.Repeat("word ", 5)) + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := plainText(tt.markdown, 0); got != tt.want {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

func TestSection(t *testing.T) {
	const document = "# T\n\n## A\n\ntext\n\n```sh\n# B\n```\n\n### C\n\nmore\n\n## B\n\nend\n"
	for title, want := range map[string]string{"A": "\ntext\n\n```sh\n# B\n```\n\n### C\n\nmore\n\n", "C": "\nmore\n\n", "B": "\nend\n", "D": ""} {
		if got := section(document, title); got != want {
			t.Errorf("%s: %q, want %q", title, got, want)
		}
	}
}
