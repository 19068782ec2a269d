package sink

import (
	"testing"
	"unicode/utf8"
)

func TestClipBytes(t *testing.T) {
	for limit := 3; limit < 20; limit++ {
		got := ClipBytes("a界b界界c界界d", limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("%d: %q", limit, got)
		}
	}
	if got := ClipBytes("界", 3); got != "界" {
		t.Errorf("%q", got)
	}
}
