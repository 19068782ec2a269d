package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// translate is a text that was put together elsewhere, in the reader's language. What no
// phrase covers as a whole is taken apart; foreign text stays as it is.
func (w words) translate(text string) string {
	if !w.chinese {
		return text
	}
	if zh, ok := w.phrase(text); ok {
		if s, dot := strings.CutSuffix(zh, "."); dot && strings.HasSuffix(text, ".") {
			zh = s + "。"
		}
		return around(text, zh)
	}
	if code, rest, ok := strings.Cut(text, ": "); ok && !strings.ContainsAny(code, " \"{") { // such as timeout: there was no answer
		if zh := w.part(rest); zh != rest {
			return code + "：" + zh
		}
	}
	for _, joint := range joints {
		if zh, ok := w.joined(text, joint.english, joint.chinese); ok {
			return zh
		}
	}
	if plain := strings.TrimRight(text, "."); plain != text {
		if zh, ok := w.phrase(plain); ok {
			return around(plain, zh) + "。"
		}
	}
	return text
}

type joint struct{ english, chinese string }

// joints are what holds the parts of a text together, the weakest first: sentences,
// reasons in a row, what happened where, and lists.
var joints = []joint{{". ", "。"}, {"; ", "；"}, {": ", "："}, {", ", "、"}}

// fewFixed characters behind a value do not tell where the value begins: "35 s left" is a
// phrase of its own, "the checkpoint is damaged: no generation is left" is not.
const fewFixed = 10

// phrase is a text that is a phrase, or a format filled in.
func (w words) phrase(text string) (string, bool) {
	plain := bare(text)
	if zh, ok := chinesePhrases()[plain]; ok {
		return zh, true
	}
	for _, p := range chinesePatterns() {
		m := p.filled.FindStringSubmatch(plain)
		if m == nil || p.letters < fewFixed && strings.HasPrefix(plain, m[1]) && strings.ContainsAny(m[1], ":.,;") {
			continue // what ends like this begins with another text
		}
		if p.tears(m[len(m)-1]) {
			continue
		}
		var args []any
		for _, part := range m[1:] {
			zh := w.part(part)
			if zh != part {
				zh = ours + zh + ours
			}
			args = append(args, zh)
		}
		filled := chineseSpaces().ReplaceAllString(fmt.Sprintf(p.chinese, args...), "$1$2$3$4")
		return strings.ReplaceAll(filled, ours, ""), true
	}
	return "", false
}

// tears reports whether the last value holds more than one text, and the format either
// would put its own end behind them or is too short to tell that they belong to it: the
// texts are taken apart first.
func (p pattern) tears(last string) bool {
	if !p.moved && (p.letters >= fewFixed || p.joined) || isForeign(last) {
		return false
	}
	return strings.HasSuffix(last, ".") || slices.ContainsFunc(joints[:3], func(j joint) bool { return strings.Contains(last, j.english) })
}

// isForeign reports whether a text is somebody else's as a whole: quoted, or JSON.
func isForeign(text string) bool {
	_, err := strconv.Unquote(text)
	return err == nil || strings.HasPrefix(text, "{") && (strings.HasSuffix(text, "}") || strings.HasSuffix(text, "…"))
}

// ours marks Chinese that is filled into Chinese: between the two there is no space, as
// there is around what stays foreign.
const ours = "\x00"

var chineseSpaces = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\p{Han}) ` + ours + `(\p{Han})|(\p{Han})` + ours + ` (\p{Han})`)
})

// joined is a text of two parts, of which at least one is ours. The first is as long as it
// can be if it is a phrase: some hold the joint themselves.
func (w words) joined(text, english, chinese string) (string, bool) {
	var cuts []int
	for from := 0; ; {
		i := strings.Index(text[from:], english)
		if i < 0 {
			break
		}
		if from += i + len(english); strings.Count(text[:from], `"`)%2 == 0 && strings.Count(text[:from], "{") == strings.Count(text[:from], "}") { // not in a quotation or JSON
			cuts = append(cuts, from)
		}
	}
	for i := len(cuts) - 1; i >= 0; i-- {
		head, rest := text[:cuts[i]-len(english)], text[cuts[i]:]
		if !strings.Contains(head, " ") {
			continue // as in part
		}
		zh, ok := w.phrase(head)
		if !ok && english == ". " {
			zh, ok = w.phrase(head + ".")
		}
		if ok {
			return strings.TrimSuffix(zh, "。") + chinese + w.part(rest), true
		}
	}
	if len(cuts) == 0 {
		return "", false
	}
	head, rest := text[:cuts[0]-len(english)], text[cuts[0]:]
	zhHead, zhRest := w.part(head), w.part(rest)
	if zhHead == head && zhRest == rest {
		return "", false
	}
	return zhHead + chinese + zhRest, true
}

// platforms are single words that have a Chinese name.
var platforms = []string{"Feishu", "DingTalk", "WeCom"}

// part is what was filled into a text: another phrase, a number of things, or foreign. A
// single word is an identifier, a name or what somebody typed, and stays as it is: "failed"
// may be the value to write, and "role" the name of a profile.
func (w words) part(text string) string {
	if slices.Contains(platforms, text) {
		return chinesePhrases()[text]
	}
	if !strings.Contains(text, " ") || isForeign(text) {
		return text
	}
	number, noun, _ := strings.Cut(text, " ")
	if n, err := strconv.Atoi(number); err == nil {
		if zh, ok := chinesePhrases()["%d "+strings.TrimSuffix(noun, "s")]; ok {
			return fmt.Sprintf(zh, n)
		}
	}
	return w.translate(text)
}
