package watch

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"refreshwatch/poller"
)

// The actions a request may name.
const (
	ActionPoll     = "poll"
	ActionBackfill = "backfill"
	ActionStatus   = "status"
	ActionRedrive  = "redrive"
	ActionCheck    = "check"
)

// Request is what one run is asked to do. Timer events, direct invocations and
// command-line flags all become one.
type Request struct {
	Action      string   `json:"action"`
	Since       string   `json:"since,omitempty"` // a duration back from now, such as 24h or 3d
	From        string   `json:"from,omitempty"`  // RFC 3339, or a date or time without a zone: see [Request.In]
	To          string   `json:"to,omitempty"`    // the same
	Statuses    []string `json:"statuses,omitempty"`
	ObjectTypes []string `json:"object_types,omitempty"`
	Domains     []string `json:"domains,omitempty"` // patterns
	TaskID      string   `json:"task_id,omitempty"`
	ObjectPath  string   `json:"object_path,omitempty"`
	Sinks       []string `json:"sinks,omitempty"`
	Renotify    bool     `json:"renotify,omitempty"`
	DryRun      bool     `json:"dry_run,omitempty"`
	Post        bool     `json:"post,omitempty"`    // check: post a test message
	Offline     bool     `json:"offline,omitempty"` // check: the configuration alone
	Discard     bool     `json:"discard,omitempty"` // redrive: drop instead of sending again
}

// Validate returns a [RunError] with [CodeUsage] that holds one [poller.Mistake] for
// every field whose value is unknown or that does not belong to the action.
func (r Request) Validate() error {
	if !slices.Contains(Actions, r.Action) {
		return Usage(unknownValue("action", r.Action, Actions))
	}
	var mistakes []*poller.Mistake
	for _, f := range Fields {
		if !f.isSet(&r) {
			continue
		}
		if !f.takes(r.Action) {
			mistakes = append(mistakes, &poller.Mistake{Setting: f.JSON, Problem: "only valid for the action " + strings.Join(f.Actions, " or ")})
			continue
		}
		for _, word := range f.values(&r) {
			if m := f.check(word); m != nil {
				mistakes = append(mistakes, m)
			}
		}
	}
	if m := r.checkWindow(); m != nil {
		mistakes = append(mistakes, m)
	}
	if r.Offline && r.Post {
		mistakes = append(mistakes, &poller.Mistake{Setting: "offline", Problem: "does not go with post", Next: "Give one of the two"})
	}
	if r.Discard && len(r.Sinks) == 0 {
		mistakes = append(mistakes, &poller.Mistake{Setting: "discard", Problem: "is for named sinks only", Next: "Name the sinks whose dead deliveries are to be dropped"})
	}
	if len(mistakes) > 0 {
		return Usage(mistakes...)
	}
	return nil
}

// check is what is wrong with one word of the field's value; nil when nothing is.
func (f Field) check(word string) *poller.Mistake {
	known := func(k string) bool { return k == word }
	if f.JSON == "object_types" {
		known = func(k string) bool { return poller.SameObjectType(k, word) }
	}
	switch {
	case word == "":
		return f.empty()
	case f.Known != nil && !slices.ContainsFunc(f.Known, known):
		return unknownValue(f.JSON, word, f.Known)
	case f.JSON == "task_id" && !LikeTaskID(word):
		return &poller.Mistake{Setting: f.JSON, Problem: poller.Quote(word) + " is no task id", Next: "Copy it from the answer of the submission, such as 12345678"}
	case f.JSON == "domains":
		for _, m := range poller.Mistakes(poller.At(f.JSON, poller.CheckDomain(word))) {
			return m
		}
	}
	return nil
}

// ParseDuration reads a duration as Go writes it, or whole days as people do.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		hours, err := time.ParseDuration(days + "h")
		if hours.Abs() > math.MaxInt64/24 {
			return 0, errors.New("too long")
		}
		return 24 * hours, err
	}
	return time.ParseDuration(s)
}
