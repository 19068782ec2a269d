package main

import (
	"errors"
	"time"

	"refreshwatch/poller"
	"refreshwatch/template"
)

// TroubleAfter is how many polls must fail in a row before people are told of what
// may heal by itself.
const TroubleAfter = 3

// Health counts failing polls over runs, so that people are told once when they
// stay failing, and once when they work again.
type Health struct {
	Failures int       `json:"failures,omitempty"` // polls failed in a row, counted up to TroubleAfter
	Since    time.Time `json:"since,omitzero"`     // of the first of them
	Told     bool      `json:"told,omitempty"`     // people know
}

// After is the health once a poll has ended with err, and what to tell people now,
// which is mostly nothing.
func (h Health) After(err error, now time.Time) (Health, poller.Kind, *template.Notice) {
	if err == nil {
		if !h.Told {
			return Health{}, "", nil
		}
		return Health{}, template.Recovered, &template.Notice{From: h.Since, To: now}
	}
	if h.Failures == 0 {
		h.Since = now
	}
	h.Failures = min(h.Failures+1, TroubleAfter)
	var api *poller.Error
	if !errors.As(err, &api) {
		api = &poller.Error{Code: "error", Err: err}
	}
	lasting := api.Class == poller.Denied || api.Class == poller.Rejected
	if h.Told || h.Failures < TroubleAfter && !lasting {
		return h, "", nil
	}
	h.Told = true
	notice := &template.Notice{From: h.Since, Code: api.Code, Hint: api.Hint, Count: h.Failures}
	if api.Err != nil {
		notice.Message = api.Err.Error()
	}
	return h, template.Trouble, notice
}
