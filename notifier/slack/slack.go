package slack

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"refreshwatch/notifier/sink"
)

// defaultAPI is the Web API's base.
const defaultAPI = "https://slack.com/api/"

// Config is what a bot needs to post to one channel.
type Config struct {
	sink.Common
	Token   sink.Secret // of the bot, "xoxb-…"; needs chat:write, and channels:history or groups:history for the look-up
	Channel string      // its id, such as "C0123ABCD", or a link to it; a name works too, but cannot be looked up
	APIURL  string      // the Web API's base; default https://slack.com/api/; http on this machine only
}

// Sink posts to one channel with a bot token, through chat.postMessage. It is the
// one chat that can be asked afterwards: each message carries its id as metadata,
// and when an earlier attempt may have arrived the channel's history is read before
// anything is posted again.
type Sink struct {
	Config
	pace         sink.Pace
	cannotLookUp sync.Once // warns that the look-up does not work
}

// New checks the settings. Its mistakes are [*poller.Mistake]s, joined, whose
// Setting is the field's key.
func New(cfg Config) (*Sink, error) {
	err := Bot().Check(sink.Settings{"token": cfg.Token, "channel": sink.Secret(cfg.Channel), "api_url": sink.Secret(cfg.APIURL)})
	if err != nil {
		return nil, err
	}
	if cfg.APIURL == "" {
		cfg.APIURL = defaultAPI
	}
	cfg.APIURL = strings.TrimSuffix(cfg.APIURL, "/") + "/" // slack-go appends the method
	cfg.Channel, _ = parseChannel(cfg.Channel)
	s := &Sink{Config: cfg}
	if !cfg.Unpaced { // "1 per second per channel", chat.postMessage, read 2026-11
		s.pace = sink.Pace{sink.Every(time.Second, 1)}
	}
	return s, nil
}

// Send posts the message once, unless it is already there. A message that is
// refused for its layout is sent once more as plain text.
func (s *Sink) Send(ctx context.Context, m sink.Message) error {
	attempt, cancel := context.WithTimeout(ctx, sink.PostTimeout)
	defer cancel()
	there, err := s.alreadyPosted(attempt, m)
	if there || err != nil {
		return err
	}
	p, err := s.payload(m)
	if err != nil {
		return err
	}
	at, err := s.post(attempt, p.options()...)
	if code := layoutCode(err); code != "" {
		s.Warning("Slack refused the layout of " + m.ID + " (" + code + "); it is sent as plain text")
		at, err = s.post(attempt, p.plainOptions(code)...)
	}
	if err != nil {
		return err
	}
	s.reply(attempt, m, at, p.thread)
	return nil
}

// reply puts a digest's further rows into the thread of the message that was just
// accepted, in what is left of the attempt's time: until it returns, nothing records
// that the message is out. A failure is a warning, and changes nothing.
func (s *Sink) reply(ctx context.Context, m sink.Message, to posted, thread []string) {
	for i, text := range thread {
		_, err := s.postTo(ctx, to.channel, slackgo.MsgOptionText(text, false), slackgo.MsgOptionTS(to.ts),
			slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl())
		if err != nil {
			s.Warning(fmt.Sprintf("the thread of %s lacks %d of its %d replies: %v", m.ID, len(thread)-i, len(thread), err))
			return
		}
	}
}

// posted is where a message is: the channel's id and its timestamp.
type posted struct{ channel, ts string }

func (s *Sink) post(ctx context.Context, options ...slackgo.MsgOption) (posted, error) {
	return s.postTo(ctx, s.Channel, options...)
}

func (s *Sink) postTo(ctx context.Context, channel string, options ...slackgo.MsgOption) (posted, error) {
	if err := s.pace.Wait(ctx); err != nil {
		return posted{}, err
	}
	api, call := s.api(sink.AnswerCap)
	id, ts, err := api.PostMessageContext(ctx, channel, options...)
	if err := call.verdict(err); err != nil {
		return posted{}, err
	}
	if ts == "" {
		return posted{}, sink.Unreadable("Slack answered ok without a timestamp", sink.Answer{})
	}
	return posted{id, ts}, nil
}

// api is a client for one call, whose answer has at most limit bytes.
func (s *Sink) api(limit int64) (*slackgo.Client, *transport) {
	t := &transport{client: s.Client, limit: limit, now: s.Time}
	return slackgo.New(string(s.Token), slackgo.OptionAPIURL(s.APIURL), slackgo.OptionHTTPClient(t)), t
}
