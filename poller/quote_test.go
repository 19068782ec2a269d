package poller

import (
	"strings"
	"testing"
)

func TestQuoteHidesWhatMayBeASecret(t *testing.T) {
	for _, word := range []string{
		"xoxb-1", "xapp-1", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "LTAI5tKeyId", "STS.x", "eyJhbGciOi",
		"https://hooks.example.com/x", "svc:pw@host", "token=x", "${X:-y}", "qhBnDkX1mPz3AbC9xYz0Rt", "SEC0123456789abcdef0123",
	} {
		if got := Quote(word); strings.Contains(got, word) {
			t.Errorf("%s is repeated: %s", word, got)
		}
	}
	for _, word := range []string{"", "poll", "2026-11-20 00:00", "2026-11-20T00:00:00+08:00", "cn-shanghai-internal", "400000d", "an action of several words", "视频", "a\nb"} {
		if got := Quote(word); !strings.HasPrefix(got, `"`) || strings.Contains(got, "\n") {
			t.Errorf("%q: %s", word, got)
		}
	}
	if got := Quote(strings.Repeat("视", 1000)); len([]rune(got)) != 64+3 {
		t.Errorf("%d characters", len([]rune(got)))
	}
}
