package slack

import (
	"context"
	"fmt"
	"time"

	slackgo "github.com/slack-go/slack"

	"refreshwatch/notifier/sink"
)

// Bounds of the look-up. A history page is the one answer that may be large: each
// message comes with its blocks.
const (
	historyLimit = 200 // messages on a page
	historyCap   = 8 << 20
	historySkew  = time.Minute // our clock and Slack's may differ
	// lookUpTime leaves half of an attempt to the post itself.
	lookUpTime = sink.PostTimeout / 2
	// lookUpPatience is how long a message waits for a history that does not answer. It
	// is sent then all the same: a duplicate rather than a channel that stands still.
	lookUpPatience = 10 * time.Minute
)

// alreadyPosted looks the message up in the channel's history, if the last attempt may
// have put it there: in the minutes around that attempt, which is one page. Earlier
// attempts were looked up before it.
//
// When Slack refuses the look-up there is one warning, and the message is sent again: a
// duplicate rather than a loss. A look-up that fails otherwise is an error of class
// [sink.Later], for nothing was posted by this attempt; after a while the message is
// sent again.
func (s *Sink) alreadyPosted(ctx context.Context, m sink.Message) (bool, error) {
	if m.Unknown.IsZero() {
		return false, nil
	}
	if !isID(s.Channel) {
		s.warnNoLookUp("the channel is set by name; set its id (C…) so that it can")
		return false, nil
	}
	page, err := s.history(ctx, m.Unknown.Add(-historySkew), m.Unknown.Add(sink.PostTimeout+historySkew))
	if err != nil {
		return false, s.lookUpError(err, m)
	}
	for _, other := range page.Messages {
		if other.Metadata.EventPayload["delivery_id"] == m.ID {
			return true, nil
		}
	}
	if page.HasMore {
		s.Warning(fmt.Sprintf("%s was not found among %d messages of its Slack channel, and there are more; it is sent again", m.ID, historyLimit))
	}
	return false, nil
}

// history is the page of the channel's messages between two times.
func (s *Sink) history(ctx context.Context, oldest, latest time.Time) (*slackgo.GetConversationHistoryResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	api, call := s.api(historyCap)
	page, err := api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
		ChannelID: s.Channel, Limit: historyLimit, IncludeAllMetadata: true, Inclusive: true,
		Oldest: timestamp(oldest), Latest: timestamp(latest),
	})
	if err := call.verdict(err); err != nil {
		return nil, err
	}
	return page, nil
}

func timestamp(at time.Time) string {
	return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
}

// lookUpError is nil when posting decides: Slack refused the look-up, or has not
// answered it for long.
func (s *Sink) lookUpError(err error, m sink.Message) error {
	e := *sink.Outcome(err)
	switch {
	case e.Class == sink.Refused:
		s.warnNoLookUp(e.Code + ". " + e.Hint)
		return nil
	case s.Time().Sub(m.Unknown) > lookUpPatience:
		s.Warning(fmt.Sprintf("Slack's history has not answered for %s whether %s arrived; it is sent again: %s", lookUpPatience, m.ID, e.Code))
		return nil
	}
	e.Class, e.Err = sink.Later, fmt.Errorf("looking it up in Slack's history: %w", e.Err)
	return &e
}

func (s *Sink) warnNoLookUp(why string) {
	s.cannotLookUp.Do(func() {
		s.Warning("Slack cannot be asked whether a message arrived, so one with an unknown outcome is sent again: " + why)
	})
}
