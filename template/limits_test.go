package template

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"refreshwatch/poller"
)

// renderStrictly renders m with the embedded words in every dialect and language,
// and fails where a leaf is over its limit: the view's sizes are to prevent that.
func renderStrictly(t *testing.T, sets []*Set, m Message) {
	t.Helper()
	for _, set := range sets {
		embedded, err := set.embedded()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range Dialects() {
			r := renderer{set: embedded[d], limited: true}
			c := set.card(&r, d, m)
			if len(r.mistakes) > 0 {
				t.Fatalf("%s: %v in %+v", d, r.mistakes, m)
			}
			if fault := faultOf(d, c, m); fault != "" {
				t.Fatalf("%s: %s in\n%s", d, fault, layout(c))
			}
		}
	}
}

// bodyLimits are what the platforms take, less what a sink's structure needs (bytes
// of Slack's JSON; bytes of WeCom's Markdown; characters of a Discord embed's description).
var bodyLimits = map[Dialect]struct {
	limit int
	size  func(string) int
}{
	Slack:   {8500, func(s string) int { raw, _ := json.Marshal(s); return len(raw) + 40 }},
	WeCom:   {3900, func(s string) int { return len(s) + 3 }},
	Discord: {4096, func(s string) int { return utf8.RuneCountInString(s) + 3 }},
}

// faultOf is what breaks a card's promises, or "".
func faultOf(d Dialect, c Card, m Message) string {
	if len(c.Rows) > d.room().rows || len(c.Thread) > 1 || c.Mention != m.Mention {
		return "too many rows or threads, or another mention"
	}
	failed := 0
	for _, e := range m.Events {
		if e.Task.Status.Failure() {
			failed++
		}
	}
	listed := failed
	if failed == 0 {
		listed = len(m.Events)
	}
	if hidden := listed - len(c.Rows); hidden < 0 || hidden > 0 && !strings.Contains(c.More, num(hidden)) || listed == len(m.Events) && hidden == 0 && c.More != "" {
		return fmt.Sprintf("%d hidden rows, but it says %q", hidden, c.More)
	}
	var faults []string
	sum, body := 0, bodyLimits[d]
	check := func(leaf string, limit int, rich bool) {
		if body.size != nil && leaf != "" {
			sum += body.size(leaf)
		}
		switch {
		case len(leaf) > limit:
			faults = append(faults, fmt.Sprintf("%d bytes where %d are allowed", len(leaf), limit))
		case !utf8.ValidString(leaf):
			faults = append(faults, "invalid UTF-8")
		case strings.ContainsFunc(leaf, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }):
			faults = append(faults, "a control character")
		}
		if fault := markupIn(d, leaf, rich); fault != "" {
			faults = append(faults, fault)
		}
	}
	check(c.Title, limitOf("title")+len(c.Button.URL), d != Feishu)
	check(c.Footnote, limitOf("footnote"), true)
	check(c.Context, limitOf("context"), true)
	for _, f := range c.Fields {
		check(f.Label, limitOf("label-x"), false)
		check(f.Value, limitOf("field-x"), true)
	}
	for _, leaf := range append(c.Rows, c.More, c.Button.Label) {
		check(leaf, limitOf("row"), true)
	}
	for _, leaf := range c.Reasons {
		limit := limitOf("reason")
		if failed == 0 {
			limit = limitOf("body")
		}
		check(leaf, limit, true)
	}
	if sum > body.limit {
		faults = append(faults, fmt.Sprintf("a body of %d, the platform takes %d", sum, body.limit))
	}
	check(c.Text, limitOf("text"), d != Feishu)
	check(c.Push, limitOf("push"), d != Feishu)
	for _, leaf := range c.Thread {
		check(leaf, maxThread, true)
	}
	return strings.Join(faults, "; ")
}

// The markup the embedded templates themselves write, per dialect.
var (
	slackOurs = regexp.MustCompile("(?s)`[^`\n]*`|" + `\*<https://vod\.console\.aliyun\.com/\|[^<>]*>\*|<!date\^\d+\^(\{date_num\} )?\{time\}\|[0-9: UTC+-]+>|\*[^*<>]*\*`)
	robotOurs = regexp.MustCompile(`\[[^\[\]]*\]\(https://vod\.console\.aliyun\.com/\)|\*\*[^*]*\*\*`)
	weComOurs = regexp.MustCompile("`[^`\n]*`|" + `<font color="(info|warning|comment)">|</font>`)
)

// discordOurs is inline code, and what a backslash made harmless.
var discordOurs = regexp.MustCompile("\\\\[^a-zA-Z0-9]|`[^`\n]*`")

// markupIn finds markup that our templates did not write.
func markupIn(d Dialect, leaf string, rich bool) string {
	bad := ""
	switch d {
	case Slack:
		for _, call := range []string{"<@", "<#", "<!channel", "<!here", "<!everyone", "<!subteam", "<http://"} {
			if strings.Contains(leaf, call) {
				return "mention or link " + call
			}
		}
		leaf, bad = slackOurs.ReplaceAllString(leaf, ""), "<>*~`"
	case DingTalk:
		leaf, bad = robotOurs.ReplaceAllString(leaf, ""), "<>[]*~`\\"
	case Feishu:
		leaf, bad = robotOurs.ReplaceAllString(leaf, ""), "<>[]*~`\\_"
	case WeCom:
		if strings.Contains(leaf, "<@") {
			return "a mention"
		}
		leaf = weComOurs.ReplaceAllString(leaf, "")
		leaf, bad = robotOurs.ReplaceAllString(leaf, ""), "<>[]*~`\\"
	case Teams:
		leaf, bad = robotOurs.ReplaceAllString(leaf, ""), "<>[]*~`\\{"
	case Discord:
		leaf = discordOurs.ReplaceAllString(leaf, "")
		leaf, bad = robotOurs.ReplaceAllString(leaf, ""), "<>[]*_~`|\\"
	}
	if !rich && d == Feishu {
		bad = strings.Trim(bad, "[]*~`\\_|{") // plain text: only tags count
	}
	if i := strings.IndexAny(leaf, bad); i >= 0 && bad != "" {
		return fmt.Sprintf("markup %q", leaf[i:])
	}
	if at := strings.IndexByte(leaf, '@'); (d == DingTalk || d == WeCom || d == Discord) && at >= 0 && !retina.MatchString(leaf[at:]) {
		return fmt.Sprintf("mention %q", leaf[at:])
	}
	return ""
}

var retina = regexp.MustCompile(`^@\dx`)

func bothLanguages(t testing.TB) []*Set {
	return []*Set{load(t, Options{Lang: "en"}), load(t, Options{Lang: "zh"})}
}

func TestSamplesKeepThePromises(t *testing.T) {
	sets := bothLanguages(t)
	for _, sample := range append(Samples(), Hostile()...) {
		sample.Message.Mention = "<!subteam^S0123>"
		renderStrictly(t, sets, sample.Message)
	}
}

// TestThousandsOfRows: one card however much happens at once, whatever it says.
func TestThousandsOfRows(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	fills := map[string]string{
		"plain":   "directory/",
		"chinese": "很长的目录名/",
		"markup":  "&<>*_~`[x](y)@all",
		"slashes": `"\"\`,
	}
	sets := bothLanguages(t)
	for name, fill := range fills {
		for _, rows := range []int{1, 11, 2500} {
			for _, digest := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d digest=%t", name, rows, digest), func(t *testing.T) {
					m := message(poller.Finished, many(rows)...)
					m.Action, m.InFlight = "renotify", 123456
					m.Digest, m.Region, m.ID = digest, strings.Repeat(fill, 20), strings.Repeat(fill, 20)
					for i := range m.Events {
						task := &m.Events[i].Task
						task.ObjectPath = fmt.Sprintf("https://%d%s%s%d.mp4", i%50, fill, strings.Repeat("/"+fill, 20), i)
						task.ObjectType, task.TaskID = strings.Repeat(fill, 1+i%7), strings.Repeat(fill, 30)
						if i%3 == 0 {
							task.Status, task.Description = poller.Failed, fmt.Sprint(i%6, strings.Repeat(fill, 20))
						}
						m.Events[i].From, task.Process = poller.Complete, strings.Repeat(fill, 9)
					}
					renderStrictly(t, sets, m)
				})
			}
		}
	}
}

func TestLongNotices(t *testing.T) {
	sets := bothLanguages(t)
	for _, fill := range []string{"word ", "很长的说明，", "&<*_~`> "} {
		long := strings.Repeat(fill, 400)
		for _, kind := range []poller.Kind{Gap, Trouble, Recovered, LowQuota, Test} {
			n := Notice{From: sampleTime().Add(-time.Hour), To: sampleTime(), Code: long, Message: long, Hint: long, Count: 1e9}
			for _, code := range []string{"NoPermission", "EntityNotExist.Role", "Transport"} { // what the advice depends on
				n := n
				n.Code, n.Role = code+"."+long, "acs:ram::1234567890123456:role/"+long
				renderStrictly(t, sets, notify(kind, n))
			}
			for quotas := range 10 {
				renderStrictly(t, sets, notify(kind, n))
				n.Quota = append(n.Quota, poller.Quota{ObjectType: fmt.Sprint(quotas, long), Left: math.MaxInt - quotas, Total: math.MinInt})
			}
		}
	}
}

// TestFeishuTitlesArePlain: a card's header shows an entity as it is written.
func TestFeishuTitlesArePlain(t *testing.T) {
	e := event(0, poller.Complete, "")
	e.Task.ObjectPath = "https://cdn.example.com/_a_*b*.mp4"
	c := card(t, load(t, Options{}), Feishu, message(poller.Finished, e))
	if !strings.HasSuffix(c.Title, "/_a_*b*.mp4") || !strings.HasSuffix(c.Rows[0], "/&#95;a&#95;&#42;b&#42;.mp4") {
		t.Errorf("title %q, row %q", c.Title, c.Rows[0])
	}
}

// TestDigestThread: the thread continues with the failures the card has no room for,
// and says how many are left. Successes are a number.
func TestDigestThread(t *testing.T) {
	m := message(poller.Finished, many(2500)...)
	m.Digest = true
	failed := 0
	for _, e := range m.Events {
		if e.Task.Status.Failure() {
			failed++
		}
	}
	c := card(t, load(t, Options{}), Slack, m)
	if len(c.Thread) != 1 {
		t.Fatalf("%d threads", len(c.Thread))
	}
	lines := strings.Split(c.Thread[0], "\n")
	last := len(lines) - 1
	if want := fmt.Sprintf("+%s more failed", num(failed-len(c.Rows)-last)); lines[last] != want {
		t.Errorf("the thread ends with %q, want %q", lines[last], want)
	}
	if len(c.Thread[0]) < maxThread-3*limitOf("row") {
		t.Errorf("a thread of %d bytes has room for more rows", len(c.Thread[0]))
	}
	for _, row := range append(c.Rows, lines[:last]...) {
		if !strings.HasPrefix(row, "✗") {
			t.Errorf("%q among the failures", row)
		}
	}
	if want := fmt.Sprintf("+%s more failed · %s complete", num(failed-len(c.Rows)), num(2500-failed)); c.More != want {
		t.Errorf("more: %q, want %q", c.More, want)
	}
	for i := range m.Events {
		m.Events[i].Task.Status = poller.Complete
	}
	if c := card(t, load(t, Options{}), Slack, m); len(c.Thread) != 0 || len(c.Rows) > 5 || c.More != "+2,495 more" {
		t.Errorf("a digest of successes has %d rows, %q and a thread %q", len(c.Rows), c.More, c.Thread)
	}
}

// FuzzCard throws arbitrary fields at every dialect and language.
func FuzzCard(f *testing.F) {
	f.Add("finished", "14589032781", "file", "https://cdn.example.com/a.mp4", "Failed", "60%", "Origin Timeout", "Refreshing", uint16(1), true)
	for i, e := range hostile() {
		f.Add("finished", "<!here>", "*t*", e.Task.ObjectPath, "<@U1>", "`9`", e.Task.Description, "Failed", uint16(i*2), i%2 == 0)
	}
	f.Add("trouble", "", "", "", "", "", "@all [a](b)", "", uint16(0), false)
	f.Add("quota", "", "*a*", "", "<!here>", "", "", "", uint16(2), false)
	f.Add("stalled", "@all", "preload", "//[::1", "Refreshing", ":9:", "", "", uint16(13), true)
	sets := bothLanguages(f)
	f.Fuzz(func(t *testing.T, kind, id, objectType, path, status, process, description, from string, rows uint16, digest bool) {
		m := message(poller.Kind(kind))
		m.Digest, m.ID, m.Region = digest, id, objectType
		m.Notice = &Notice{Code: status, Message: description, Hint: path, Count: int(rows), To: sampleTime()}
		m.Notice.Quota = []poller.Quota{{ObjectType: objectType, Left: int(rows)}, {ObjectType: status, Total: int(rows)}}[:rows%3]
		for i := range int(rows) % 13 {
			task := poller.Task{
				Key:    poller.Key{TaskID: id, ObjectType: objectType, ObjectPath: path},
				Status: poller.Status(status), Process: process, Description: description,
			}
			switch i % 3 {
			case 1:
				task.Status, task.ObjectPath = poller.Failed, path+fmt.Sprint(i)
			case 2:
				task.Description, task.Created = fmt.Sprint(i, description), sampleTime().Add(-time.Duration(rows)*time.Minute)
				task.ObjectType, task.Status = "preload", poller.Failed
			}
			m.Events = append(m.Events, poller.Event{Kind: m.Kind, Task: task, From: poller.Status(from), Observed: sampleTime()})
		}
		renderStrictly(t, sets, m)
	})
}

// TestFragments puts every trick into every field.
func TestFragments(t *testing.T) {
	tricks := []string{
		"<!channel>", "<!subteam^S1|x>", "<@U1>", "<https://evil.example|ok>", "&lt;!here&gt;", "&#60;at id=all&#62;",
		"<at id=all></at>", "<at user_id=\"all\">", "@all", "@13800138000", "a@all", "@2x@all", "<@all>",
		"*b*", "**b**", "__b__", "_i_ _", "~s~", "`c`", "```\ncode", "[a](https://evil.example)", "![i](x)", "](x", "[a", "a\\",
		"# h", "> q", "- l", "1. l", "---", "| a | b |", ":fire:", "::x:", "<font color=\"info\">", "</font>", "<br>",
		"\x1b]8;;https://evil.example\x07x", "\u202e\u2066", "\u2028", "\xff", "\x00", "", " ", "…", "{{.Path}}", "`", "``", "\"", "\\", "'",
	}
	sets := bothLanguages(t)
	for i, trick := range tricks {
		for field := range 10 {
			m := message(poller.Finished, batch(1+field%2*2, 1)...)
			task := &m.Events[0].Task
			switch s := "x" + trick + " " + trick; field {
			case 0:
				task.ObjectPath = "https://cdn.example.com/" + trick
			case 1:
				task.ObjectPath = trick + "/" + trick
			case 2:
				task.ObjectType, task.TaskID = trick, s
			case 3:
				task.Description = s
			case 4:
				task.Description = trick
			case 5:
				task.Status, task.Process, m.Events[0].From = poller.Status(trick), trick, poller.Status(s)
			case 6:
				m.ID, m.Region = trick, s
			case 7:
				m = notify(Trouble, Notice{Code: trick, Message: trick, Hint: trick})
			case 8:
				m = notify(poller.Kind(trick), Notice{Message: trick})
			case 9:
				renderStrictly(t, sets[(i+field)%2:][:1], notify(Trouble, Notice{Code: "NoPermission", Role: s}))
				m = notify(LowQuota, Notice{Code: trick, Quota: []poller.Quota{{ObjectType: trick}, {ObjectType: s}}[:1+i%2]})
			}
			renderStrictly(t, sets[(i+field)%2:][:1], m)
		}
	}
}
