package poller

import (
	"strings"
	"testing"
)

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, value string
		want           bool
	}{
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"*.example.com", "cdn.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},
		{"/vip/*", "/vip/2026/a.mp4", true},
		{"/vip/*", "/vip", false},
		{"*.mp4", "/a.mp4.mp4", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"[a]", "a", false}, // no classes: brackets are themselves

		{"/视频/*", "/%E8%A7%86%E9%A2%91/a.mp4", true},
		{"/%e8%a7%86%E9%A2%91/*", "/视频/a.mp4", true},
		{"/?频/a", "/视频/a", true}, // a character, not a byte
		{"/?频/a", "/%E8%A7%86频/a", true},
		{"/??频/a", "/视频/a", false},
		{"/\xe8%A7%86", "/视", true}, // half raw, half escaped
		{"/a b", "/a%20b", true},
		{"/a%2Fb", "/a/b", true},
		{"/100%2A", "/100*", true}, // an escaped star stands for itself
		{"/100%2A", "/1000", false},
		{"/%3F", "/x", false},
		{"/5%off*", "/5%off.mp4", true}, // no escape
		{"/5%25off", "/5%off", true},
		{"/%CA%D3/*", "/%ca%d3/a.mp4", true}, // GBK
		{"/%CA%D3/*", "/%CA%D4/a.mp4", false},
		{"/?", "/%CA", true},
		{"\uFFFD", "", false},
	} {
		if got := Glob(tt.pattern, tt.value); got != tt.want {
			t.Errorf("Glob(%q, %q) = %v", tt.pattern, tt.value, got)
		}
	}
}

func TestMatchDomain(t *testing.T) {
	for _, tt := range []struct {
		pattern, domain string
		want            bool
	}{
		{"*.Example.com", "cdn.example.com", true},
		{"cdn.example.com.", "cdn.example.com", true},
		{"视频.example.com", "xn--cy2a840a.example.com", true},
		{"xn--cy2a840a.example.com", "视频.example.com", true},
		{"XN--CY2A840A.example.com", "xn--cy2a840a.example.com", true},
		{"*频.example.com", "xn--cy2a840a.example.com", true},
		{"xn--*.example.com", "xn--cy2a840a.example.com", true},
		{"bücher.example", "xn--bcher-kva.example", true},
		{"mañana.example", "xn--maana-pta.example", true},
		{"例.example", "xn--fsq.example", true},
		{"例.example", "xn--fiqs8s.example", false},
		{"视频.example.com", "cy2a840a.example.com", false},
	} {
		if got := MatchDomain(tt.pattern, tt.domain); got != tt.want {
			t.Errorf("MatchDomain(%q, %q) = %v", tt.pattern, tt.domain, got)
		}
	}
}

// FuzzGlob: a text fits itself once its wildcards are escaped, a star fits everything,
// and nothing hangs or panics.
func FuzzGlob(f *testing.F) {
	f.Add("/%E8%A7%86*", "/视频")
	f.Add("xn--cy2a840a.example.com", "视频")
	f.Add("xn--99999999999999", "%")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if len(pattern)+len(value) > 1000 {
			return
		}
		Glob(pattern, value)
		MatchDomain(pattern, value)
		escaped := strings.NewReplacer("*", "%2A", "?", "%3F").Replace(value)
		if !Glob(escaped, value) || !Glob("*", value) {
			t.Errorf("%q does not fit itself", value)
		}
	})
}
