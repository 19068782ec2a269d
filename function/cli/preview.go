package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// preview renders the messages of every configured sink on samples, readably or as
// the exact bodies. It touches no network.
func preview(_ context.Context, o *options, sh Shell) int {
	silent := func(slog.Level) *slog.Logger { return slog.New(slog.DiscardHandler) }
	w, err := setup.Configure(sh.Getenv, false, silent, sh.Out)
	if err != nil {
		return sh.fail(err)
	}
	for _, c := range w.Channels {
		for _, sample := range template.Samples() {
			if err := sh.previewOne(w, c, sample, o.json); err != nil {
				fmt.Fprintf(sh.Err, "refreshwatch: %s, sample %s: %v\n", c.Name, sample.Name, err)
				return 1
			}
		}
	}
	return 0
}

// previewBody is one line of preview -json.
type previewBody struct {
	Sink   string          `json:"sink"`
	Sample string          `json:"sample"`
	Body   json.RawMessage `json:"body"`
}

func (sh Shell) previewOne(w *setup.Program, c notifier.Target, sample template.Sample, exact bool) error {
	m := sink.MessageOf(sample.Message, time.Now().UTC())
	var body json.RawMessage
	if p, ok := c.Sink.(sink.Previewer); ok {
		var err error
		if body, err = p.Body(m); err != nil {
			return err
		}
	}
	if exact {
		line, err := json.Marshal(previewBody{c.Name, sample.Name, body})
		fmt.Fprintf(sh.Out, "%s\n", line)
		return err
	}
	fmt.Fprintf(sh.Out, "── %s · %s\n", c.Name, sample.Name)
	if c.Grouping == sink.Batched {
		text, err := json.MarshalIndent(body, "", "  ")
		fmt.Fprintf(sh.Out, "%s\n\n", text)
		return err
	}
	console := &sink.Console{Common: sink.Common{Templates: w.Words, Region: w.Config.Region}, Out: sh.Out}
	if err := console.Send(context.Background(), m); err != nil {
		return err
	}
	if b, ok := c.Sink.(sink.Linker); ok {
		link, err := b.BuilderLink(m)
		fmt.Fprintf(sh.Out, "    Block Kit Builder: %s\n\n", link)
		return err
	}
	return nil
}
