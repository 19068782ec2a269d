package template

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"refreshwatch/poller"
)

// overrides writes files into a directory of their own.
func overrides(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, src := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOverride(t *testing.T) {
	dir := overrides(t, map[string]string{
		"slack.tmpl": `{{define "row"}}{{template "my-mark"}} {{.Path}}{{end}}
			{{define "my-mark"}}:package:{{end}}
			{{define "field-task"}}{{end}}`,
		"words.en.tmpl": `{{define "button"}}Show me{{end}}`,
		".swp":          "an editor's own",
	})
	set := load(t, Options{Dir: dir})
	c := card(t, set, Slack, message(poller.Finished, event(0, poller.Complete, "")))
	if want := ":package: `https://cdn.example.com/video/2026/intro.mp4`"; c.Rows[0] != want {
		t.Errorf("row %q, want %q", c.Rows[0], want)
	}
	if c.Button.Label != "Show me" {
		t.Errorf("button %q", c.Button.Label)
	}
	for _, f := range c.Fields {
		if f.Label == "Task ID" {
			t.Errorf("an empty template did not remove the field %v", f)
		}
	}
	other := card(t, set, Plain, message(poller.Finished, event(0, poller.Complete, "")))
	if !strings.HasPrefix(other.Rows[0], "✓") || other.Button.Label != "Show me" {
		t.Errorf("plain row %q, button %q: slack.tmpl is Slack's, the words are everybody's", other.Rows[0], other.Button.Label)
	}
}

// What Notepad and PowerShell save is read like any other file.
func TestOverrideWithByteOrderMark(t *testing.T) {
	const button = `{{define "button"}}看看{{end}}`
	utf16 := "\xff\xfe"
	for _, r := range button {
		utf16 += string([]byte{byte(r), byte(r >> 8)})
	}
	for name, src := range map[string]string{"UTF-8": "\ufeff" + button, "UTF-16": utf16} {
		set := load(t, Options{Dir: overrides(t, map[string]string{"words.en.tmpl": src})})
		if c := card(t, set, Plain, message(poller.Finished, event(0, poller.Complete, ""))); c.Button.Label != "看看" {
			t.Errorf("%s: button %q", name, c.Button.Label)
		}
	}
	for _, tt := range []struct{ dir, want string }{
		{overrides(t, map[string]string{"words.en.tmpl": "{{define \"button\"}}\xbf\xb4{{end}}"}), "words.en.tmpl is not UTF-8. Save it as UTF-8."},
		{"/does/not/exist", "the folder does not exist"},
	} {
		if _, err := Load(Options{Dir: tt.dir}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %q", err, tt.want)
		}
	}
}

// TestMistakes: each is reported with its place, before anything is sent.
func TestMistakes(t *testing.T) {
	rows := []struct{ name, file, src, want string }{
		{"unknown file", "slakc.tmpl", "", `slakc.tmpl overrides nothing; known files: card.tmpl, dingtalk.tmpl`},
		{"syntax", "slack.tmpl", "\n{{define \"row\"}}{{if}}{{end}}", `slack.tmpl:2: missing value for if`},
		{"unclosed", "slack.tmpl", `{{define "row"}}x`, `slack.tmpl:1: unexpected EOF`},
		{"unknown function", "slack.tmpl", `{{define "row"}}{{env "HOME"}}{{end}}`, `slack.tmpl:1: function "env" not defined`},
		{"unknown field", "slack.tmpl", "\n\n{{define \"row\"}}{{.Paht}}{{end}}", `slack.tmpl:3:18: executing "row" at <.Paht>: can't evaluate field Paht`},
		{"unknown template", "slack.tmpl", `{{define "titel"}}x{{end}}`, `slack.tmpl:1:18: nothing uses "titel"; known: Cause, Task`},
		{"call of nothing", "card.tmpl", "{{define \"row\"}}{{if .Path}}\n{{template \"my-x\"}}{{end}}{{end}}", `card.tmpl:2:11: executing "row" at <{{template "my-x"}}>: template "my-x" not defined`},
		{"too long", "slack.tmpl", `{{define "row"}}` + strings.Repeat("long", 60) + `{{end}}`, `slack.tmpl:1:16: "row" is 240 bytes long, the limit is 200`},
		{"endless", "wecom.tmpl", `{{define "row"}}{{template "row" .}}x{{end}}`, `wecom.tmpl:1:`},
		{"runaway", "plain.tmpl", `{{define "title"}}{{range $i := 100000}}{{$i}}{{end}}{{end}}`, `plain.tmpl:1:18: "title": the output is longer than 64 KiB`},
		{"no title", "plain.tmpl", `{{define "title"}}{{end}}`, `plain.tmpl:1:18: no message can do without "title"`},
		{"outside", "plain.tmpl", `{{define "row"}}x{{end}} stray`, `plain.tmpl:1:0: text outside of {{define}}`},
		{"other language", "words.zh.tmpl", `{{define "span"}}{{.M}}{{end}}`, `words.zh.tmpl:1:19: executing "span" at <.M>`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			lang := "en"
			if strings.HasPrefix(row.file, "words.zh") {
				lang = "zh"
			}
			_, err := Load(Options{Lang: lang, Dir: overrides(t, map[string]string{row.file: row.src})})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v\nwant %s", err, row.want)
			}
		})
	}
}

func TestMistakesAreReportedTogether(t *testing.T) {
	_, err := Load(Options{Dir: overrides(t, map[string]string{
		"slack.tmpl":    `{{define "row"}}{{.Nope}}{{end}}{{define "more"}}{{.Nope}}{{end}}`,
		"dingtalk.tmpl": `{{define "row"}}{{if}}{{end}}`,
		"notes.txt":     "",
	})})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`slack.tmpl:1:18: executing "row"`, `slack.tmpl:1:51: executing "more"`, "dingtalk.tmpl:1:", "notes.txt overrides nothing"} {
		if n := strings.Count(err.Error(), want); n != 1 {
			t.Errorf("%q is there %d times in\n%v", want, n, err)
		}
	}
	if _, err := Load(Options{Dir: filepath.Join(t.TempDir(), "missing")}); err == nil {
		t.Error("a missing directory is accepted")
	}
	if _, err := Load(Options{Lang: "tlh"}); err == nil || !strings.Contains(err.Error(), "en, zh") {
		t.Errorf("unknown language: %v", err)
	}
}

// TestFailingOverrideFallsBack: samples cannot try everything; the message goes out
// all the same.
func TestFailingOverrideFallsBack(t *testing.T) {
	var warned []error
	set := load(t, Options{
		Dir:  overrides(t, map[string]string{"slack.tmpl": `{{define "row"}}{{if eq .Type "odd"}}{{index .Path 9999}}{{end}}{{.Path}}{{end}}`}),
		Warn: func(err error) { warned = append(warned, err) },
	})
	m := message(poller.Finished, event(0, poller.Complete, ""))
	if card(t, set, Slack, m); warned != nil {
		t.Fatalf("warned of %v", warned)
	}
	m.Events[0].Task.ObjectType = "odd"
	c := card(t, set, Slack, m)
	if want := "✓ `https://cdn.example.com/video/2026/intro.mp4`"; c.Rows[0] != want {
		t.Errorf("row %q, want %q", c.Rows[0], want)
	}
	if len(warned) != 1 || !strings.Contains(warned[0].Error(), "slack.tmpl:1:") {
		t.Errorf("warned of %v", warned)
	}
}

// TestOverrideTooLong: what fitted the samples may not fit a message. Cutting finished
// markup would break it, so the embedded words are used.
func TestOverrideTooLong(t *testing.T) {
	var warned []error
	set := load(t, Options{
		Dir: overrides(t, map[string]string{
			"slack.tmpl": `{{define "row"}}{{.Path}}{{if eq .Type "odd"}} {{.Path}} {{.Path}} {{.Path}}{{end}}{{end}}`,
		}),
		Warn: func(err error) { warned = append(warned, err) },
	})
	e := event(0, poller.Complete, "")
	e.Task.ObjectType, e.Task.ObjectPath = "odd", "https://cdn.example.com/"+strings.Repeat("<&>", 9)+".mp4"
	c := card(t, set, Slack, message(poller.Finished, e))
	if row := c.Rows[0]; len(row) > limitOf("row") || !strings.HasPrefix(row, "✓ `https://cdn.example.com/") || !strings.HasSuffix(row, "`") {
		t.Errorf("row %q of %d bytes", row, len(row))
	}
	if len(warned) != 1 || !strings.Contains(warned[0].Error(), `slack.tmpl:1:16: "row" is `) {
		t.Errorf("warned of %v", warned)
	}
}

func TestUnknownDialect(t *testing.T) {
	if _, err := load(t, Options{}).Card("telegram", message(Test)); err == nil {
		t.Error("no error")
	}
}

func TestFuncs(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := num(n); got != want {
			t.Errorf("num(%d) = %s, want %s", n, got, want)
		}
	}
	dir := overrides(t, map[string]string{
		"plain.tmpl": `{{define "title"}}{{plural 1 "day" "days"}} {{plural 2500 "day" "days"}} {{join "+" "a" "" "b"}} {{default "x" ""}}{{default "x" "y"}} {{trunc 2 "视频课程"}}{{trunc 4 "课程"}} {{trunc 3 "a&amp;b"}}{{end}}`,
	})
	c := card(t, load(t, Options{Dir: dir}), Plain, message(Test))
	if want := "1 day 2,500 days a+b xy 视频…课程 a…"; c.Title != want {
		t.Errorf("%q, want %q", c.Title, want)
	}
}

// BenchmarkLoad includes the parsing, which Load leaves to the first message.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(b, Options{}).embedded(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCard renders each kind of message for Slack, and the largest kinds in
// every dialect.
func BenchmarkCard(b *testing.B) {
	set := load(b, Options{})
	big := message(poller.Finished, many(2500)...)
	big.Digest = true
	for _, sample := range append(Samples(), Sample{"digest-2500", big}) {
		for _, d := range Dialects() {
			if large := len(sample.Message.Events) > 20; d != Slack && !large {
				continue
			}
			b.Run(sample.Name+"/"+string(d), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					card(b, set, d, sample.Message)
				}
			})
		}
	}
}
