package checkpoint

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestWallStandsStill: the monotonic reading pauses with a frozen instance, so that
// a document of hours ago would look young.
func TestWallStandsStill(t *testing.T) {
	if text := wall(time.Now()).String(); strings.Contains(text, "m=") {
		t.Errorf("wall keeps the monotonic reading: %s", text)
	}
}

// TestClockIsOfOSS: the answer of a proxy or a login page is no clock.
func TestClockIsOfOSS(t *testing.T) {
	const date = "Mon, 23 Nov 2026 15:00:00 GMT"
	oss := func(date string) http.Header {
		h := http.Header{}
		h.Set("x-oss-request-id", "1")
		h.Set("Date", date)
		return h
	}
	if now, err := clock(oss(date)); err != nil || now != time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC) {
		t.Errorf("clock = %v, %v", now, err)
	}
	for _, h := range []http.Header{{"Date": {date}}, oss(""), oss("yesterday")} {
		if now, err := clock(h); err == nil {
			t.Errorf("clock of %v = %v", h, now)
		}
	}
}
