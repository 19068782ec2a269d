package poller

import "testing"

func TestScopeWatchesEverySpelling(t *testing.T) {
	scope := Scope{Domains: []string{"*.example.com", "例.example"}, ObjectTypes: []string{"file"}}
	for _, c := range []struct {
		objectType, object string
		want               bool
	}{
		{"file", "https://cdn.example.com/a.mp4", true},
		{"File", "cdn.example.com/a.mp4", true},
		{"FILE", "https://svc:hunter2@cdn.example.com:8443/5%off.mp4", true},
		{"file", "https://xn--fsq.example/a.mp4", true},
		{"directory", "https://cdn.example.com/", false},
		{"file", "https://example.net/cdn.example.com/a.mp4", false},
		{"file", "https://cdn.example.com@evil.example.net/a.mp4", false},
	} {
		if got := scope.Has(Task{Key: Key{ObjectType: c.objectType, ObjectPath: c.object}}); got != c.want {
			t.Errorf("%s %s: watched %v, want %v", c.objectType, c.object, got, c.want)
		}
	}
}
