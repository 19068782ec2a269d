package sink

import (
	"errors"
	"time"

	"refreshwatch/template"
)

// Common is what every sink is built with.
type Common struct {
	Client    *Client          // reaches the receivers; needed by all but the console
	Templates *template.Set    // words the messages; needed by all but the generic webhook
	Region    string           // shown in messages
	Product   string           // whose tasks they are: "vod" (or ""), "cdn" or "dcdn"
	Label     string           // names this deployment in what machines read; Templates have their own
	Now       func() time.Time // the clock; default time.Now
	Warn      func(string)     // hears what a person should know though nothing failed; default nobody
	Unpaced   bool             // do not keep to the receiver's published rate: for receivers that have none, such as a simulated one
}

// Time is the clock's time in UTC.
func (c Common) Time() time.Time {
	if c.Now != nil {
		return c.Now().UTC()
	}
	return time.Now().UTC()
}

// ProductName is the product's name, never "".
func (c Common) ProductName() string {
	if c.Product == "" {
		return "vod"
	}
	return c.Product
}

// Warning passes text to Warn.
func (c Common) Warning(text string) {
	if c.Warn != nil {
		c.Warn(text)
	}
}

// Card words the message in the dialect.
func (c Common) Card(dialect template.Dialect, m Message) (template.Card, error) {
	card, err := c.Templates.Card(dialect, template.Message{
		ID: m.ID, Kind: m.Kind, Events: m.Events, Notice: m.Notice, Digest: m.Digest, Action: m.Action, InFlight: m.InFlight,
		Mention: m.Mention, Region: c.Region, Now: c.Time(),
	})
	if err != nil {
		return template.Card{}, &Error{Class: Refused, Code: "template", Err: errors.New("the message cannot be rendered: " + err.Error())}
	}
	return card, nil
}
