package cli

import (
	"cmp"
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// words is the language of the command line. The English texts stand where they are
// needed, in this package and in those that find mistakes; words.zh.txt holds the Chinese
// of each. A text without one stays English.
type words struct{ chinese bool }

//go:embed words.zh.txt
var chineseFile string

// phrases are the Chinese texts, each by the bare English one.
type phrases map[string]string

// pattern is a format as it looks when it is filled in.
type pattern struct {
	filled  *regexp.Regexp
	chinese string // a format that takes strings
	letters int    // of the English that are fixed
	joined  bool   // a value stands behind a colon
	moved   bool   // none does, the English ends with a value, and the Chinese goes on behind it
}

var chinesePhrases = sync.OnceValue(func() phrases { return readPhrases(chineseFile) })

// readPhrases reads blocks of lines: the English, then the Chinese behind "= ". Lines
// that begin with # are comments.
func readPhrases(file string) phrases {
	p := phrases{}
	for block := range strings.SplitSeq(file, "\n\n") {
		var english, chinese []string
		for line := range strings.SplitSeq(block, "\n") {
			text, isChinese := strings.CutPrefix(line, "= ")
			switch {
			case strings.HasPrefix(line, "#"):
			case isChinese:
				chinese = append(chinese, text)
			default:
				english = append(english, line)
			}
		}
		if len(chinese) > 0 {
			p[bare(strings.Join(english, "\n"))] = strings.Join(chinese, "\n")
		}
	}
	return p
}

// bare is a text however its lines are broken.
func bare(s string) string { return strings.Join(strings.Fields(s), " ") }

// verbs are what a format fills in. Compiled at the first use: most starts need none.
var verbs = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%(\[\d\])?[-+#.\d]*[a-zA-Z]`) })

// fewLetters do not tell a text from others.
const fewLetters = 4

// chinesePatterns are made at the first text that needs them.
var chinesePatterns = sync.OnceValue(func() []pattern {
	var all []pattern
	for english, chinese := range chinesePhrases() {
		if !verbs().MatchString(english) {
			continue
		}
		fixed, values := verbs().Split(english, -1), verbs().FindAllString(english, -1)
		if len(strings.Trim(strings.Join(fixed, ""), " .,:;()·")) < fewLetters {
			continue // it would fit everything
		}
		var filled strings.Builder
		for i := range fixed {
			filled.WriteString(regexp.QuoteMeta(strings.ReplaceAll(fixed[i], "%%", "%")))
			switch {
			case i == len(values):
			case strings.HasSuffix(values[i], "d"):
				filled.WriteString(`(-?\d+)`)
			default:
				filled.WriteString(`(.*?)`)
			}
		}
		joined := strings.Contains(strings.Join(fixed, "%"), ": %")
		all = append(all, pattern{
			filled:  regexp.MustCompile(`(?s)^` + filled.String() + `$`),
			chinese: verbs().ReplaceAllString(chinese, `%${1}s`),
			letters: len(strings.Join(fixed, "")),
			joined:  joined,
			moved:   !joined && fixed[len(values)] == "" && !strings.HasSuffix(chinese, values[len(values)-1]),
		})
	}
	poller.Sort(all, func(a, b pattern) int {
		return cmp.Or(cmp.Compare(b.letters, a.letters), strings.Compare(a.filled.String(), b.filled.String()))
	})
	return all
})

// wordsOf chooses the language: MESSAGE_LANG, or on a terminal the user's locale.
func wordsOf(getenv func(string) string, terminal bool) words {
	lang := strings.TrimSpace(getenv("MESSAGE_LANG"))
	if known := isChinese(lang) || isEnglish(lang); !known && (terminal || lang != "") { // a mistake is to be read by who made it
		for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} { // POSIX: the first that is set
			if lang = getenv(name); lang != "" {
				break
			}
		}
	}
	return words{isChinese(lang)}
}

// isChinese takes zh alone and with a region, a script or an encoding behind it.
func isChinese(lang string) bool {
	lang = strings.ToLower(lang)
	return lang == "zh" || strings.HasPrefix(lang, "zh-") || strings.HasPrefix(lang, "zh_") || strings.HasPrefix(lang, "zh.")
}

func isEnglish(lang string) bool { return strings.HasPrefix(strings.ToLower(lang), "en") }

// say is the format in the reader's language, filled in. White space around it stays.
func (w words) say(format string, args ...any) string {
	if w.chinese {
		if zh, ok := chinesePhrases()[bare(format)]; ok {
			format = around(format, zh)
		}
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// around puts the line breaks and the indent around an English text around its Chinese.
func around(english, chinese string) string {
	text := strings.TrimSpace(english)
	before, after, _ := strings.Cut(english, text)
	if before == " " { // between two words: Chinese has none
		before = ""
	}
	if after == " " {
		after = ""
	}
	return before + strings.TrimLeft(chinese, " ") + after
}

// paragraphs translates a text paragraph by paragraph.
func (w words) paragraphs(text string) string {
	parts := strings.Split(text, "\n\n")
	for i := range parts {
		parts[i] = w.translate(parts[i])
	}
	return strings.Join(parts, "\n\n")
}

// err is an error as a person reads it, a line each mistake. What foreign text in it a
// terminal would obey is left out.
func (w words) err(err error) string {
	lines := strings.Split(w.mistakes(err), "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

func (w words) mistakes(err error) string {
	if !w.chinese {
		return err.Error()
	}
	var lines []string
	for _, m := range poller.Mistakes(err) {
		line := w.translate(m.Problem)
		if m.Setting != "" {
			line = w.setting(m.Setting) + "：" + line
		}
		if m.Next != "" {
			line += "。" + w.translate(m.Next) + "。"
		}
		lines = append(lines, strings.NewReplacer("？。", "？", "。。", "。").Replace(line))
	}
	return strings.Join(lines, "\n")
}

// setting is where a mistake is: most are names, which stay.
func (w words) setting(name string) string {
	if name == "stdin" {
		return w.say(name)
	}
	return w.part(name)
}

// count is a number of things: "1 task", "2 tasks". Chinese has one form.
func (w words) count(n int, noun string) string {
	if zh, ok := chinesePhrases()["%d "+noun]; ok && w.chinese {
		return fmt.Sprintf(zh, n)
	}
	return watch.Count(n, noun)
}
