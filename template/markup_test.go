package template

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMarkup(t *testing.T) {
	rows := []struct {
		dialect         Dialect
		raw, text, code string
	}{
		{Slack, "a & b <!channel> <@U1>", "a &amp; b &lt;!channel&gt; &lt;@U1&gt;", "`a &amp; b &lt;!channel&gt; &lt;@U1&gt;`"},
		{Slack, "*b* ~s~ `c` _i_ a_b", "＊b＊ ～s～ ｀c｀ ＿i＿ a_b", "`*b* ~s~ 'c' _i_ a_b`"},
		{Slack, ":fire: 10:20 vod:Get", "：fire: 10:20 vod:Get", "`:fire: 10:20 vod:Get`"},
		{Slack, "> quote", "&gt; quote", "`&gt; quote`"},
		{DingTalk, "[a](http://b) **c** _d_", "［a］(http://b) ＊＊c＊＊ ＿d＿", ""},
		{DingTalk, "@all x@13800138000 logo@2x.png", "＠all x＠13800138000 logo@2x.png", ""},
		{DingTalk, "# head", "＃ head", ""},
		{DingTalk, `<font color="red"> \ ` + "`c`", `＜font color="red"＞ ＼ ` + "｀c｀", ""},
		{Feishu, `<at user_id="all">x</at>`, `&#60;at user&#95;id="all"&#62;x&#60;/at&#62;`, ""},
		{Feishu, "*a*_b_[c](d)`e` :OK:", "&#42;a&#42;&#95;b&#95;&#91;c&#93;&#40;d&#41;&#96;e&#96; &#58;OK:", ""},
		{WeCom, "<@zhang> [a](b)", "＜＠zhang＞ ［a］(b)", "`＜@zhang＞ [a](b)`"},
		{WeCom, "a`b`", "a｀b｀", "`a'b'`"},
		{Teams, "[a](http://b) **c** _d_ e_f", "［a］(http://b) ＊＊c＊＊ ＿d＿ e_f", ""},
		{Teams, "<at>all</at> {{DATE(2026-11-20T08:30:00Z)}}", "＜at＞all＜/at＞ ｛｛DATE(2026-11-20T08:30:00Z)}}", ""},
		{Teams, "?a=1&b=2 &lt;at&#62;", "?a=1&b=2 ＆lt;at＆#62;", ""},
		{Teams, "- item", "－ item", ""},
		{Discord, "@everyone <@1> <@&2> <#3> <t:0:R>", `＠everyone \<＠1\> \<＠&2\> \<#3\> \<t\:0:R\>`, "`@everyone <@1> <@&2> <#3> <t:0:R>`"},
		{Discord, "**b** __u__ ||s|| ~~d~~ [a](b)", `\*\*b\*\* \_\_u\_\_ \|\|s\|\| \~\~d\~\~ \[a\]\(b\)`, "`**b** __u__ ||s|| ~~d~~ [a](b)`"},
		{Discord, "# h :fire: `c`", `\# h \:fire: ` + "\\`c\\`", "`# h :fire: 'c'`"},
		{Plain, "*a* <b> @c `d`", "*a* <b> @c `d`", "*a* <b> @c `d`"},
	}
	for _, row := range rows {
		m := row.dialect.markup()
		want := row.text
		if got := m.escape(row.raw); got != want {
			t.Errorf("%s escape(%q) = %q, want %q", row.dialect, row.raw, got, want)
		}
		if row.code == "" {
			row.code = want
		}
		if got := m.literal(row.raw); got != row.code {
			t.Errorf("%s literal(%q) = %q, want %q", row.dialect, row.raw, got, row.code)
		}
	}
}

// TestFlat: what a place without markup shows is readable, and calls nobody.
func TestFlat(t *testing.T) {
	const raw = `<!here> <at user_id="all"> <@zhang> @all a_b*c`
	for d, want := range map[Dialect]string{
		Slack:    `&lt;!here&gt; &lt;at user_id="all"&gt; &lt;@zhang&gt; @all a_b＊c`,
		DingTalk: `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all a_b＊c`,
		Feishu:   `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all a_b*c`,
		WeCom:    `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all a_b＊c`,
		Teams:    `＜!here＞ ＜at user_id="all"＞ ＜@zhang＞ @all a_b＊c`,
		Discord:  `\<!here\> \<at user\_id="all"\> \<＠zhang\> ＠all a\_b\*c`,
		Plain:    raw,
	} {
		m := d.markup()
		if got := m.flat(m.escape(raw)); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for raw, want := range map[string]string{
		"a\r\nb\tc\u2028d":                                 "a  b c d",
		"\x1b[2Jx\x00y\u009bz":                             "[2Jxyz",
		"gpj.\u202eexe\ufeff":                              "gpj.exe",
		"bad\xff\xfeutf":                                   "bad\uFFFDutf",
		"\U000E0041tag\uFFFF":                              "tag",
		"视频/第三讲.mp4":                                       "视频/第三讲.mp4",
		"/v.mp4?auth_key=1-2-3-4&x=1":                      "/v.mp4?auth_key=***&x=1",
		"/v?Expires=17&OSSAccessKeyId=LT&Signature=a%2Fb=": "/v?Expires=***&OSSAccessKeyId=***&Signature=***",
		"/v?security-token=abc/def#t=10":                   "/v?security-token=***#t=10",
		"/v?x-oss-signature=1;TOKEN=2 tail":                "/v?x-oss-signature=***;TOKEN=*** tail",
		"/v?auth%5Fkey=1":                                  "/v?auth%5Fkey=***",
		"/v?X-Amz-Credential=AK/2026&X-Amz-Date=2026":      "/v?X-Amz-Credential=***&X-Amz-Date=2026",
		"/v?auth\u200b_key=1":                              "/v?auth_key=***",
		"https://u:p@cdn.example.com/a@b":                  "https://***@cdn.example.com/a@b",
		"/v?design=1&monkey=2":                             "/v?design=1&monkey=2",
		"a=b=c":                                            "a=b=c",
	} {
		if got := clean(raw); got != want {
			t.Errorf("clean(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	long := "https://cdn.example.com/" + strings.Repeat("directory/", 30) + "intro.mp4"
	rows := []struct{ name, path, starts, ends string }{
		{"host and file name stay", long, "https://cdn.example.com/…", "directory/intro.mp4"},
		{"a query goes first", "https://cdn.example.com/a/intro.mp4?x=" + strings.Repeat("1", 200), "https://cdn.example.com/a/intro.mp4?…", ""},
		{"an endless name keeps its end", "https://cdn.example.com/" + strings.Repeat("n", 9000) + ".mp4", "https://cdn.example.com/…", "n.mp4"},
		{"an endless host keeps both ends", strings.Repeat("h", 500) + "/x.mp4", "hhh", "/x.mp4"},
		{"runes stay whole", "https://视频.example.com/" + strings.Repeat("课程", 90) + "/第三讲.mp4", "https://视频.example.com/…", "/第三讲.mp4"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := truncatePath(row.path, 80, same)
			if len(got) > 80 || !utf8.ValidString(got) || !strings.HasPrefix(got, row.starts) || !strings.HasSuffix(got, row.ends) {
				t.Errorf("%q (%d bytes)", got, len(got))
			}
		})
	}
	for limit := range 40 {
		for _, d := range Dialects() {
			w := writer{d.markup(), time.UTC}
			for name, write := range map[string]func(string, int) string{"text": w.text, "code": w.code, "path": w.path, "name": w.name} {
				if got := write("a&<*_视频>`/&&&&&&&&&&&.mp4", limit); len(got) > limit {
					t.Errorf("%s %s: %q exceeds %d bytes", d, name, got, limit)
				}
			}
		}
	}
}

func TestShortName(t *testing.T) {
	for path, want := range map[string]string{
		"https://cdn.example.com/video/intro.mp4?v=1":                                   "cdn.example.com/video/intro.mp4",
		"https://cdn.example.com/":                                                      "cdn.example.com/",
		"https://vod.example.com/series/the-long-winter/season-02/episode-07/m.m3u8":    "…/season-02/episode-07/m.m3u8",
		"https://vod.example.com/series/the-long-winter/season-02/11/":                  "…/the-long-winter/season-02/11/",
		"https://vod.example.com/a/" + strings.Repeat("long-directory-name-", 3) + "/x": "…/x",
		"https://vod.example.com/" + strings.Repeat("n", 90) + ".mp4":                   "…/nnnnnnnnnnnnnnnnnnnnn…nnnnnnnnnnnnnnnnnnn.mp4",
		"https://视频.example.com/课程/第三讲：" + strings.Repeat("缓存与预热", 9) + ".mp4":          "…/第三讲：缓存与预热缓存…存与预热缓存与预热.mp4",
		strings.Repeat("h", 99): "hhhhhhhhhhhhhhhhhhhhhhh…hhhhhhhhhhhhhhhhhhhhhhh",
		"":                      "",
		"intro.mp4":             "intro.mp4",
	} {
		got := shortName(path)
		if got != want || columns(got) > nameColumns {
			t.Errorf("shortName(%q) = %q of %d columns, want %q", path, got, columns(got), want)
		}
	}
}

func TestWholeEscapes(t *testing.T) {
	for cut, want := range map[string]string{
		"whole &amp; <b>":       "whole &amp; <b>",
		"half &am":              "half ",
		"half &#1":              "half ",
		"link <https://x|lab":   "link ",
		"link [label](https://": "link ",
		"code `a b":             "code `a b`",
		`half \`:                "half ",
		`whole \\`:              `whole \\`,
	} {
		if got := wholeEscapes(cut); got != want {
			t.Errorf("wholeEscapes(%q) = %q, want %q", cut, got, want)
		}
	}
}
