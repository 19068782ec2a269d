package slack

import (
	"context"
	"fmt"
	"time"

	slackgo "github.com/slack-go/slack"

	"refreshwatch/notifier/sink"
)

// Bounds of the look-up. History pages are the one answer that may be large: a
// hundred messages with their blocks.
const (
	historyPages = 10
	historyLimit = 100
	historyCap   = 8 << 20
	historySkew  = time.Minute // our clock and Slack's may differ
)

// alreadyPosted looks the message up in the channel's history, if an earlier attempt
// may have put it there. When Slack refuses the look-up there is one warning, and
// the message is sent again: a duplicate rather than a loss. A look-up that fails
// otherwise is an error of class [sink.Later]: nothing was posted by this attempt.
func (s *Sink) alreadyPosted(ctx context.Context, m sink.Message) (bool, error) {
	if m.Unknown.IsZero() {
		return false, nil
	}
	if !isID(s.Channel) {
		s.warnNoLookUp("the channel is set by name; set its id (C…) so that it can")
		return false, nil
	}
	oldest := m.Unknown.Add(-historySkew)
	query := slackgo.GetConversationHistoryParameters{
		ChannelID: s.Channel, Limit: historyLimit, IncludeAllMetadata: true, Inclusive: true,
		Oldest: fmt.Sprintf("%d.%06d", oldest.Unix(), oldest.Nanosecond()/1000),
	}
	for range historyPages {
		page, err := s.history(ctx, &query)
		if err != nil {
			return false, s.lookUpError(err)
		}
		for _, other := range page.Messages {
			if other.Metadata.EventPayload["delivery_id"] == m.ID {
				return true, nil
			}
		}
		query.Cursor = page.ResponseMetaData.NextCursor
		if query.Cursor == "" {
			return false, nil
		}
	}
	s.Warning(fmt.Sprintf("%s was not found among the newest %d messages of its Slack channel; it is sent again", m.ID, historyPages*historyLimit))
	return false, nil
}

func (s *Sink) history(ctx context.Context, query *slackgo.GetConversationHistoryParameters) (*slackgo.GetConversationHistoryResponse, error) {
	api, call := s.api(historyCap)
	page, err := api.GetConversationHistoryContext(ctx, query)
	if err := call.verdict(err); err != nil {
		return nil, err
	}
	return page, nil
}

// lookUpError is nil when Slack refused the look-up: then posting decides.
func (s *Sink) lookUpError(err error) error {
	e := *sink.Outcome(err)
	if e.Class == sink.Refused {
		s.warnNoLookUp(e.Code + ". " + e.Hint)
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
