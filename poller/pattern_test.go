package poller

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckDomain(t *testing.T) {
	for _, c := range []struct{ pattern, problem, next string }{
		{"vod.example.com", "", ""},
		{"*.example.com", "", ""},
		{"VOD.Example.com", "", ""},
		{"vod.example.com.", "", ""}, // a name may end in a dot; MatchDomain drops it
		{"*", "", ""},
		{"vod?.example.com", "", ""},
		{"*vod*", "", ""},
		{"视频.example.com", "", ""},
		{"xn--cy2a840a.example.com", "", ""},
		{"a_b.example.com", "", ""},
		{"192.0.2.7", "", ""},
		{"2001:db8::1", "", ""},

		{"", "empty", "such as"},
		{"https://vod.example.com", "scheme", `"vod.example.com"`},
		{"http://*.example.com/", "scheme", `"*.example.com"`},
		{"//vod.example.com", "scheme", `"vod.example.com"`},
		{"rtmp://live.example.com/app", "scheme", `"live.example.com"`},
		{"https:vod.example.com", "scheme", `"vod.example.com"`},
		{"vod.example.com:443", "port", `"vod.example.com"`},
		{"*.example.com:*", "port", `"*.example.com"`},
		{"[2001:db8::1]:443", "port", ""},
		{"vod.example.com/", "path", `"vod.example.com"`},
		{"vod.example.com/vip/*", "path", `"vod.example.com"`},
		{`vod.example.com\vip`, "path", `"vod.example.com"`},
		{"/vip/*", "path", "such as"},
		{".example.com", "dot", `"*.example.com"`},
		{"https://.example.com/", "scheme", `"*.example.com"`},
		{".*", "dot", "such as"},
		{"*.", "ends with a dot", "such as"},
		{"*.example.*.", "ends with a dot", ""},
		{"vod..example.com", "two dots", "such as"},
		{"svc:hunter2@vod.example.com", "user information", `"vod.example.com"`},
		{`"vod.example.com"`, "quotes", `"vod.example.com"`},
		{"'vod.example.com", "quotes", `"vod.example.com"`},
		{"“vod.example.com”", "quotes", `"vod.example.com"`},
		{"<vod.example.com>", "angle brackets", `"vod.example.com"`},
		{"a.example.com b.example.com", "space", "such as"},
		{" vod.example.com", "space", `"vod.example.com"`},
		{"a.example.com;b.example.com", "several", "such as"},
		{"a.example.com，b.example.com", "several", "such as"},
		{"vod.exa\u200bmple.com", "invisible", `"vod.example.com"`},
		{"vod.example.com\x00", "invisible", `"vod.example.com"`},
		{"ｖｏｄ．example.com", "wide", `"vod.example.com"`},
		{"vod。example。com", "wide", `"vod.example.com"`},
		{"!vod.example.com", "!", `"vod.example.com"`},
		{"vod", "no dot", "such as"},
		{"-vod.example.com", "hyphen", "such as"},
		{"vod-.example.com", "hyphen", "such as"},
		{"vod.example.com$", "$", ""},
		{"^vod.example.com", "^", ""},
		{"{a,b}.example.com", "several", "such as"},
		{"vod%2eexample.com", "%", `"vod.example.com"`},
		{strings.Repeat("a", 64) + ".example.com", "63", "such as"},
		{strings.Repeat("a.", 130) + "com", "253", "such as"},
	} {
		checkMistake(t, c.pattern, CheckDomain(c.pattern), c.problem, c.next)
	}
}

func TestCheckPath(t *testing.T) {
	for _, c := range []struct{ pattern, problem, next string }{
		{"/vip/*", "", ""},
		{"*.m3u8", "", ""},
		{"?vip/*", "", ""},
		{"/a?.mp4", "", ""},
		{"/my film/*", "", ""},
		{"/视频/*", "", ""},
		{"/5%off", "", ""},

		{"", "empty", "such as"},
		{"vip/*", "does not begin", "/"},
		{"https://cdn.example.com/vip/*", "scheme", "domain"},
		{"cdn.example.com/vip/*", "does not begin", "/"},
		{" /vip/*", "space", "Remove"},
		{"/vip/* ", "space", "Remove"},
		{"/vip/\u200b*", "invisible", "by hand"},
		{`"/vip/*"`, "quote", "Remove"},
		{"^/vip/.*", "^", "regular"},
		{`/vip/.*\.mp4`, "backslash", "regular"},
		{"/a.mp4?auth_key=*", "query", "before"},
		{"/" + strings.Repeat("a", 1024), "1024", "such as"},
	} {
		checkMistake(t, c.pattern, CheckPath(c.pattern), c.problem, c.next)
	}
}

func checkMistake(t *testing.T, input string, err error, problem, next string) {
	t.Helper()
	if problem == "" {
		if err != nil {
			t.Errorf("%q is refused: %v", input, err)
		}
		return
	}
	var m *Mistake
	if !errors.As(err, &m) {
		t.Errorf("%q: got %v, want a Mistake about %q", input, err, problem)
		return
	}
	if !strings.Contains(m.Problem, problem) || !strings.Contains(m.Next, next) || m.Next == "" {
		t.Errorf("%q: got %q, want %q and %q", input, m, problem, next)
	}
	if strings.Contains(m.Error(), "hunter2") {
		t.Errorf("%q: %q repeats a password", input, m)
	}
}

// FuzzCheckDomain: what the check suggests passes the check, and a domain that it
// passes matches the rows that bear it.
func FuzzCheckDomain(f *testing.F) {
	f.Add("https://.Vod。example.com:80/a")
	f.Add("vod.example.com.")
	f.Fuzz(func(t *testing.T, pattern string) {
		if better := likelyDomain(pattern); better != "" && CheckDomain(better) != nil {
			t.Errorf("%q: suggests %q, which is refused", pattern, better)
		}
		if CheckDomain(pattern) != nil || strings.ContainsAny(pattern, "*?") {
			return
		}
		row := Task{Key: Key{ObjectPath: "https://" + pattern + "/a.mp4"}}
		if strings.Count(pattern, ":") >= 2 {
			row.ObjectPath = "https://[" + pattern + "]/a.mp4"
		}
		if !MatchDomain(pattern, row.Domain()) {
			t.Errorf("%q passes and does not match %q", pattern, row.Domain())
		}
	})
}
