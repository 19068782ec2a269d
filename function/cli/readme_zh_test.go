package cli

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	chinese          = "function/README.zh.md"
	chineseReference = "function/REFERENCE.zh.md"
)

// Whoever reads Chinese only gets the same: each name in the tables of the English
// reference, each default, each quoted log message and each example.
func TestReadmeChinese(t *testing.T) {
	en, zh := readReadme(t, reference), readReadme(t, chineseReference)
	for _, s := range []struct {
		en, zh string
		tables int
	}{
		{"Commands", "命令", 1},
		{"Variables", "环境变量", 1},
		{"Invocation events", "调用事件", 1},
		{"The report", "运行报告", 1},
		{"Troubleshooting", "故障排查", 2},
	} {
		english, translated := en.section(t, s.en), zh.section(t, s.zh)
		for n := range s.tables {
			if diff := cmp.Diff(names(english.table(t, n), 0), names(translated.table(t, n), 0)); diff != "" {
				t.Errorf("%s, table %d: English (-), Chinese (+):\n%s", s.en, n, diff)
			}
		}
		if diff := cmp.Diff(quotes(english), quotes(translated)); diff != "" {
			t.Errorf("%s: quoted in English (-), in Chinese (+):\n%s", s.en, diff)
		}
	}
	flags := func(r readme, title string) []string { return names(r.section(t, title).table(t, 0), 2) }
	if diff := cmp.Diff(flags(en, "Commands"), flags(zh, "命令")); diff != "" {
		t.Errorf("flags in English (-), in Chinese (+):\n%s", diff)
	}
	if diff := cmp.Diff(defaults(en.section(t, "Variables").table(t, 0)), defaults(zh.section(t, "环境变量").table(t, 0))); diff != "" {
		t.Errorf("defaults in English (-), in Chinese (+):\n%s", diff)
	}
	var english strings.Builder
	for _, name := range []string{operating, reference, sinksAndSuch, wording} {
		english.WriteString(string(readReadme(t, name)))
	}
	all := readReadme(t, chinese) + zh
	for _, language := range []string{"json", "yaml", "go", "python", "text", "ini", "dockerfile"} {
		english, translated := sortedSet(readme(english.String()).blocks(t, language)), sortedSet(all.blocks(t, language))
		if diff := cmp.Diff(english, translated); diff != "" {
			t.Errorf("examples in %s: English (-), Chinese (+):\n%s", language, diff)
		}
	}
}

// A line break inside a Chinese sentence would be shown as a space.
func TestReadmeChineseLines(t *testing.T) {
	for _, name := range []string{chinese, chineseReference} {
		lines := strings.Split(string(readReadme(t, name).prose()), "\n")
		for i, line := range lines[1:] {
			next := strings.TrimSpace(line)
			if next == "" || strings.TrimSpace(lines[i]) == "" || strings.HasPrefix(lines[i], "#") {
				continue
			}
			if !regexp.MustCompile(`^(?:[|#]|- |\d+\. )`).MatchString(next) {
				t.Errorf("%s: line %d continues a paragraph: %q", name, i+2, line)
			}
		}
	}
}

// quotes are the log messages that a section quotes. The words of chat messages are
// not among them: each language quotes its own.
func quotes(r readme) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?:[Ll]og:?|日志) ?((?:[,、 ]*\*[^*|]+\*)+)`).FindAllStringSubmatch(string(r), -1) {
		for _, quote := range regexp.MustCompile(`\*([^*]+)\*`).FindAllStringSubmatch(m[1], -1) {
			all = append(all, quote[1])
		}
	}
	return sortedSet(all)
}

// defaults are the rows of the table of variables without the words.
func defaults(rows [][]string) []string {
	var all []string
	for _, row := range rows {
		all = append(all, row[0]+" "+row[2])
	}
	return slices.DeleteFunc(all, func(row string) bool { return strings.TrimSpace(row) == "" })
}
