package poller

import "testing"

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
	} {
		if got := Glob(tt.pattern, tt.value); got != tt.want {
			t.Errorf("Glob(%q, %q) = %v", tt.pattern, tt.value, got)
		}
	}
}
