package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"refreshwatch/poller"
)

// MaxEvent is the largest event that is read, in bytes. A request needs a few
// hundred; Function Compute passes up to 128 KB to asynchronous invocations.
const MaxEvent = 64 << 10

// ParseEvent reads the payload of an invocation: empty, a timer event, an event of the
// CDN trigger, or a request. Unknown fields and values are rejected with [CodeUsage].
func ParseEvent(event []byte) (Request, error) {
	if len(event) > MaxEvent {
		return Request{}, Usage(&poller.Mistake{Setting: "event", Problem: fmt.Sprintf("larger than %d bytes", MaxEvent)})
	}
	text, ok := poller.DecodeText(event)
	if !ok {
		return Request{}, Usage(&poller.Mistake{Setting: "event", Problem: "not UTF-8", Next: "Save it as UTF-8"})
	}
	if text = strings.TrimSpace(text); text == "" || text == "null" {
		return Request{Action: ActionPoll}, nil
	}
	fields, err := objectOf([]byte(text))
	if err != nil {
		return Request{}, Usage(&poller.Mistake{Setting: "event", Problem: err.Error(), Next: `Send {"action":"poll"}, or nothing at all`})
	}
	if sender := fields.sender(); sender != "" {
		return Request{}, Usage(&poller.Mistake{Setting: "event", Problem: "comes from " + sender + ", which does not start this function",
			Next: `Use a timer trigger; from elsewhere invoke the function with {"action":"poll"}, or nothing at all`})
	}
	switch {
	case fields.has("triggerName"), fields.has("triggerTime"), fields.has("payload"):
		return parseTimer(fields)
	case fields.has("events"):
		return parseCDN(fields)
	}
	return parseRequest(fields)
}

// parseTimer unwraps a timer event: its payload is always a string, empty or
// holding a request (Function Compute, timer trigger, read 2026-11).
func parseTimer(fields object) (Request, error) {
	if err := fields.only("the timer event", "triggerTime", "triggerName", "payload"); err != nil {
		return Request{}, err
	}
	var payload string
	if raw, ok := fields.values["payload"]; ok {
		if err := json.Unmarshal(raw, &payload); err != nil {
			return Request{}, Usage(&poller.Mistake{Setting: "payload", Problem: "must be a string that is empty or holds a request as JSON"})
		}
	}
	if payload = strings.TrimSpace(payload); payload == "" {
		return Request{Action: ActionPoll}, nil
	}
	inner, err := objectOf([]byte(payload))
	if err != nil {
		return Request{}, Usage(&poller.Mistake{Setting: "payload", Problem: err.Error(), Next: `Leave it empty, or write {"action":"poll"}`})
	}
	return parseRequest(inner)
}

// parseCDN takes an event of the CDN trigger as a poll that comes early. Nothing in it
// is believed: notifications are based on the API's data only.
func parseCDN(fields object) (Request, error) {
	if err := fields.only("the CDN event", "events"); err != nil {
		return Request{}, err
	}
	var events []struct {
		Name string `json:"eventName"`
	}
	if err := json.Unmarshal(fields.values["events"], &events); err != nil {
		return Request{}, Usage(&poller.Mistake{Setting: "events", Problem: "must be a list of CDN events"})
	}
	for _, e := range events {
		if e.Name != "CachedObjectsRefreshed" && e.Name != "CachedObjectsPushed" {
			return Request{}, Usage(&poller.Mistake{Setting: "events", Problem: "unknown eventName " + poller.Quote(e.Name),
				Next: "Only CachedObjectsRefreshed and CachedObjectsPushed start a poll"})
		}
	}
	return Request{Action: ActionPoll}, nil
}

func parseRequest(fields object) (Request, error) {
	var names []string
	for _, f := range Fields {
		names = append(names, f.JSON)
	}
	if err := fields.only("the request", names...); err != nil {
		return Request{}, err
	}
	req := Request{Action: ActionPoll}
	var mistakes []*poller.Mistake
	for _, f := range Fields {
		raw, ok := fields.values[f.JSON]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, f.Of(&req)); err != nil || string(raw) == "null" {
			mistakes = append(mistakes, &poller.Mistake{Setting: f.JSON, Problem: f.form()})
		} else if _, isSwitch := f.Of(&req).(*bool); !isSwitch && !f.isSet(&req) {
			mistakes = append(mistakes, f.empty())
		}
	}
	if len(mistakes) > 0 {
		return Request{}, Usage(mistakes...)
	}
	return req, req.Validate()
}

// empty is the mistake of a field that is given without a value. It is not taken for
// one that is left out: a script whose variable is empty must not get everything.
func (f Field) empty() *poller.Mistake {
	return &poller.Mistake{Setting: f.JSON, Problem: "is empty", Next: "Leave it out, or give it a value"}
}

// object is a JSON object, its values not decoded yet.
type object struct {
	names  []string // in order
	values map[string]json.RawMessage
}

func (o object) has(name string) bool { _, ok := o.values[name]; return ok }

// senders are the triggers whose events are no requests, by fields that only theirs
// have (Function Compute, event formats; CloudEvents 1.0.2; read 2026-11).
var senders = []struct {
	fields []string
	name   string
}{
	{[]string{"requestContext"}, "an HTTP trigger"},
	{[]string{"rawPath"}, "an HTTP trigger"},
	{[]string{"httpMethod"}, "API Gateway"},
	{[]string{"specversion"}, "EventBridge"},
	{[]string{"aliyuneventbusname"}, "EventBridge"},
	{[]string{"TopicOwner"}, "a topic of Message Service (MNS)"},
	{[]string{"parameter", "source"}, "Simple Log Service"},
	{[]string{"jobName", "taskId"}, "Simple Log Service"},
}

// sender names the trigger that an event comes from, where it is one that cannot
// start a poll; "" otherwise.
func (o object) sender() string {
	for _, s := range senders {
		if !slices.ContainsFunc(s.fields, func(name string) bool { return !o.has(name) }) {
			return s.name
		}
	}
	return ""
}

// only rejects fields that are not among names.
func (o object) only(what string, names ...string) error {
	var mistakes []*poller.Mistake
	for _, name := range o.names {
		if !slices.Contains(names, name) {
			mistakes = append(mistakes, &poller.Mistake{Setting: strings.Trim(poller.Quote(name), `"`), Problem: "unknown field in " + what, Next: Suggest(name, names)})
		}
	}
	if len(mistakes) > 0 {
		return Usage(mistakes[:min(len(mistakes), 8)]...)
	}
	return nil
}

// objectOf reads text that holds one JSON object and nothing else. A field that is given
// more than once is an error: it is not clear which value is meant.
func objectOf(text []byte) (object, error) {
	o := object{values: map[string]json.RawMessage{}}
	d := json.NewDecoder(bytes.NewReader(text))
	t, err := d.Token()
	switch {
	case err != nil:
		return o, errors.New("not a JSON object")
	case t == json.Delim('['):
		return o, errors.New("not a JSON object but a list")
	case t != json.Delim('{'):
		return o, errors.New("not a JSON object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return o, malformed(d)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return o, malformed(d)
		}
		name, _ := t.(string) // the key of an object always is
		if o.has(name) {
			return o, fmt.Errorf("the field %s is given more than once", poller.Quote(name))
		}
		o.names, o.values[name] = append(o.names, name), value
	}
	if _, err := d.Token(); err != nil {
		return o, malformed(d)
	}
	if _, err := d.Token(); err != io.EOF { // More would take a bracket too many for the end
		return o, errors.New("something follows the JSON object")
	}
	return o, nil
}

// malformed says where JSON breaks. The decoder's own words would repeat the text.
func malformed(d *json.Decoder) error {
	return fmt.Errorf("not a JSON object: it breaks after byte %d; check quotes, commas and braces", d.InputOffset())
}
