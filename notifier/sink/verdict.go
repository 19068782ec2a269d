package sink

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxAfter caps what a receiver may ask us to wait: nobody may silence a sink for
// longer than a day by one header.
const maxAfter = 24 * time.Hour

// StatusError is what an answer's HTTP status means. nil is a 2xx: the receiver
// took the request, and on platforms that answer with a code the body decides.
func StatusError(a Answer, now time.Time) *Error {
	e := &Error{Code: "http_" + strconv.Itoa(a.Status), Err: fmt.Errorf("the receiver answered %d %s", a.Status, http.StatusText(a.Status))}
	switch {
	case a.Status >= 200 && a.Status < 300:
		return nil
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable:
		e.Class, e.After = Later, RetryAfter(a.Header.Get("Retry-After"), now)
	case a.Status >= 500:
		e.Class, e.After = Unknown, RetryAfter(a.Header.Get("Retry-After"), now)
	case a.Status >= 300 && a.Status < 400:
		e.Class, e.Hint = Refused, "Redirects are not followed; set the URL to where it leads"
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		e.Class, e.Hint = Refused, "Check the secret, and whether the receiver allows this sender"
	case a.Status == http.StatusNotFound, a.Status == http.StatusGone:
		e.Class, e.Hint = Refused, "The endpoint is gone; check the URL"
	default:
		e.Class = Refused
	}
	return e
}

// RetryAfter reads a Retry-After header: seconds or an HTTP date. What is
// negative, past or unreadable counts as no header.
func RetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		if !(seconds > 0) { // NaN too
			return 0
		}
		return time.Duration(min(seconds, maxAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxAfter))
}

// Rule is what a platform's error code means.
type Rule struct {
	Class  Class
	Layout bool   // this message's layout was refused: plain text may pass
	Hint   string // as in [Error]
}
