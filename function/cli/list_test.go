package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

var listedAt = time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)

func listOf(tasks ...poller.Task) listed {
	return listed{
		Listing: watch.Listing{Window: poller.Span{From: listedAt.Add(-24 * time.Hour), To: listedAt}, Read: listedAt, Tasks: tasks, Whole: true},
		zone:    time.UTC, title: "cn-shanghai",
	}
}

func listTask(path, description string) poller.Task {
	return poller.Task{
		Key:    poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: path},
		Status: poller.Failed, Description: description, Created: listedAt.Add(-time.Hour),
	}
}

// A line of list is what a webhook's receiver knows already.
func TestListHasTheWebhooksFields(t *testing.T) {
	text, err := os.ReadFile("../../testdata/golden/sinks/webhook.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, golden, _ := strings.Cut(string(text), "== failed ==\n")
	golden, _, _ = strings.Cut(golden, "\n== ")
	var body struct {
		Data struct {
			Tasks []map[string]any `json:"tasks"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(golden), &body); err != nil {
		t.Fatal(err)
	}
	want := body.Data.Tasks[0]
	delete(want, "ended_after") // only of a task that polls have seen in flight
	delete(want, "ended_before")
	var out bytes.Buffer
	if err := writeTaskLines(&out, listOf(listTask("https://cdn.example.com/a?x=1&y=<2>", "Origin Timeout"))); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Errorf("fields %q, want those of the webhook, %q", g, w)
	}
	if !strings.Contains(out.String(), "?x=1&y=<2>") {
		t.Errorf("the path is not as the API has it: %s", &out)
	}
}

// A terminal obeys nothing in a line, and a program reads what the API wrote.
func TestTaskLinesAreHarmless(t *testing.T) {
	for _, text := range append(hostile, "\U000e0041tag", "中文 café 🎬") {
		var out bytes.Buffer
		if err := writeTaskLines(&out, listOf(listTask("https://cdn.example.com/"+text, ""))); err != nil {
			t.Fatal(err)
		}
		for _, r := range strings.TrimSuffix(out.String(), "\n") {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("%q is written with %U", text, r)
			}
		}
		var line sink.Task
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.ObjectPath != strings.ToValidUTF8("https://cdn.example.com/"+text, "\ufffd") {
			t.Errorf("%q is read as %q (%v)", text, line.ObjectPath, err)
		}
	}
}

// hostile texts, as whoever submits a task may choose them.
var hostile = []string{
	`"><script>alert(1)</script>`, `' onmouseover='alert(1)`, `<img src=x onerror=alert(1)>`, `</style></script></title>`,
	`javascript:alert(1)`, "<!--", "]]>", "&lt;script&gt;", "\u202egpj.exe", "\x1b[31mred\x07", "\x9b31m", "line\nbreak\rreturn", `{{.}} %s %!d`,
}

// The page holds nothing but its own elements, whatever the texts in it are, and nothing
// that would be fetched.
func TestPageIsHarmless(t *testing.T) {
	plain, spiked := listOf(), listOf()
	for range hostile {
		plain.Tasks = append(plain.Tasks, listTask("https://cdn.example.com/a", "a reason"))
	}
	for i, text := range hostile {
		task := listTask("https://cdn.example.com/"+text, "a reason")
		task.TaskID, task.ObjectType, task.Process = text, text, text
		if i == 0 {
			task.Status = poller.Status(text)
			plain.Tasks[0].Status = "Odd"
		}
		spiked.Tasks = append(spiked.Tasks, task)
	}
	spiked.title = hostile[0]
	elements := regexp.MustCompile(`<[a-zA-Z/!][^>]*>`)
	render := func(l listed) string {
		var out bytes.Buffer
		if err := writePage(&out, l, words{}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want, got := render(plain), render(spiked)
	if w, g := elements.FindAllString(want, -1), elements.FindAllString(got, -1); !slices.Equal(w, g) {
		t.Errorf("the texts changed the elements of the page: %d, want %d", len(g), len(w))
	}
	for _, text := range hostile {
		if !strings.Contains(got, html.EscapeString("https://cdn.example.com/"+printable(text))) {
			t.Errorf("%q is not shown", text)
		}
	}
	for _, r := range got {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 {
			t.Fatalf("the page holds the control character %U", r)
		}
	}
	if found := regexp.MustCompile(`(?i)\b(src|href|action|srcset|data|poster)=|url\(|@import|style="|\son\w+=`).FindString(elements.FindString(got) + strings.Join(elements.FindAllString(got, -1), "")); found != "" {
		t.Errorf("the page has %q", found)
	}
}

// The policy names exactly the style and the script that are in the page.
func TestPagePolicy(t *testing.T) {
	var out bytes.Buffer
	if err := writePage(&out, listOf(listTask("https://cdn.example.com/a", "")), words{}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, tag := range []string{"style", "script"} {
		_, rest, _ := strings.Cut(page, "<"+tag+">")
		content, _, _ := strings.Cut(rest, "</"+tag+">")
		if policy := tag + "-src '" + hashOf(content) + "'"; content == "" || !strings.Contains(page, policy) {
			t.Errorf("the policy does not allow the page's own %s", tag)
		}
		if strings.Count(page, "<"+tag) != 1 {
			t.Errorf("more than one %s", tag)
		}
	}
	if !strings.Contains(page, "default-src 'none'") {
		t.Error("the page may ask others")
	}
}

// What the page says of the rows is counted from them.
func TestPageCounts(t *testing.T) {
	l := listOf(listTask("a", "Origin Timeout"), listTask("b", "OriginTimeout"), listTask("c", ""))
	l.Tasks[2].Status, l.Tasks[2].Created = poller.Complete, time.Time{}
	var out bytes.Buffer
	if err := writePage(&out, l, words{chinese: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<html lang="zh-CN">`, `<dt>任务</dt><dd>3</dd>`, `<dt>失败</dt><dd>2</dd>`, `<dt>完成</dt><dd>1</dd>`,
		`<span>Origin Timeout <b>2</b></span>`, `<title>2026-11-20 07:00 · 失败 2</title>`, `<td class="when" data-value="-62135596800">-</td>`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	if n := strings.Count(out.String(), `<g class="hour">`); n != 1 {
		t.Errorf("%d hours with tasks, want 1: a task without a creation time is in none", n)
	}
	out.Reset()
	l.Whole = false
	if err := writePage(&out, l, words{}); err != nil || !strings.Contains(out.String(), "Incomplete: ") {
		t.Error("the page does not say that rows are missing")
	}
}

// A page is attached to tickets: whoever reads one must not find the key of a signed URL.
// A page of very many tasks still opens: its table is bounded, and says so. What failed
// is in it, whatever its age, and every count is of all tasks.
func TestPageIsBounded(t *testing.T) {
	const all, failed = pageRows + 500, 30
	var tasks []poller.Task
	for i := range all {
		task := listTask(fmt.Sprintf("https://cdn.example.com/%d", i), fmt.Sprintf("reason %d", i))
		task.Created = listedAt.Add(-time.Duration(i) * time.Second) // newest first, as listed
		if i < all-failed {
			task.Status = poller.Complete
		}
		tasks = append(tasks, task)
	}
	var out bytes.Buffer
	if err := writePage(&out, listOf(tasks...), words{}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	if n := strings.Count(page, "<tr class="); n != pageRows {
		t.Errorf("%d rows", n)
	}
	if n := strings.Count(page, `<tr class="failed">`); n != failed {
		t.Errorf("%d of %d failed rows", n, failed)
	}
	if strings.Index(page, "com/0<") > strings.Index(page, "com/1<") {
		t.Error("the order has changed")
	}
	for _, want := range []string{
		"<dd>10500</dd>", "<dd>10470</dd>", "<dd>30</dd>", "10 other reasons with fewer tasks each",
		"The page&#39;s table shows 10000 of 10500 tasks: the failed ones first, then the newest. csv and json have all of them.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if len(shownOnPage(tasks[:pageRows])) != pageRows || partOfRows(tasks[:pageRows], words{}) != "" {
		t.Error("a page that fits is cut")
	}
	for i := range tasks {
		tasks[i].Status = poller.Failed
	}
	if got := shownOnPage(tasks); len(got) != pageRows || got[pageRows-1].ObjectPath != tasks[pageRows-1].ObjectPath {
		t.Errorf("of very many failed ones %d are shown, the last is %s", len(got), got[len(got)-1].ObjectPath)
	}
}

// A page names the filters: it is read by people who did not see the command.
func TestPageNamesItsFilters(t *testing.T) {
	for _, c := range []struct{ args, want, none string }{
		{"", "", "No task was created in this window."},
		{"-since 24h", "", "No task was created in this window."},
		{"-status Failed,Timeout -domain *.example.com", "Only what matches: -status Failed,Timeout -domain *.example.com", "No task of this window matches."},
		{"-task-id 7 -object-path https://x.example.com/<b>?auth_key=hunter2", "-task-id 7 -object-path https://x.example.com/&lt;b&gt;?auth_key=***", "No task of this window matches."},
		{"-object-type preload", "Only what matches: -object-type preload", "No task of this window matches."},
	} {
		list, _ := findCommand("list")
		o, err := parse(list, strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		l := listOf()
		l.filters = filtersOf(o.req)
		var out bytes.Buffer
		if err := writePage(&out, l, words{}); err != nil {
			t.Fatal(err)
		}
		page := out.String()
		if !strings.Contains(page, c.want) || !strings.Contains(page, c.none) || (c.want == "") != !strings.Contains(page, `class="filters"`) || strings.Contains(page, "hunter2") {
			t.Errorf("%q gives %q", c.args, page[strings.Index(page, "<header>"):])
		}
	}
}

func TestPageHoldsNoKeys(t *testing.T) {
	var out bytes.Buffer
	if err := writePage(&out, listOf(listTask("https://user:hush@cdn.example.com/a.mp4?auth_key=1700000000-0-0-0123456789abcdef", "")), words{}); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hush", "0123456789abcdef"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is in the page", secret)
		}
	}
	if !strings.Contains(out.String(), "cdn.example.com/a.mp4") {
		t.Error("the object is not in the page")
	}
}

// Where there is room, each row says why it failed; a path loses its parameters first.
func TestTableShowsReasons(t *testing.T) {
	l := listOf(listTask("https://cdn.example.com/a.mp4?token="+strings.Repeat("x", 100), "OriginTimeout"))
	for columns, want := range map[int]string{0: "Origin Timeout  https://cdn.example.com/a.mp4?token=xx", 140: "Origin Timeout  https://cdn.example.com/a.mp4?…\n", 90: "1        https://cdn.example.com/a.mp4?…\n"} {
		var out bytes.Buffer
		if err := writeTable(&out, l, words{}, columns); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%d columns: want %q in\n%s", columns, want, &out)
		}
	}
}

// A spreadsheet takes no cell for a formula, in any locale, and every cell is in its
// place.
func TestCSVCells(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": " '=1", "  =1": "  '=1", "＝1": "'＝1",
		"a;=1+1": "a;'=1+1", "a\n=1": "a =1", "a=b+c-d@e": "a=b+c-d@e", "": "", `"=1"`: `"=1"`, "https://x/-a": "https://x/-a", "中文": "中文",
	} {
		if got := plainCell(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	var out bytes.Buffer
	if err := writeCSV(&out, listOf(listTask("=HYPERLINK(\"x\"),\n", "@reason"), listTask("b", ""))); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][2] != "'=HYPERLINK(\"x\"), " || rows[1][6] != "'@reason" {
		t.Errorf("%q %v", rows, err)
	}
}

// Every row is shown on every terminal, and none is wider than it.
func TestTableFits(t *testing.T) {
	var tasks []poller.Task
	for i, text := range append(hostile, "/产品/发布会/第一集/"+strings.Repeat("很长的路径", 30)+"/终.html", strings.Repeat("x", 5000)) {
		task := listTask("https://cdn.example.com/"+text, text)
		task.TaskID = fmt.Sprint(1568000000+i, strings.Repeat("9", i*3))
		task.Status = []poller.Status{poller.Failed, "SomethingNobodyHasEverHeardOf", poller.Refreshing}[i%3]
		tasks = append(tasks, task)
	}
	for _, columns := range []int{20, 40, 80, 100, 200} {
		for _, w := range []words{{}, {chinese: true}} {
			var out bytes.Buffer
			if err := writeTable(&out, listOf(tasks...), w, columns); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				if n := columnsOf(strings.TrimSuffix(line, "\n")); n > columns {
					t.Errorf("%d columns on a terminal of %d: %q", n, columns, line)
				}
			}
			if n := strings.Count(out.String(), "\n11-20 07:30:00"); columns >= 40 && n != len(tasks) {
				t.Errorf("%d rows of %d on a terminal of %d columns", n, len(tasks), columns)
			}
		}
	}
	var out bytes.Buffer
	if err := writeTable(&out, listOf(tasks...), words{}, 0); err != nil || !strings.Contains(out.String(), strings.Repeat("x", 5000)) {
		t.Error("a path is shortened where nobody looks")
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		in      string
		columns int
		want    string
	}{
		{"abcdefgh", 8, "abcdefgh"}, {"abcdefgh", 5, "ab…gh"}, {"abcdefgh", 4, "a…gh"}, {"abcdefgh", 0, "abcdefgh"}, {"abcdefgh", 1, "…"},
		{"中文中文中文", 7, "中…中文"}, {"中文中文中文", 8, "中…中文"},
	} {
		if got := shorten(c.in, c.columns); got != c.want || c.columns > 0 && columnsOf(got) > c.columns {
			t.Errorf("%q in %d columns is %q, want %q", c.in, c.columns, got, c.want)
		}
	}
}

// A list that time or the API cut short is no whole one.
func TestListIsNotWhole(t *testing.T) {
	api := apitest.New(apitest.Options{})
	for i := range 120 {
		api.Add(apitest.Task{Key: poller.Key{TaskID: fmt.Sprint(i), ObjectType: "file", ObjectPath: "https://cdn.example.com/a"}, Created: time.Now().Add(-time.Hour)})
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	req := watch.Request{Action: watch.ActionBackfill}
	if l := watch.List(ctx, api.Lister(0), req, time.Now()); !l.Whole || len(l.Tasks) != 120 {
		t.Fatalf("%d rows, whole %v: %v", len(l.Tasks), l.Whole, l.Err)
	}
	api.Fault(apitest.NoPermission().When(func(r apitest.Request) bool { return r.Page == 3 }))
	l := watch.List(ctx, api.Lister(0), req, time.Now())
	if l.Whole || l.Err == nil || len(l.Tasks) == 0 {
		t.Errorf("%d rows, whole %v: %v", len(l.Tasks), l.Whole, l.Err)
	}
	var out bytes.Buffer
	sh := Shell{Err: &out}
	sh.warnOfList(l, req)
	if !strings.Contains(out.String(), "Incomplete: ") || !strings.Contains(out.String(), "Forbidden.RAM") {
		t.Errorf("said %q", &out)
	}
}
