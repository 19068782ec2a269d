package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

var actions = []string{ActionPoll, ActionBackfill, ActionStatus, ActionRedrive, ActionCheck}

// Request is what one run is asked to do. Timer events, direct invocations and
// command-line flags all become one.
type Request struct {
	Action      string   `json:"action"`
	Since       string   `json:"since,omitempty"` // a duration back from now, such as 24h or 3d
	From        string   `json:"from,omitempty"`  // RFC 3339
	To          string   `json:"to,omitempty"`    // RFC 3339
	Statuses    []string `json:"statuses,omitempty"`
	ObjectTypes []string `json:"object_types,omitempty"`
	Domains     []string `json:"domains,omitempty"` // patterns
	TaskID      string   `json:"task_id,omitempty"`
	ObjectPath  string   `json:"object_path,omitempty"`
	Sinks       []string `json:"sinks,omitempty"`
	Renotify    bool     `json:"renotify,omitempty"`
	DryRun      bool     `json:"dry_run,omitempty"`
	Post        bool     `json:"post,omitempty"` // check: post a test message
}

// UsageError is input that a person has to correct.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

func Usage(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// ParseEvent reads an invocation's payload: empty, a timer event, an event of the
// CDN trigger, or a request. What it does not know it refuses.
func ParseEvent(event []byte) (Request, error) {
	text := strings.TrimSpace(string(event))
	if text == "" || text == "null" {
		return Request{Action: ActionPoll}, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return Request{}, Usage(`event: not a JSON object (%v). Send {"action":"poll"}, or nothing at all`, err)
	}
	_, timer := fields["triggerName"]
	_, timed := fields["triggerTime"]
	_, payload := fields["payload"]
	switch _, cdn := fields["events"]; {
	case timer || timed || payload:
		return parseTimer(fields)
	case cdn:
		return parseCDN(fields)
	}
	return parseRequest(fields)
}

// parseTimer unwraps a timer event: its payload is always a string, empty or
// holding a request (Function Compute, timer trigger, read 2026-11).
func parseTimer(fields map[string]json.RawMessage) (Request, error) {
	if err := known(fields, []string{"triggerTime", "triggerName", "payload"}, "timer event"); err != nil {
		return Request{}, err
	}
	var payload string
	if raw := fields["payload"]; raw != nil {
		if err := json.Unmarshal(raw, &payload); err != nil {
			return Request{}, Usage("payload: must be a string that is empty or holds a request as JSON")
		}
	}
	if payload = strings.TrimSpace(payload); payload == "" {
		return Request{Action: ActionPoll}, nil
	}
	var inner map[string]json.RawMessage
	if err := json.Unmarshal([]byte(payload), &inner); err != nil {
		return Request{}, Usage(`payload: not a request (%v). Leave it empty, or write {"action":"poll"}`, err)
	}
	return parseRequest(inner)
}

// parseCDN takes an event of the CDN trigger as a hint to poll now. Nothing in it
// is believed: what is told comes from the API alone.
func parseCDN(fields map[string]json.RawMessage) (Request, error) {
	if err := known(fields, []string{"events"}, "CDN event"); err != nil {
		return Request{}, err
	}
	var events []struct {
		Name string `json:"eventName"`
	}
	if err := json.Unmarshal(fields["events"], &events); err != nil {
		return Request{}, Usage("events: must be a list of CDN events")
	}
	for _, e := range events {
		if e.Name != "CachedObjectsRefreshed" && e.Name != "CachedObjectsPushed" {
			return Request{}, Usage("events: unknown eventName %q; only CachedObjectsRefreshed and CachedObjectsPushed start a poll", e.Name)
		}
	}
	return Request{Action: ActionPoll}, nil
}

func parseRequest(fields map[string]json.RawMessage) (Request, error) {
	if err := known(fields, RequestFields, "request"); err != nil {
		return Request{}, err
	}
	req := Request{Action: ActionPoll}
	var mistakes []error
	for name, target := range map[string]any{
		"action": &req.Action, "since": &req.Since, "from": &req.From, "to": &req.To,
		"statuses": &req.Statuses, "object_types": &req.ObjectTypes, "domains": &req.Domains,
		"task_id": &req.TaskID, "object_path": &req.ObjectPath, "sinks": &req.Sinks,
		"renotify": &req.Renotify, "dry_run": &req.DryRun, "post": &req.Post,
	} {
		raw, ok := fields[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, target); err != nil || string(raw) == "null" {
			mistakes = append(mistakes, fmt.Errorf("%s: must be %s", name, shape(target)))
		}
	}
	if len(mistakes) > 0 {
		slices.SortFunc(mistakes, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return Request{}, &UsageError{errors.Join(mistakes...)}
	}
	return req, req.Validate()
}

var RequestFields = []string{"action", "since", "from", "to", "statuses", "object_types", "domains",
	"task_id", "object_path", "sinks", "renotify", "dry_run", "post"}

func shape(target any) string {
	switch target.(type) {
	case *string:
		return "a string"
	case *bool:
		return "true or false"
	default:
		return "a list of strings"
	}
}

// known refuses the first field that is not in the list.
func known(fields map[string]json.RawMessage, names []string, what string) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(names, name) {
			return Usage("%s: unknown field in the %s%s", name, what, DidYouMean(name, names))
		}
	}
	return nil
}

// Validate reports every field whose value is unknown or does not belong to the
// action, all at once.
func (r Request) Validate() error {
	var mistakes []error
	wrong := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if !slices.Contains(actions, r.Action) {
		wrong("action: unknown value %q%s", r.Action, DidYouMean(r.Action, actions))
		return &UsageError{errors.Join(mistakes...)}
	}
	for _, f := range r.given() {
		if !slices.Contains(f.actions, r.Action) {
			wrong("%s: does not go with the action %s; it is for %s", f.name, r.Action, strings.Join(f.actions, ", "))
		}
	}
	for _, s := range r.Statuses {
		if !slices.Contains(finalStatuses, s) {
			wrong("statuses: %q is not a final status%s", s, DidYouMean(s, finalStatuses))
		}
	}
	for _, t := range r.ObjectTypes {
		if !slices.Contains(ObjectTypes, t) {
			wrong("object_types: unknown value %q%s", t, DidYouMean(t, ObjectTypes))
		}
	}
	for name, list := range map[string][]string{"domains": r.Domains, "sinks": r.Sinks} {
		if slices.Contains(list, "") {
			wrong("%s: holds an empty name", name)
		}
	}
	if _, err := r.window(time.Now()); err != nil {
		mistakes = append(mistakes, err)
	}
	if len(mistakes) > 0 {
		return &UsageError{errors.Join(mistakes...)}
	}
	return nil
}

var (
	finalStatuses = []string{"Complete", "Failed"}
	ObjectTypes   = []string{"file", "directory", "preload"}
)

type givenField struct {
	name    string
	actions []string
}

// given lists the fields that are set, with the actions they belong to.
func (r Request) given() []givenField {
	backfill := []string{ActionBackfill}
	var fields []givenField
	add := func(set bool, name string, actions []string) {
		if set {
			fields = append(fields, givenField{name, actions})
		}
	}
	add(r.Since != "", "since", backfill)
	add(r.From != "", "from", backfill)
	add(r.To != "", "to", backfill)
	add(len(r.Statuses) > 0, "statuses", backfill)
	add(len(r.ObjectTypes) > 0, "object_types", backfill)
	add(len(r.Domains) > 0, "domains", backfill)
	add(r.TaskID != "", "task_id", backfill)
	add(r.ObjectPath != "", "object_path", backfill)
	add(len(r.Sinks) > 0, "sinks", []string{ActionBackfill, ActionRedrive})
	add(r.Renotify, "renotify", backfill)
	add(r.Post, "post", []string{ActionCheck})
	return fields
}

// apiWindow is how far back the API answers.
var apiWindow = poller.DefaultLimits().Window

// window is the span of creation times a backfill covers, before it is clamped to
// what the API keeps.
func (r Request) window(now time.Time) (w poller.Span, err error) {
	w = poller.Span{From: now.Add(-apiWindow), To: now}
	if r.Since != "" {
		if r.From != "" {
			return w, errors.New("since: does not go with from; give one of the two")
		}
		since, err := ParseDuration(r.Since)
		if err != nil || since <= 0 {
			return w, fmt.Errorf("since: %q is not a duration; write it like 24h, 90m or 3d", r.Since)
		}
		w.From = now.Add(-since)
	}
	for _, f := range []struct {
		name, value string
		into        *time.Time
	}{{"from", r.From, &w.From}, {"to", r.To, &w.To}} {
		if f.value == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, f.value)
		if err != nil {
			return w, fmt.Errorf("%s: %q is not a time; write it like 2026-11-20T00:00:00Z", f.name, f.value)
		}
		*f.into = t.UTC()
	}
	switch {
	case w.From.Before(w.To):
		return w, nil
	case r.From != "":
		return w, fmt.Errorf("from: %s is not before to: %s", w.From.Format(time.RFC3339), w.To.Format(time.RFC3339))
	default:
		return w, fmt.Errorf("to: %s leaves nothing of the window, which begins at %s; give from, or a longer since",
			w.To.Format(time.RFC3339), w.From.Format(time.RFC3339))
	}
}

// ParseDuration reads a duration as Go writes it, or whole days as people do.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		hours, err := time.ParseDuration(days + "h")
		return 24 * hours, err
	}
	return time.ParseDuration(s)
}

// CommaList reads a list as variables and flags write it.
func CommaList(text string) []string {
	var list []string
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}
