package notifier

import (
	"time"

	"refreshwatch/notifier/sink"
)

// Delivery is one message for one sink: what is to be sent, and how far that is.
// Its message never changes once a run has claimed it, but for Unknown; until then one
// that is held may be replaced, see [Outbox.Regroup].
type Delivery struct {
	sink.Message

	Attempts   int       `json:"attempts,omitempty"`
	Unreadable int       `json:"unreadable,omitempty"` // 2xx answers that did not say what became of it
	Alone      int       `json:"alone,omitempty"`      // runs in which it failed while its sink accepted others
	NotBefore  time.Time `json:"not_before,omitzero"`  // paused until then
	HeldUntil  time.Time `json:"held_until,omitzero"`  // waits for other rows of its submission; zero from the first claim on
	Owner      string    `json:"owner,omitempty"`      // the run that may send it now
	Until      time.Time `json:"until,omitzero"`       // and until when, on the store's clock
	ClaimedAt  time.Time `json:"claimed_at,omitzero"`  // when it was last claimed, on the same clock
	LastError  string    `json:"last_error,omitempty"`
}
