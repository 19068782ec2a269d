package watch

import (
	"time"

	"refreshwatch/poller"
)

// apiWindow is how far back the API answers.
var apiWindow = poller.DefaultLimits().Window

// window is the span of creation times a backfill covers, before it is clamped to
// what the API keeps. What [Request.Validate] rejects is left out.
func (r Request) window(now time.Time) poller.Span {
	w := poller.Span{From: now.Add(-apiWindow), To: now}
	if since, err := ParseDuration(r.Since); err == nil {
		w.From = now.Add(-since)
	}
	if from, err := parseTime(r.From, time.UTC); err == nil {
		w.From = from.UTC()
	}
	if to, err := parseTime(r.To, time.UTC); err == nil {
		w.To = to.UTC()
	}
	return w
}

// checkWindow is what is wrong with since, from and to.
func (r Request) checkWindow() *poller.Mistake {
	if r.Since != "" {
		if r.From != "" {
			return &poller.Mistake{Setting: "since", Problem: "does not go with from", Next: "Give one of the two"}
		}
		if since, err := ParseDuration(r.Since); err != nil || since <= 0 {
			return &poller.Mistake{Setting: "since", Problem: "invalid duration " + poller.Quote(r.Since), Next: "Write it like 24h, 90m or 3d"}
		}
	}
	for _, f := range []struct{ name, value string }{{"from", r.From}, {"to", r.To}} {
		if _, err := parseTime(f.value, time.UTC); f.value != "" && err != nil {
			return &poller.Mistake{Setting: f.name, Problem: "invalid time " + poller.Quote(f.value), Next: "Write it like 2026-11-20, 2026-11-20T08:00 or 2026-11-20T08:00:00+08:00"}
		}
	}
	if isBare(r.From) || isBare(r.To) {
		return nil // whether from is before to is known with the zone
	}
	w := r.window(time.Now())
	switch from, to := w.From.Format(time.RFC3339), w.To.Format(time.RFC3339); {
	case w.From.Before(w.To):
		return nil
	case r.From != "":
		return &poller.Mistake{Setting: "from", Problem: from + " is not before to, " + to}
	default:
		return &poller.Mistake{Setting: "to", Problem: to + " leaves nothing of the window, which begins at " + from, Next: "Give from, or a longer since"}
	}
}

// bareForms are how people write a time that is meant in their own zone. A date alone is
// its first moment.
var bareForms = []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, "2006-01-02T15:04:05"}

// parseTime reads RFC 3339, or a bare time in the zone.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	for _, form := range bareForms {
		if bare, err := time.ParseInLocation(form, text, zone); err == nil {
			return bare, nil
		}
	}
	return at, err
}

// isBare reports whether a time has no zone.
func isBare(text string) bool {
	_, bare := parseTime(text, time.UTC)
	_, zoned := time.Parse(time.RFC3339, text)
	return bare == nil && zoned != nil
}

// In is the request with its bare times in the zone, or an error of [CodeUsage] when they
// leave nothing of the window.
func (r Request) In(zone *time.Location) (Request, error) {
	for _, text := range []*string{&r.From, &r.To} {
		if isBare(*text) {
			at, _ := parseTime(*text, zone)
			*text = at.Format(time.RFC3339)
		}
	}
	if m := r.checkWindow(); m != nil {
		return r, Usage(m)
	}
	return r, nil
}
