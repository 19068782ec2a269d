package template

import (
	"strings"
	"testing"
	"time"

	"refreshwatch/poller"
)

// tookOf is the duration on the card of rows that were submitted at 08:00 and finished
// between these times after it; "" when there is none.
func tookOf(t *testing.T, lang string, bounds ...[2]time.Duration) string {
	t.Helper()
	created := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	var events []poller.Event
	for i, b := range bounds {
		e := event(i, poller.Complete, "")
		e.Task.Created, e.Observed = created, created.Add(3*time.Hour)
		e.EndedAfter, e.EndedBefore = created.Add(b[0]), created.Add(b[1])
		if b == ([2]time.Duration{}) {
			e.EndedAfter, e.EndedBefore = time.Time{}, time.Time{}
		}
		events = append(events, e)
	}
	for _, f := range card(t, load(t, Options{Lang: lang}), Plain, message(poller.Finished, events...)).Fields {
		if f.Label == "Took" || f.Label == "耗时" {
			return f.Value
		}
	}
	return ""
}

// TestDurationIsTrueOrAbsent: a row that was read three hours after it finished did
// not take three hours.
func TestDurationIsTrueOrAbsent(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	rows := []struct {
		bounds [][2]time.Duration
		en, zh string
	}{
		{[][2]time.Duration{{4 * m, 5 * m}}, "4 to 5 minutes", "4 到 5 分钟"},
		{[][2]time.Duration{{4*m + 10*s, 4*m + 25*s}}, "about 4 minutes", "约 4 分钟"},
		{[][2]time.Duration{{5 * s, 50 * s}}, "less than a minute", "不到 1 分钟"},
		{[][2]time.Duration{{10 * s, 2 * m}}, "up to 2 minutes", "不超过 2 分钟"},
		{[][2]time.Duration{{2*h - 5*m, 3 * h}}, "2 to 3 hours", "2 到 3 小时"},
		{[][2]time.Duration{{6 * m, 3 * h}}, "", ""},   // seen in flight, and then not for three hours
		{[][2]time.Duration{{}}, "", ""},               // never seen in flight
		{[][2]time.Duration{{-9 * m, -8 * m}}, "", ""}, // clocks differ
		{[][2]time.Duration{{5 * m, 4 * m}}, "", ""},
		{[][2]time.Duration{{4 * m, 5 * m}, {8 * m, 9 * m}}, "4 to 9 minutes", "4 到 9 分钟"},
		{[][2]time.Duration{{4 * m, 5 * m}, {}}, "", ""}, // true for one row only
	}
	for _, row := range rows {
		if got := tookOf(t, "en", row.bounds...); got != row.en {
			t.Errorf("%v: %q, want %q", row.bounds, got, row.en)
		}
		if got := tookOf(t, "zh", row.bounds...); got != row.zh {
			t.Errorf("%v: %q, want %q", row.bounds, got, row.zh)
		}
	}
}

// TestTimes: a time says what happened then, and only when it is true for all rows.
func TestTimes(t *testing.T) {
	late := event(1, poller.Failed, "")
	late.Task.Created, late.EndedBefore = late.Task.Created.Add(time.Minute), time.Time{}
	late.Observed = late.Observed.Add(time.Hour)
	unread := event(0, poller.Complete, "")
	unread.Task.Created = time.Time{}
	for want, m := range map[string]Message{
		"cn-shanghai · submitted 2026-11-20 08:24 · finished by 08:30 UTC · 0f3c9a51":          message(poller.Finished, event(0, poller.Complete, "")),
		"cn-shanghai · finished by 2026-11-20 09:30 UTC · 0f3c9a51":                            message(poller.Finished, event(0, poller.Complete, ""), late),
		"cn-shanghai · finished by 2026-11-20 08:30 UTC · 0f3c9a51":                            message(poller.Finished, unread),
		"cn-shanghai · submitted 2026-11-20 06:30 · as of 08:30 UTC · 0f3c9a51":                message(poller.Stalled, inFlight(2, poller.Stalled, 2*time.Hour)...),
		"cn-shanghai · submitted 2026-11-17 07:30 UTC · as of 2026-11-20 08:30 UTC · 0f3c9a51": message(poller.Expired, inFlight(1, poller.Expired, 73*time.Hour)...),
		"cn-shanghai · 0f3c9a51": notify(Test, Notice{}),
	} {
		if got := card(t, load(t, Options{}), Plain, m).Context; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestScores(t *testing.T) {
	statuses := func(n ...int) []poller.Event { // complete, failed, timeout, canceled
		var events []poller.Event
		for i, status := range []poller.Status{poller.Complete, poller.Failed, poller.Timeout, poller.Canceled} {
			for range n[i] {
				events = append(events, event(len(events)+3, status, ""))
			}
		}
		return events
	}
	rows := []struct {
		events      []poller.Event
		color       Color
		title, more string
		rows        int
		zh          string
	}{
		{statuses(3, 0, 0, 0), Good, "✅ All 3 complete: URL refresh on cdn.example.com", "", 3, "✅ 3 个全部完成：URL 刷新（cdn.example.com）"},
		{statuses(2, 0, 0, 1), Good, "✅ 2 of 3 complete, 1 canceled: URL refresh on cdn.example.com", "", 3, "✅ 3 个中 2 个完成，1 个取消：URL 刷新（cdn.example.com）"},
		{statuses(0, 0, 0, 2), Neutral, "🚫 Both canceled: URL refresh on cdn.example.com", "", 2, "🚫 2 个全部取消：URL 刷新（cdn.example.com）"},
		{statuses(1, 1, 1, 1), Mixed, "⚠️ 2 of 4 failed, 1 canceled: URL refresh on cdn.example.com", "1 complete · 1 canceled", 2, "⚠️ 4 个中 2 个失败，1 个取消：URL 刷新（cdn.example.com）"},
		{statuses(0, 1, 1, 0), Bad, "❌ Both failed: URL refresh on cdn.example.com", "", 2, "❌ 2 个全部失败：URL 刷新（cdn.example.com）"},
		{statuses(5, 0, 12, 0), Mixed, "⚠️ 12 of 17 failed: URL refresh on cdn.example.com", "+2 more failed · 5 complete", 10, "⚠️ 17 个中 12 个失败：URL 刷新（cdn.example.com）"},
		{statuses(0, 0, 0, 1), Neutral, "🚫 URL refresh canceled: cdn.example.com/video/2026/part-03.mp4", "", 1, "🚫 URL 刷新已取消：cdn.example.com/video/2026/part-03.mp4"},
		{statuses(0, 0, 1, 0), Bad, "❌ URL refresh timed out: cdn.example.com/video/2026/part-03.mp4", "", 1, "❌ URL 刷新超时：cdn.example.com/video/2026/part-03.mp4"},
	}
	en, zh := load(t, Options{}), load(t, Options{Lang: "zh"})
	for _, row := range rows {
		c := card(t, en, Plain, message(poller.Finished, row.events...))
		if c.Color != row.color || c.Title != row.title || c.More != row.more || len(c.Rows) != row.rows {
			t.Errorf("%s, %q, more %q, %d rows; want %+v", c.Color, c.Title, c.More, len(c.Rows), row)
		}
		if c := card(t, zh, Plain, message(poller.Finished, row.events...)); c.Title != row.zh {
			t.Errorf("%q, want %q", c.Title, row.zh)
		}
	}
}

// TestTypesWithoutCase: "Preload" is a prefetch, as it is for routes and filters.
func TestTypesWithoutCase(t *testing.T) {
	a, b, c := event(1, poller.Failed, ""), event(1, poller.Failed, ""), event(1, poller.Failed, "")
	a.Task.ObjectType, b.Task.ObjectType, c.Task.ObjectType = "Preload", "PRELOAD", "RegEx"
	if got := card(t, load(t, Options{}), Plain, message(poller.Finished, a)).Title; !strings.HasPrefix(got, "❌ Prefetch failed: ") {
		t.Errorf("%q", got)
	}
	if got := card(t, load(t, Options{}), Plain, message(poller.Finished, a, b)).Title; got != "❌ Both failed: prefetch on cdn.example.com" {
		t.Errorf("%q", got)
	}
	if got := card(t, load(t, Options{}), Plain, message(poller.Finished, c)).Title; !strings.HasPrefix(got, "❌ Regex refresh failed: ") {
		t.Errorf("%q", got)
	}
}

// TestPush: the verdict is the first thing on a locked phone, then the object, then the
// cause.
func TestPush(t *testing.T) {
	failed := event(1, poller.Failed, "OriginTimeout")
	for _, row := range []struct{ lang, want string }{
		{"en", "❌ Prefetch failed: …/season-02/episode-07/trailer.mp4 — origin timeout"},
		{"zh", "❌ 预热失败：…/season-02/episode-07/trailer.mp4 — 回源超时"},
	} {
		for _, d := range Dialects() {
			c := card(t, load(t, Options{Lang: row.lang}), d, message(poller.Finished, failed))
			if c.Push != row.want || !strings.HasPrefix(c.Text, row.want) {
				t.Errorf("%s: push %q, text %q, want %q", d, c.Push, c.Text, row.want)
			}
		}
	}
}

// TestPushOfManyReasons: the first of several reasons does not stand for all of them.
func TestPushOfManyReasons(t *testing.T) {
	m := message(poller.Finished, event(3, poller.Failed, "Origin Timeout"), event(4, poller.Failed, "Internal Error"), event(5, poller.Complete, ""))
	for lang, want := range map[string]string{
		"en": "⚠️ 2 of 3 failed: URL refresh on cdn.example.com — origin timeout and another reason",
		"zh": "⚠️ 3 个中 2 个失败：URL 刷新（cdn.example.com） — 回源超时，共 2 种原因",
	} {
		if c := card(t, load(t, Options{Lang: lang}), WeCom, m); c.Push != want {
			t.Errorf("%q, want %q", c.Push, want)
		}
	}
}

// TestSlackNotificationsShowTimesAsWritten: a phone may not know the token of a date.
func TestSlackNotificationsShowTimesAsWritten(t *testing.T) {
	c := card(t, load(t, Options{}), Slack, notify(Gap, Notice{From: sampleTime().Add(-time.Hour), To: sampleTime()}))
	if !strings.Contains(c.Text, "created between 2026-11-20 07:30 UTC and 2026-11-20 08:30 UTC: ") || !strings.Contains(c.Reasons[0], "between <!date^") {
		t.Errorf("text %q, body %q", c.Text, c.Reasons)
	}
}

// TestDeployment: product, label, console and time zone are the deployment's.
func TestDeployment(t *testing.T) {
	own := Options{Product: "cdn", Label: "prod *eu*", Console: "https://console.example.com/a(b)|c>d", Zone: time.FixedZone("", 19800)}
	set := load(t, own)
	m := message(poller.Finished, event(1, poller.Failed, "OriginTimeout"))
	c := card(t, set, Slack, m)
	const link = "https://console.example.com/a%28b%29%7Cc%3Ed"
	if want := "❌ *<" + link + "|CDN prefetch failed: …/season-02/episode-07/trailer.mp4>* · prod ＊eu＊"; c.Title != want {
		t.Errorf("title %q, want %q", c.Title, want)
	}
	if c.Button.URL != link {
		t.Errorf("button %q", c.Button.URL)
	}
	if !strings.HasSuffix(c.Push, " — origin timeout · prod ＊eu＊") || !strings.HasPrefix(c.Context, "prod ＊eu＊ · cn-shanghai · ") {
		t.Errorf("push %q, context %q", c.Push, c.Context)
	}
	if c := card(t, set, Plain, m); !strings.Contains(c.Context, "submitted 2026-11-20 13:54 · finished by 14:00 UTC+05:30") {
		t.Errorf("context %q", c.Context)
	}
	trouble := notify(Trouble, Notice{Code: "Forbidden.RAM", Hint: `{"Version":"1","Statement":[]}`})
	if c := card(t, set, DingTalk, trouble); !strings.Contains(c.Reasons[0], "grant cdn:DescribeRefreshTasks on") || strings.Contains(c.Reasons[0], "Version") {
		t.Errorf("advice %q", c.Reasons[0])
	}
	if c := card(t, load(t, Options{Product: "dcdn", Lang: "zh"}), Plain, m); c.Title != "❌ DCDN 预热失败：…/season-02/episode-07/trailer.mp4" || c.Button.URL != "https://dcdn.console.aliyun.com/" {
		t.Errorf("title %q, button %q", c.Title, c.Button.URL)
	}
	for _, o := range []Options{{Product: "esa"}, {Console: "https://" + strings.Repeat("x", 500)}} {
		if _, err := Load(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// TestIncomplete: a message about a part of a submission says how much is to come.
func TestIncomplete(t *testing.T) {
	complete, failed := event(3, poller.Complete, ""), event(4, poller.Failed, "Origin Timeout")
	for _, row := range []struct {
		events []poller.Event
		en, zh string // how the push begins
	}{
		{[]poller.Event{complete, complete}, "✅ 2 complete, 1,061 more in flight: URL refresh on cdn.example.com", "✅ 2 个完成，另有 1,061 个进行中：URL 刷新（cdn.example.com）"},
		{[]poller.Event{complete, failed}, "⚠️ 1 of 2 failed, 1,061 more in flight: URL refresh", "⚠️ 2 个中 1 个失败，另有 1,061 个进行中：URL 刷新"},
		{[]poller.Event{failed, failed}, "❌ 2 failed, 1,061 more in flight: URL refresh", "❌ 2 个失败，另有 1,061 个进行中：URL 刷新"},
		{[]poller.Event{complete}, "✅ URL refresh complete, 1,061 more in flight: cdn", "✅ URL 刷新完成，另有 1,061 个进行中：cdn"},
		{[]poller.Event{failed}, "❌ URL refresh failed, 1,061 more in flight: cdn", "❌ URL 刷新失败，另有 1,061 个进行中：cdn"},
	} {
		m := message(poller.Finished, row.events...)
		m.InFlight = 1061
		for lang, want := range map[string]string{"en": row.en, "zh": row.zh} {
			for _, d := range Dialects() {
				c := card(t, load(t, Options{Lang: lang}), d, m)
				if !strings.HasPrefix(c.Push, want) || !strings.Contains(c.Title, "1,061") || !strings.Contains(c.Text, "1,061") {
					t.Errorf("%s %s: push %q, title %q, text %q", d, lang, c.Push, c.Title, c.Text)
				}
			}
		}
	}
}

// TestAction: what a backfill sends says so in the small print, on every platform; what
// a poll sends, and words that nobody knows, say nothing.
func TestAction(t *testing.T) {
	for lang, words := range map[string]map[string]string{
		"en": {"backfill": "backfill · prod · cn", "renotify": "sent again · prod · cn", "": "prod · cn", "<@U1>": "prod · cn"},
		"zh": {"backfill": "补发 · prod · cn", "renotify": "再次通知 · prod · cn", "": "prod · cn", "<@U1>": "prod · cn"},
	} {
		set := load(t, Options{Lang: lang, Label: "prod"})
		for _, d := range Dialects() {
			for action, want := range words {
				for _, events := range [][]poller.Event{{event(0, poller.Complete, "")}, batch(12, 3), many(30)} {
					m := message(poller.Finished, events...)
					m.Action, m.Digest = action, len(events) == 30
					if got := strings.TrimPrefix(card(t, set, d, m).Context, `<font color="comment">`); !strings.HasPrefix(got, want) {
						t.Errorf("%s %s %q: %q", lang, d, action, got)
					}
				}
			}
		}
	}
}

// TestSampleIsMarked also where an override has a title of its own.
func TestSampleIsMarked(t *testing.T) {
	dir := overrides(t, map[string]string{"card.tmpl": `{{define "title"}}mine{{end}}{{define "push"}}mine{{end}}`})
	for lang, mark := range map[string]string{"en": "sample", "zh": "示例"} {
		set := load(t, Options{Lang: lang, Dir: dir, Sample: true})
		for _, d := range Dialects() {
			for _, sample := range Samples() {
				c := card(t, set, d, sample.Message)
				for _, leaf := range []string{c.Title, c.Push, c.Text} {
					if !strings.HasPrefix(leaf, mark) {
						t.Errorf("%s %s: %q", d, sample.Name, leaf)
					}
				}
			}
		}
	}
}

// Trouble of STS is not advised on as if it were the API's.
func TestTroubleOfARole(t *testing.T) {
	const arn = "acs:ram::1234567890123456:role/refreshwatch"
	for _, lang := range []string{"en", "zh"} {
		for code, want := range map[string][]string{
			"NoPermission":        {"sts:AssumeRole", arn},
			"EntityNotExist.Role": {arn},
			"Transport":           {"STS_ENDPOINT"},
		} {
			for _, role := range []string{arn, ""} {
				c := card(t, load(t, Options{Lang: lang, Product: "cdn"}), Plain, notify(Trouble, Notice{Code: code, Role: role}))
				said := strings.Join(c.Reasons, " ")
				for _, w := range want {
					if strings.Contains(said, w) != (role != "") {
						t.Errorf("%s, %s of role %q: %s", lang, code, role, said)
					}
				}
				if role != "" && strings.Contains(said, "cdn:") {
					t.Errorf("%s, %s: %s", lang, code, said)
				}
			}
		}
	}
}

// What a notice about the quota says at its edges.
func TestQuotaWords(t *testing.T) {
	for _, row := range []struct {
		options Options
		quotas  []poller.Quota
		title   string
	}{
		{Options{}, []poller.Quota{{ObjectType: "file", Left: 1999, Total: 20000}}, "URL refresh quota nearly used up: 1,999 of 20,000 left today"},
		{Options{Product: "cdn"}, []poller.Quota{{ObjectType: "directory", Total: 100}}, "CDN directory refresh quota used up: 0 of 100 left today"},
		{Options{}, []poller.Quota{{ObjectType: "ignoreparams", Left: 1, Total: 100}}, "ignoreparams quota nearly used up: 1 of 100 left today"},
		{Options{Product: "dcdn"}, []poller.Quota{{ObjectType: "file", Total: 2}, {ObjectType: "preload", Total: 2}}, "DCDN quotas used up: URL refresh, prefetch"},
		{Options{}, []poller.Quota{{ObjectType: "file", Total: 2}, {ObjectType: "preload", Left: 1, Total: 20}}, "Quotas nearly used up: URL refresh, prefetch"},
		{Options{Lang: "zh", Product: "cdn"}, []poller.Quota{{ObjectType: "directory", Total: 100}}, "CDN 目录刷新配额已用完：今日剩余 0 个（共 100 个）"},
	} {
		c := card(t, load(t, row.options), Plain, notify(LowQuota, Notice{From: sampleTime(), Quota: row.quotas}))
		if want := "⚠️ " + row.title; c.Title != want {
			t.Errorf("%q, want %q", c.Title, want)
		}
	}
}
