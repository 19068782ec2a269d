package cli

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"strings"

	"refreshwatch/poller"
	"refreshwatch/template"
)

//go:embed page/page.css
var pageStyle string

//go:embed page/page.js
var pageScript string

// page writes a listing as one file that asks nobody for anything: it can be attached to
// a ticket and opened years later. Every text from the API goes through text, so that a
// path is never markup, and keys of signed URLs are masked; the policy allows the page's own style and script alone, should
// one ever be.
type page struct {
	out strings.Builder
	listed
	words
}

// pageClass is a state as a word of the style sheet.
var pageClass = map[string]string{"complete": "complete", "failed": "failed", "canceled": "canceled", "in flight": "flight"}

// pageReasons bounds the bars: descriptions are the API's own words, and may differ in
// every row.
const pageReasons = 20

// pageRows bounds the table of a page: a browser on a phone still opens it.
const pageRows = 10_000

// shownOnPage are the rows of a page's table, in their order: all that fit, else those
// that failed before the others, and of each the newest.
func shownOnPage(tasks []poller.Task) []poller.Task {
	if len(tasks) <= pageRows {
		return tasks
	}
	failed := min(tally(tasks)["failed"], pageRows)
	others := pageRows - failed
	var shown []poller.Task
	for _, t := range tasks {
		left := &others
		if t.Status.Failure() {
			left = &failed
		}
		if *left > 0 {
			*left--
			shown = append(shown, t)
		}
	}
	return shown
}

// partOfRows says what a page's table leaves out; "" for nothing.
func partOfRows(tasks []poller.Task, w words) string {
	if len(tasks) <= pageRows {
		return ""
	}
	return w.say("The page's table shows %d of %d tasks: the failed ones first, then the newest. csv and json have all of them.", pageRows, len(tasks))
}

func writePage(out io.Writer, l listed, w words) error {
	p := &page{listed: l, words: w}
	p.head()
	p.counts()
	p.hours()
	p.reasons()
	p.table()
	p.put("<footer>refreshwatch</footer>\n<script>%s</script>\n</body>\n</html>\n", pageScript)
	_, err := io.WriteString(out, p.out.String())
	return err
}

func (p *page) put(format string, args ...any) { fmt.Fprintf(&p.out, format, args...) }

// text makes a text of unknown origin harmless in an element and in a quoted attribute.
func text(s string) string { return html.EscapeString(printable(s)) }

// label is a phrase of ours in the reader's language.
func (p *page) label(format string, args ...any) string { return text(p.say(format, args...)) }

func (p *page) head() {
	lang := "en"
	if p.chinese {
		lang = "zh-CN"
	}
	policy := fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", hashOf(pageStyle), hashOf(pageScript))
	title := p.label("Refresh and prefetch tasks")
	c := clock{p.zone}
	p.put(`<!doctype html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>%s · %s</title>
<style>%s</style>
</head>
<body>
<header>
<h1>%s</h1>
<p>%s</p>
</header>
`, lang, policy, title, text(c.time(p.Read)), pageStyle, title,
		p.label("%s · created from %s to %s · read %s (%s)", p.title, c.time(p.Window.From), c.time(p.Window.To), c.time(p.Read), p.zone))
	if p.filters != "" {
		p.put("<p class=\"filters\">%s</p>\n", p.label("Only what matches: %s", p.filters))
	}
	if !p.Whole {
		p.put("<p class=\"warning\">%s</p>\n", p.label("Incomplete: not every task of this window could be read."))
	}
}

func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (p *page) counts() {
	n := tally(p.Tasks)
	p.put("<dl class=\"counts\">\n<div><dt>%s</dt><dd>%d</dd></div>\n", p.label("Tasks"), len(p.Tasks))
	for _, s := range states {
		p.put("<div class=\"%s\"><dt>%s</dt><dd>%d</dd></div>\n", pageClass[s], p.label(s), n[s])
	}
	p.put("</dl>\n")
}

// reasons are bars whose texts are outside the drawing, so that they wrap on a phone.
func (p *page) reasons() {
	all := reasons(p.Tasks, p.words)
	if len(all) == 0 {
		return
	}
	p.put("<section>\n<h2>%s</h2>\n<ul class=\"reasons\">\n", p.label("Failures by reason"))
	shown := all[:min(len(all), pageReasons)]
	for _, r := range shown {
		p.put(`<li><span>%s <b>%d</b></span><svg height="10" aria-hidden="true"><rect class="track" width="100%%" height="10"/><rect class="failed" width="%.2f%%" height="10"/></svg></li>`+"\n",
			text(r.reason), r.rows, 100*float64(r.rows)/float64(all[0].rows))
	}
	if others := len(all) - len(shown); others > 0 {
		p.put("<li>%s</li>\n", text(p.say("%s with fewer tasks each; the table shows them.", p.count(others, "other reason"))))
	}
	p.put("</ul>\n</section>\n")
}

func (p *page) table() {
	p.put("<section>\n<h2>%s</h2>\n", p.label("Tasks"))
	if part := partOfRows(p.Tasks, p.words); part != "" {
		p.put("<p class=\"warning\">%s</p>\n", text(part))
	}
	if len(p.Tasks) == 0 {
		none := p.label("No task was created in this window.")
		if p.filters != "" {
			none = p.label("No task of this window matches.")
		}
		p.put("<p class=\"none\">%s</p>\n</section>\n", none)
		return
	}
	p.put(`<form hidden><input type="search" name="text" placeholder="%[1]s" aria-label="%[1]s"><select name="state" aria-label="%[2]s"><option value="">%[3]s</option>`,
		p.label("Filter: part of a path, an id, a reason"), p.label("State"), p.label("All states"))
	for _, s := range states {
		p.put("<option value=\"%s\">%s</option>", pageClass[s], p.label(s))
	}
	p.put("</select><output></output></form>\n<table>\n<thead><tr>")
	for _, head := range []string{"Created", "Status", "Type", "Object", "Reason", "Task ID"} {
		p.put("<th scope=\"col\"><button type=\"button\">%s</button></th>", p.label(head))
	}
	p.put("</tr></thead>\n<tbody>\n")
	for _, t := range shownOnPage(p.Tasks) {
		p.row(t)
	}
	p.put("</tbody>\n</table>\n</section>\n")
}

// stateAndStatus is the API's word, which filters take, behind the reader's.
func (p *page) stateAndStatus(t poller.Task) string {
	if !p.chinese {
		return progressOf(t)
	}
	return p.say(stateOf(t.Status)) + " " + progressOf(t)
}

func (p *page) row(t poller.Task) {
	p.put("<tr class=\"%s\"><td class=\"when\" data-value=\"%d\">%s</td><td class=\"state\">%s</td><td class=\"type\">%s</td><td class=\"path\">%s</td><td class=\"why\">%s</td><td class=\"id\">%s</td></tr>\n",
		pageClass[stateOf(t.Status)], t.Created.Unix(), text(clock{p.zone}.time(t.Created)), text(p.stateAndStatus(t)),
		text(t.ObjectType), text(template.Mask(t.ObjectPath)), text(template.Mask(reason(t, p.words))), text(t.TaskID))
}
