package notifier

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxAfter caps what a receiver may ask us to wait: nobody may silence a sink for
// longer than a day by one header.
const maxAfter = 24 * time.Hour

// statusVerdict reads an HTTP status. nil means 2xx: the receiver took the
// request, and its body decides if it has a say.
func statusVerdict(a answer, now time.Time) *Error {
	e := &Error{Code: "http_" + strconv.Itoa(a.status), Err: fmt.Errorf("the receiver answered %d %s", a.status, http.StatusText(a.status))}
	switch {
	case a.status >= 200 && a.status < 300:
		return nil
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable:
		e.Class, e.After = Later, retryAfter(a.header.Get("Retry-After"), now)
	case a.status >= 500:
		e.Class, e.After = Unknown, retryAfter(a.header.Get("Retry-After"), now)
	case a.status >= 300 && a.status < 400:
		e.Class, e.Hint = Refused, "Redirects are not followed; set the URL to where it leads"
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		e.Class, e.Hint = Refused, "Check the secret, and whether the receiver allows this sender"
	case a.status == http.StatusNotFound, a.status == http.StatusGone:
		e.Class, e.Hint = Refused, "The endpoint is gone; check the URL"
	default:
		e.Class = Refused
	}
	return e
}

// retryAfter reads a Retry-After header: seconds or an HTTP date. What is
// negative, past or unreadable counts as not said.
func retryAfter(header string, now time.Time) time.Duration {
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

// unreadable is a 200 whose body is not the promised one: a proxy's page, an empty
// answer, one that broke off. It may have arrived.
func unreadable(what string) *Error {
	return &Error{Class: Unknown, Code: "bad_answer", Err: errors.New(what)}
}
