package poller

import (
	"net/url"
	"strings"
	"testing"
)

// Every spelling that a CDN accepts in a submission, and some that only a copy of one
// produces. "hunter2" is a password wherever it stands.
var spellings = []struct{ object, domain, path string }{
	{"https://cdn.example.com/a/b.mp4", "cdn.example.com", "/a/b.mp4"},
	{"HTTPS://CDN.Example.COM/A.mp4", "cdn.example.com", "/A.mp4"},
	{"cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"cdn.example.com", "cdn.example.com", "/"},
	{"//cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https:/cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https:cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{`https:\\cdn.example.com\vip\a.mp4`, "cdn.example.com", "/vip/a.mp4"},
	{`cdn.example.com\a.mp4`, "cdn.example.com", "/a.mp4"},
	{"rtmp://live.example.com/app/stream", "live.example.com", "/app/stream"},
	{"  https://cdn.example.com/a.mp4\r\n", "cdn.example.com", "/a.mp4"},
	{"https%3A%2F%2Fcdn.example.com%2Fa.mp4", "cdn.example.com", "/a.mp4"},
	{"/vip/a.mp4", "", "/vip/a.mp4"},
	{"", "", "/"},

	{"https://cdn.example.com:8443/a.mp4", "cdn.example.com", "/a.mp4"},
	{"cdn.example.com:443/a.mp4", "cdn.example.com", "/a.mp4"},
	{"cdn.example.com:/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://cdn.example.com./a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://cdn.example.com", "cdn.example.com", "/"},
	{"https://cdn.example.com?x=/y", "cdn.example.com", "/"},
	{"https://cdn.example.com/a.mp4?sign=1/2#t", "cdn.example.com", "/a.mp4"},
	{"https://cdn.example.com/img@2x.png", "cdn.example.com", "/img@2x.png"},

	{"https://svc:hunter2@cdn.example.com:8443/5%off.mp4", "cdn.example.com", "/5%off.mp4"},
	{"svc:hunter2@cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://hunter2@cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://svc:hunter2/x@cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://svc:hunter2#x@cdn.example.com:80/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://svc:h@hunter2@cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https%3A%2F%2Fsvc%3Ahunter2%40cdn.example.com/a.mp4", "cdn.example.com", "/a.mp4"},

	{"https://cdn%2Eexample.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://cdn.example.com/%zz%", "cdn.example.com", "/%zz%"},
	{"https://c%zzn.example.com/a", "c%zzn.example.com", "/a"},
	{"https://[2001:DB8::1]:8443/a.mp4", "2001:db8::1", "/a.mp4"},
	{"2001:db8::1/a.mp4", "2001:db8::1", "/a.mp4"},
	{"https://192.0.2.7:80/a.mp4", "192.0.2.7", "/a.mp4"},
	{"https://视频.Example.com/片/a.mp4", "视频.example.com", "/片/a.mp4"},
	{"https://视频。example。com/a.mp4", "视频.example.com", "/a.mp4"},
	{"https://ｃｄｎ．example.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://cdn.exa\u200bmple.com/a.mp4", "cdn.example.com", "/a.mp4"},
	{"https://*.example.com/", "*.example.com", "/"},
	{`https://cdn\.example\.com/.*\.mp4`, "cdn.example.com", `/.*\.mp4`},
}

func TestDomainAndPathOfEverySpelling(t *testing.T) {
	for _, s := range spellings {
		task := Task{Key: Key{ObjectPath: s.object}}
		if got := task.Domain(); got != s.domain {
			t.Errorf("%q: domain %q, want %q", s.object, got, s.domain)
		}
		if got := task.Path(); got != s.path {
			t.Errorf("%q: path %q, want %q", s.object, got, s.path)
		}
	}
}

func TestMaskUserHidesEveryPassword(t *testing.T) {
	for _, s := range spellings {
		masked := MaskUser(s.object)
		switch holds := strings.Contains(s.object, "hunter2"); {
		case holds && strings.Contains(masked, "hunter2"):
			t.Errorf("%q: masked as %q", s.object, masked)
		case holds && !strings.Contains(masked, "***@"):
			t.Errorf("%q: %q does not say that something was masked", s.object, masked)
		case !holds && masked != s.object:
			t.Errorf("%q became %q", s.object, masked)
		}
	}
}

// FuzzDomain: where net/url reads a path with a scheme, the host is net/url's; and
// what stands before the @ is never part of it.
func FuzzDomain(f *testing.F) {
	for _, s := range spellings {
		f.Add(s.object)
	}
	f.Fuzz(func(t *testing.T, object string) {
		task := Task{Key: Key{ObjectPath: object}}
		domain, path := task.Domain(), task.Path()
		if strings.ContainsAny(domain, "/@ \n") || !strings.HasPrefix(path, "/") {
			t.Errorf("%q: domain %q, path %q", object, domain, path)
		}
		u, err := url.Parse(object)
		if err != nil || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return
		}
		plain := strings.Trim(strings.ToLower(u.Host), "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" && !strings.HasSuffix(u.Host, ".")
		if plain && domain != strings.ToLower(u.Host) {
			t.Errorf("%q: domain %q, net/url says %q", object, domain, u.Host)
		}
	})
}
