package template

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestEncoders(t *testing.T) {
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
		e := row.dialect.markup(time.UTC)
		want := row.text
		if got := e.text(row.raw); got != want {
			t.Errorf("%s text(%q) = %q, want %q", row.dialect, row.raw, got, want)
		}
		if row.code == "" {
			row.code = want
		}
		if got := e.code(row.raw); got != row.code {
			t.Errorf("%s code(%q) = %q, want %q", row.dialect, row.raw, got, row.code)
		}
	}
}

func TestSentencesCallNobody(t *testing.T) {
	const raw = `<!here> <at user_id="all"> <@zhang> @all`
	for d, want := range map[Dialect]string{
		Slack:    `&lt;!here&gt; &lt;at user_id="all"&gt; &lt;@zhang&gt; @all`,
		DingTalk: `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all`,
		Feishu:   `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all`,
		WeCom:    `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all`,
		Teams:    `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all`,
		Discord:  `＜!here＞ ＜at user_id="all"＞ ＜＠zhang＞ ＠all`,
		Plain:    raw,
	} {
		if got := d.sentence(time.UTC).text(raw); got != want {
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
	same := func(s string) string { return s }
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
			got := middle(row.path, 80, same)
			if len(got) > 80 || !utf8.ValidString(got) || !strings.HasPrefix(got, row.starts) || !strings.HasSuffix(got, row.ends) {
				t.Errorf("%q (%d bytes)", got, len(got))
			}
		})
	}
	for limit := range 40 {
		for _, d := range Dialects() {
			e := d.markup(time.UTC)
			if got := middle("a&<*_视频>`/&&&&&&&&&&&.mp4", limit, e.code); len(got) > limit {
				t.Errorf("%s: %q exceeds %d bytes", d, got, limit)
			}
			if got := head("a&<*_视频>`/&&&&&&&&&&&.mp4", limit, e.text); len(got) > limit {
				t.Errorf("%s: %q exceeds %d bytes", d, got, limit)
			}
		}
	}
}

func TestMend(t *testing.T) {
	for cut, want := range map[string]string{
		"whole &amp; <b>":       "whole &amp; <b>",
		"half &am":              "half ",
		"half &#1":              "half ",
		"link <https://x|lab":   "link ",
		"link [label](https://": "link ",
		"code `a b":             "code `a b`",
	} {
		if got := mend(cut); got != want {
			t.Errorf("mend(%q) = %q, want %q", cut, got, want)
		}
	}
}
