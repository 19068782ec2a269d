package watch

import (
	"errors"
	"time"

	"refreshwatch/poller"
	"refreshwatch/template"
)

// TroubleAfter is how many polls must fail in a row before people are notified of what
// may recover by itself.
const TroubleAfter = 3

// What flaps is notified MostTroubles times in a TroubleWindow. Beyond that people are
// notified when it still fails at the window's end; the heartbeat and the log do not
// wait.
const (
	TroubleWindow = time.Hour
	MostTroubles  = 3
)

// Health counts failing polls over runs, so that people are notified once when they
// keep failing, and once when they work again.
type Health struct {
	Failures int       `json:"failures,omitempty"` // polls failed in a row, counted up to TroubleAfter
	Since    time.Time `json:"since,omitzero"`     // of the first of them
	Notified bool      `json:"told,omitempty"`     // people were notified

	Window   time.Time `json:"window,omitzero"`    // of the first trouble that counts below
	Troubles int       `json:"troubles,omitempty"` // notified since then
}

// After is the health once a poll has ended with err, and what to notify people
// of now, which is mostly nothing.
func (h Health) After(err error, now time.Time) (Health, poller.Kind, *template.Notice) {
	if err == nil {
		well := Health{Window: h.Window, Troubles: h.Troubles}
		if !h.Notified {
			return well, "", nil
		}
		return well, template.Recovered, &template.Notice{From: h.Since, To: now}
	}
	if h.Failures == 0 {
		h.Since = now
	}
	h.Failures = min(h.Failures+1, TroubleAfter)
	var api *poller.Error
	if !errors.As(err, &api) {
		api = &poller.Error{Code: "error", Err: err}
	}
	lasting := api.Class == poller.Denied || api.Class == poller.Rejected || api.Class == poller.Unreadable
	if h.Notified || h.Failures < TroubleAfter && !lasting || !h.mayNotify(now) {
		return h, "", nil
	}
	h = h.notified(now)
	notice := &template.Notice{From: h.Since, Code: api.Code, Hint: api.Hint, Count: h.Failures}
	if api.Err != nil {
		notice.Message = api.Err.Error()
	}
	if role := (*poller.RoleError)(nil); errors.As(err, &role) {
		notice.Role = role.Role
	}
	return h, template.Trouble, notice
}

func (h Health) mayNotify(now time.Time) bool {
	return h.Troubles < MostTroubles || h.windowOver(now)
}

// windowOver is also true of a window in the future: a clock was set back.
func (h Health) windowOver(now time.Time) bool {
	return now.Sub(h.Window) >= TroubleWindow || now.Before(h.Window)
}

func (h Health) notified(now time.Time) Health {
	if h.windowOver(now) {
		h.Window, h.Troubles = now, 0
	}
	h.Troubles++
	h.Notified = true
	return h
}
