package cli

import (
	"fmt"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// Manual is the reference in Markdown, as it stands in the repository. Help shows
// parts of it, so that a terminal is enough and nothing is written down twice.
type Manual struct {
	English string // function/REFERENCE.md
	Chinese string // function/REFERENCE.zh.md
}

// topic is a part of the manual: the sections with these headings.
type topic struct {
	name, summary    string
	english, chinese string
}

func topics() []topic {
	return []topic{
		{name: "commands", summary: "all commands, exit codes", english: "Commands", chinese: "命令"},
		{name: "variables", summary: "the environment variables", english: "Variables", chinese: "环境变量"},
		{name: "routes", summary: "CONFIG_FILE: several sinks and routes", english: "Several sinks and routes", chinese: "多个渠道和路由"},
		{name: "events", summary: "what an invocation may request", english: "Invocation events", chinese: "调用事件"},
		{name: "report", summary: "the JSON that a run reports", english: "The report", chinese: "运行报告"},
		{name: "errors", summary: "error codes, log messages and what to do about them", english: "Troubleshooting", chinese: "故障排查"},
	}
}

// text is the topic in a language, for a terminal.
func (t topic) text(m Manual, chinese bool, columns int) string {
	if chinese {
		return plainText(section(m.Chinese, t.chinese), columns)
	}
	return plainText(section(m.English, t.english), columns)
}

func findTopic(name string) (topic, bool) {
	for _, t := range topics() {
		if t.name == name {
			return t, true
		}
	}
	return topic{}, false
}

// helpTopic prints one topic, or which there are.
func helpTopic(name string, sh Shell) int {
	t, ok := findTopic(name)
	if !ok {
		known := commandNames()
		for _, t := range topics() {
			known = append(known, t.name)
		}
		known = append(known, policy)
		return sh.fail(watch.Usage(&poller.Mistake{Setting: fmt.Sprintf("%.64s", name), Problem: "unknown command or topic", Next: watch.Suggest(name, known)}))
	}
	fmt.Fprint(sh.Out, t.text(sh.Manual, sh.chinese, sh.terminalWidth()))
	return 0
}
