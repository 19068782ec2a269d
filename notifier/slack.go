package notifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/slack-go/slack"
)

// SlackAPI is the Web API's base.
const SlackAPI = "https://slack.com/api/"

// Slack posts to one channel with a bot token, through chat.postMessage. It is the
// one chat that can be asked afterwards: each message carries the delivery's id
// as metadata, and when an earlier attempt may have arrived the channel's history
// is read before anything is posted again.
type Slack struct {
	Kit
	Token   Secret // of the bot, "xoxb-…"; needs chat:write, and channels:history or groups:history for the look-up
	Channel string // its id, such as "C0123ABCD"; a name works too, but cannot be looked up
	APIURL  string // default [SlackAPI]; http on this machine only

	pace  pace
	blind *sync.Once // says once that the look-up does not work
}

// NewSlack checks the settings; its mistakes are [*FieldError]s, joined.
func NewSlack(s Slack) (*Slack, error) {
	var mistakes []error
	if s.Token == "" {
		mistakes = append(mistakes, &FieldError{Field: "token", Problem: "is not set"})
	} else if strings.ContainsFunc(string(s.Token), unicode.IsSpace) {
		mistakes = append(mistakes, &FieldError{Field: "token", Problem: "holds white space"})
	}
	if s.Channel == "" {
		mistakes = append(mistakes, &FieldError{Field: "channel", Problem: "is not set"})
	}
	if s.APIURL == "" {
		s.APIURL = SlackAPI
	}
	s.APIURL = strings.TrimSuffix(s.APIURL, "/") + "/" // slack-go appends the method
	mistakes = append(mistakes, checkField("api_url", Secret(s.APIURL)))
	s.blind = new(sync.Once)
	if !s.Unpaced { // "1 per second per channel", chat.postMessage, read 2026-11
		s.pace = pace{spacing(time.Second, 1)}
	}
	return &s, errors.Join(mistakes...)
}

// isSlackID reports whether a channel is set by its id, not by its name.
func isSlackID(channel string) bool {
	return len(channel) > 2 && strings.ContainsAny(channel[:1], "CGD") &&
		strings.Trim(channel, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// Send posts the delivery once, unless it is already there. A message that is
// refused for its layout goes out once more as plain text.
func (s *Slack) Send(ctx context.Context, d Delivery) error {
	attempt, cancel := context.WithTimeout(ctx, PostTimeout)
	defer cancel()
	there, err := s.arrived(attempt, d)
	if there || err != nil {
		return err
	}
	m, err := s.message(d)
	if err != nil {
		return err
	}
	sent, err := s.post(attempt, m.options()...)
	if code := layoutCode(err); code != "" {
		s.warn("Slack refused the layout of " + d.ID + " (" + code + "); it is sent as plain text")
		sent, err = s.post(attempt, m.plainOptions(code)...)
	}
	if err != nil {
		return err
	}
	s.reply(attempt, d, sent, m.thread)
	return nil
}

// reply puts the digest's rows into the thread of the message that was just
// accepted, in what is left of the attempt's time: until it returns, nothing records
// that the news is out. A failure is said, and changes nothing.
func (s *Slack) reply(ctx context.Context, d Delivery, to posted, thread []string) {
	for i, text := range thread {
		_, err := s.postTo(ctx, to.channel, slack.MsgOptionText(text, false), slack.MsgOptionTS(to.ts),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		if err != nil {
			s.warn(fmt.Sprintf("the thread of %s lacks %d of its %d replies: %v", d.ID, len(thread)-i, len(thread), err))
			return
		}
	}
}

// posted is where a message is: the channel's id and its timestamp.
type posted struct{ channel, ts string }

func (s *Slack) post(ctx context.Context, options ...slack.MsgOption) (posted, error) {
	return s.postTo(ctx, s.Channel, options...)
}

func (s *Slack) postTo(ctx context.Context, channel string, options ...slack.MsgOption) (posted, error) {
	if err := s.pace.wait(ctx); err != nil {
		return posted{}, err
	}
	api, wire := s.client(answerCap)
	id, ts, err := api.PostMessageContext(ctx, channel, options...)
	if err := wire.verdict(err); err != nil {
		return posted{}, err
	}
	if ts == "" {
		return posted{}, unreadable("Slack said ok without a timestamp")
	}
	return posted{id, ts}, nil
}

func (s *Slack) client(limit int64) (*slack.Client, *slackWire) {
	wire := &slackWire{outlet: s.Outlet, limit: limit, now: s.now}
	return slack.New(string(s.Token), slack.OptionAPIURL(s.APIURL), slack.OptionHTTPClient(wire)), wire
}
