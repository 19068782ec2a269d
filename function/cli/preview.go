package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"syscall"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// preview renders the messages of every configured sink on samples: readably, as the
// exact bodies, or by posting them. Only the last touches the network.
func preview(ctx context.Context, o *options, sh Shell) int {
	silent := func(slog.Level) *slog.Logger { return slog.New(slog.DiscardHandler) }
	w, err := setup.Configure(sh.Getenv, setup.CommandLine, silent, sh.Out)
	if err == nil && o.post && len(w.Config.Sinks) == 0 {
		err = watch.Usage(&poller.Mistake{Setting: "-post", Problem: "no sink is configured", Next: `Set one up; "refreshwatch help variables" lists them`})
	}
	if err == nil && o.post {
		w.Config.Sample = true
		w, err = setup.Assemble(w.Config, w.Log, sh.Out)
	}
	if err != nil {
		return sh.fail(err)
	}
	show := sh.readable
	switch {
	case o.post:
		show = sh.posted
	case o.json:
		show = sh.exact
	}
	failed := 0
	for _, t := range w.Targets {
		for _, sample := range template.Samples() {
			if routed, mention := w.Routed(t.Name, sample.Message.Events); len(routed) > 0 && !o.post { // what is posted calls nobody
				sample.Message.Events, sample.Message.Mention = routed, mention
			}
			err := show(ctx, w, t, sample)
			if err == nil && o.links {
				err = sh.link(t, sample)
			}
			switch {
			case errors.Is(err, syscall.EPIPE) || ctx.Err() != nil: // nobody reads on
				return 1
			case err != nil:
				fmt.Fprintf(sh.Err, "refreshwatch: %s\n", sh.say("%s, sample %s: %s", t.Name, sample.Name, sh.err(err)))
				failed++
			}
			if err != nil && o.post {
				break // the next one would fail as well
			}
		}
	}
	return min(failed, 1)
}

// previewBody is one line of preview -json.
type previewBody struct {
	Sink   string          `json:"sink"`
	Sample string          `json:"sample"`
	Body   json.RawMessage `json:"body"`
}

// bodyOf is the exact body; null for the console, which prints text.
func bodyOf(t notifier.Target, sample template.Sample) (json.RawMessage, error) {
	p, ok := t.Sink.(sink.Previewer)
	if !ok {
		return nil, nil
	}
	return p.Body(sink.MessageOf(sample.Message, time.Now().UTC()))
}

// exact prints one line of JSON.
func (sh Shell) exact(_ context.Context, _ *setup.Program, t notifier.Target, sample template.Sample) error {
	body, err := bodyOf(t, sample)
	if err != nil {
		return err
	}
	line, err := json.Marshal(previewBody{t.Name, sample.Name, body})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sh.Out, "%s\n", line)
	return err
}

// readable prints what people will see, in the sink's own words; what machines will
// read as indented JSON.
func (sh Shell) readable(ctx context.Context, w *setup.Program, t notifier.Target, sample template.Sample) error {
	heading := fmt.Sprintf("── %s · %s", t.Name, sh.sampleName(sample))
	if routed, _ := w.Routed(t.Name, sample.Message.Events); len(routed) == 0 && len(sample.Message.Events) > 0 {
		heading += " " + sh.say("(not notified: no route brings it here)")
	}
	if _, err := fmt.Fprintln(sh.Out, heading); err != nil {
		return err
	}
	if t.Grouping == sink.Batched {
		body, err := bodyOf(t, sample)
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(body, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(sh.Out, "%s\n\n", text)
		return err
	}
	console := &sink.Console{Common: sink.Common{Templates: w.Words, Region: w.Config.Region}, Out: sh.Out, Dialect: dialectOf(w, t.Name)}
	return console.Send(ctx, sink.MessageOf(sample.Message, time.Now().UTC()))
}

// dialectOf is the dialect of a configured sink, "" for the console.
func dialectOf(w *setup.Program, name string) template.Dialect {
	for _, s := range w.Config.Sinks {
		if s.Name != name {
			continue
		}
		kinds := setup.Kinds()
		if i := slices.IndexFunc(kinds, func(k sink.Kind) bool { return k.Type == s.Type }); i >= 0 {
			return kinds[i].Dialect
		}
	}
	return ""
}

// link prints where the sink's platform shows the card without posting it.
func (sh Shell) link(t notifier.Target, sample template.Sample) error {
	l, ok := t.Sink.(sink.Linker)
	if !ok {
		return nil
	}
	link, err := l.BuilderLink(sink.MessageOf(sample.Message, time.Now().UTC()))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sh.Out, "    Block Kit Builder: %s\n\n", link)
	return err
}

// posted posts the sample once. Each has an id of its own: a receiver that knows ids
// would drop a second one.
func (sh Shell) posted(ctx context.Context, _ *setup.Program, t notifier.Target, sample template.Sample) error {
	m := sink.MessageOf(sample.Message, time.Now().UTC())
	m.ID, m.Sink = "sample_"+rand.Text(), t.Name
	if err := t.Sink.Send(ctx, m); err != nil {
		return err
	}
	_, err := fmt.Fprintln(sh.Out, sh.say("%s: posted %s", t.Name, sh.sampleName(sample)))
	return err
}

// sampleName is what a sample is of, beside its name where that is not the reader's.
func (w words) sampleName(s template.Sample) string {
	if of := w.say("sample " + s.Name); w.chinese {
		return s.Name + "（" + of + "）"
	}
	return s.Name
}
