package watch

import (
	"fmt"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// Report is what a run answers, on Function Compute and as the last line of
// stdout. Its field names are fixed by the contract.
type Report struct {
	Action     string         `json:"action"`
	Run        string         `json:"run"` // 128 random bits, hex; also the owner of the run's claims
	DryRun     bool           `json:"dry_run"`
	APICalls   int            `json:"api_calls"` // answered by the API: pages, and the quota
	Fetched    int            `json:"fetched"`   // distinct rows read
	New        int            `json:"new"`       // newly finished tasks, notified or silent
	Complete   int            `json:"complete"`
	Failed     int            `json:"failed"` // Failed and Timeout
	Canceled   int            `json:"canceled"`
	Stalled    int            `json:"stalled"`
	Expired    int            `json:"expired"`
	Silent     int            `json:"silent"`              // of New: recorded without notification by policy
	Sent       int            `json:"sent"`                // deliveries accepted by a sink
	Covered    int            `json:"covered"`             // transitions in them, counted per sink
	Retrying   int            `json:"retrying"`            // deliveries left in the outbox
	Waiting    int            `json:"waiting,omitempty"`   // of them: waiting for other rows of their submission
	Dead       int            `json:"dead"`                // deliveries given up, waiting for redrive
	Held       int            `json:"held,omitempty"`      // changes held back: a sink's share of the outbox is full
	Discarded  int            `json:"discarded,omitempty"` // deliveries dropped by a redrive with discard
	Planned    map[string]int `json:"planned,omitempty"`   // of a dry run: deliveries that would be sent, by sink
	InFlight   int            `json:"in_flight"`
	LagSeconds int64          `json:"lag_seconds"`        // age of the oldest transition not yet delivered
	Conflict   bool           `json:"conflict"`           // lost the race to another run
	Truncated  bool           `json:"truncated"`          // left work for the next run
	Stuck      int            `json:"stuck,omitempty"`    // such runs in a row that made no progress; from the third on manual action is needed
	Unproven   int            `json:"unproven,omitempty"` // windows the API answered, but contradicted itself about: asked again next time
	Gap        *poller.Span   `json:"gap"`                // what the API no longer answers for
	TookMS     int64          `json:"took_ms"`
	Status     *Status        `json:"status,omitempty"` // only of the action status
	Checks     []Finding      `json:"checks,omitempty"` // only of the action check, as the next one
	Verdict    string         `json:"verdict,omitempty"`
}

// Finding is one line of check.
type Finding struct {
	Item   string     `json:"item"`
	Level  sink.Level `json:"level"` // ok, warn or bad
	Detail string     `json:"detail"`
	Hint   string     `json:"hint,omitempty"` // the next step
}

// Count is a number with its noun: "1 task", "2 tasks".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
