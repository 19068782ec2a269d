package notifiertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// What the receiver of a Rig knows.
const (
	BotToken     = "xoxb-12-34-bottokensecret"
	SlackChannel = "C0OPS"
)

// Now is the clock of a Rig and its receiver.
var Now = time.Date(2026, 11, 20, 8, 30, 2, 0, time.UTC)

// Rig is one receiver, and what sinks in front of it are built with.
type Rig struct {
	*Receiver
	Common sink.Common

	mu     sync.Mutex
	warned []string
}

// NewRig starts a receiver that ends with the test.
func NewRig(t *testing.T, lang string) *Rig {
	t.Helper()
	receiver := newReceiver()
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := receiver.Close(); err != nil {
			t.Error(err)
		}
	})
	client := sink.NewClient(sink.ClientOptions{})
	t.Cleanup(client.Close)
	return newRig(receiver, client, words(t, lang))
}

// InProcess is a rig without a network, for synctest: its clock is that of the bubble.
func InProcess(words *template.Set) *Rig {
	receiver := newReceiver()
	receiver.Now = time.Now
	return newRig(receiver, sink.NewClient(sink.ClientOptions{Transport: inProcess{receiver}}), words)
}

func newReceiver() *Receiver {
	return &Receiver{
		Slack: Workspace{
			Token:    BotToken,
			Channels: []*Channel{{ID: SlackChannel, Name: "ops", Member: true}},
		},
		WebhookSecret:  "whsec_" + base64.StdEncoding.EncodeToString([]byte("webhooksigningsecret-32-bytes-ok")),
		DingTalkSecret: "SECdingtalksigningsecret",
		FeishuSecret:   "feishusigningsecret",
		Now:            func() time.Time { return Now },
	}
}

func words(t testing.TB, lang string) *template.Set {
	t.Helper()
	set, err := template.Load(template.Options{Lang: lang})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newRig(receiver *Receiver, client *sink.Client, words *template.Set) *Rig {
	r := &Rig{Receiver: receiver}
	r.Common = sink.Common{
		Client: client, Templates: words, Region: "cn-shanghai", Now: receiver.Now, Unpaced: true,
		Warn: func(text string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.warned = append(r.warned, text)
		},
	}
	return r
}

// Warned are the warnings of the sinks so far.
func (r *Rig) Warned() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.warned)
}

// Sink builds a sink of the kind in front of the receiver, with changes to the
// fixture's settings.
func (r *Rig) Sink(t testing.TB, kind sink.Kind, changes ...sink.Settings) sink.Sink {
	t.Helper()
	settings := fixture(t, kind).Settings(r.Receiver)
	for _, change := range changes {
		for key, value := range change {
			settings[key] = value
		}
	}
	s, err := kind.Build(settings, r.Common)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// UntilItHangs is a context that ends when the receiver hangs, so that no test
// waits for a timeout.
func (r *Rig) UntilItHangs(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r.Hanging = cancel
	return ctx
}

// One is a message about one row.
func One(id int) sink.Message {
	return sink.Message{
		ID: fmt.Sprintf("d_%032x", id), Kind: poller.Finished, Created: Now,
		Events: template.Samples()[0].Message.Events,
	}
}

// Again is the message as the attempt after one of unknown outcome sees it.
func Again(m sink.Message) sink.Message {
	m.Unknown = Now
	return m
}

// Sent is the outcome of an accepted attempt, beside the classes of errors.
const Sent sink.Class = "sent"

// AssertOutcome fails when an attempt's outcome is another one, or shows a secret.
func (r *Rig) AssertOutcome(t testing.TB, err error, class sink.Class, after time.Duration) {
	t.Helper()
	if err == nil {
		if class != Sent {
			t.Errorf("sent, want %s", class)
		}
		return
	}
	e := sink.Outcome(err)
	if e.Class != class || e.After != after {
		t.Errorf("%s after %s (%v), want %s after %s", e.Class, e.After, err, class, after)
	}
	asJSON, _ := json.Marshal(e)
	r.AssertNoSecret(t, err.Error(), fmt.Sprintf("%+v %#v", err, err), fmt.Sprintf("%#v", e.Err), string(asJSON))
}

// AssertNoSecret fails when a text that people may read, or a warning so far, holds
// what only the receiver may know.
func (r *Rig) AssertNoSecret(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range append(texts, r.Warned()...) {
		for _, secret := range r.secrets() {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows %q", text, secret)
			}
		}
	}
}

func (r *Rig) secrets() []string {
	return []string{
		"bottokensecret", "slackhooksecret", "webhookurlsecret", "dingtalktokensecret", "feishutokensecret", "wecomkeysecret",
		"teamssigsecret", "discordtokensecret",
		"webhooksigningsecret", strings.TrimPrefix(r.WebhookSecret, "whsec_"), r.DingTalkSecret, r.FeishuSecret,
		"access_token=d", "/services/T0", "sign=",
		strings.Trim(fmt.Sprint([]byte("webhooksigning")), "[]"), // a key printed as bytes
	}
}
