package notifier

import (
	"context"
	"errors"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"refreshwatch/template"
)

// Kit is what every sink is built with.
type Kit struct {
	Outlet    *Outlet          // the way out; needed by all but the console
	Templates *template.Set    // the words; needed by all but the generic webhook
	Region    string           // VOD region, shown in messages
	Now       func() time.Time // the clock; default time.Now
	Warn      func(string)     // told what a person should know though nothing failed; default nobody
	Unpaced   bool             // do not keep to the receiver's published rate: for receivers that have none, such as a simulated one
}

func (k Kit) now() time.Time {
	if k.Now != nil {
		return k.Now().UTC()
	}
	return time.Now().UTC()
}

func (k Kit) warn(text string) {
	if k.Warn != nil {
		k.Warn(text)
	}
}

// render finds the delivery's words.
func (k Kit) render(dialect template.Dialect, d Delivery) (template.Card, error) {
	card, err := k.Templates.Card(dialect, d.Message(k.Region, k.now()))
	if err != nil {
		return template.Card{}, &Error{Class: Refused, Code: "template", Err: errors.New("the message cannot be rendered: " + err.Error())}
	}
	return card, nil
}

// FieldError is a setting of a sink that cannot be used. Field is its key in
// CONFIG_FILE, such as "url"; the value never shows.
type FieldError struct {
	Field   string
	Problem string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

// checkField returns a FieldError unless the URL can be used.
func checkField(field string, value Secret) error {
	if value == "" {
		return &FieldError{Field: field, Problem: "is not set"}
	}
	u, err := url.Parse(string(value))
	if err != nil {
		return &FieldError{Field: field, Problem: "is not a URL"}
	}
	if problem := checkURL(u); problem != "" {
		return &FieldError{Field: field, Problem: problem}
	}
	return nil
}

// pace spaces requests to a receiver's published rate: all of its limits hold.
type pace []*rate.Limiter

// spacing allows one request each interval, and burst of them at once.
func spacing(interval time.Duration, burst int) *rate.Limiter {
	return rate.NewLimiter(rate.Every(interval), burst)
}

// wait returns when the next request may go out. When that is after ctx's
// deadline it returns at once: nothing was told, and it says how long is left.
func (p pace) wait(ctx context.Context) error {
	for _, limiter := range p {
		now := time.Now()
		turn := limiter.ReserveN(now, 1)
		delay := turn.DelayFrom(now)
		if deadline, ok := ctx.Deadline(); ok && now.Add(delay).After(deadline) {
			turn.CancelAt(now)
			return &Error{Class: Later, Code: "paced", After: delay, Err: errors.New("the receiver's rate leaves no room before the deadline")}
		}
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			turn.Cancel()
			return &Error{Class: Later, Code: "canceled", Err: ctx.Err()}
		}
	}
	return nil
}
