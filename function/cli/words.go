package cli

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"refreshwatch/function/watch"
)

// words is the language of the command line. The English text stands in the code and
// is the key; words.zh.txt holds the Chinese of each. A text without one stays English.
type words struct{ chinese bool }

//go:embed words.zh.txt
var chineseFile string

// chinesePhrases maps an English text, with its verbs, to the Chinese one.
var chinesePhrases = sync.OnceValue(func() map[string]string { return readPhrases(chineseFile) })

// readPhrases reads pairs of lines, an English text and "= " with its Chinese. Other
// lines are comments.
func readPhrases(file string) map[string]string {
	phrases := map[string]string{}
	var before string
	for line := range strings.Lines(file) {
		line = strings.TrimSuffix(line, "\n")
		if text, ok := strings.CutPrefix(line, "= "); ok {
			phrases[before] = text
		}
		before = line
	}
	return phrases
}

// wordsOf chooses the language: MESSAGE_LANG, or on a terminal the user's locale.
func wordsOf(getenv func(string) string, terminal bool) words {
	lang := strings.TrimSpace(getenv("MESSAGE_LANG"))
	if lang == "" && terminal {
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

// say is the format in the reader's language, filled in.
func (w words) say(format string, args ...any) string {
	if w.chinese {
		if zh, ok := chinesePhrases()[format]; ok {
			format = zh
		}
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// count is a number of things: "1 task", "2 tasks". Chinese has one form.
func (w words) count(n int, noun string) string {
	if zh, ok := chinesePhrases()["%d "+noun]; ok && w.chinese {
		return fmt.Sprintf(zh, n)
	}
	return watch.Count(n, noun)
}
