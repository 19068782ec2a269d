package notifier

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"
)

// Bounds of the look-up. History pages are the one answer that may be large: a
// hundred messages with their blocks.
const (
	historyPages = 10
	historyLimit = 100
	historyCap   = 8 << 20
	historySlack = time.Minute // our clock and Slack's may differ
)

// arrived looks the delivery up in the channel's history, if an earlier attempt
// may have put it there. A look-up that Slack refuses is said once, and the
// message is sent again: rather twice than never. A look-up that fails
// otherwise is an error of class [Later]: nothing was posted by this attempt.
func (s *Slack) arrived(ctx context.Context, d Delivery) (bool, error) {
	if d.Unknown.IsZero() {
		return false, nil
	}
	if !isSlackID(s.Channel) {
		s.cannotLook("the channel is set by name; set its id (C…) so that it can")
		return false, nil
	}
	oldest := d.Unknown.Add(-historySlack)
	query := slack.GetConversationHistoryParameters{
		ChannelID: s.Channel, Limit: historyLimit, IncludeAllMetadata: true, Inclusive: true,
		Oldest: fmt.Sprintf("%d.%06d", oldest.Unix(), oldest.Nanosecond()/1000),
	}
	for range historyPages {
		page, err := s.history(ctx, &query)
		if err != nil {
			return false, s.lookUpFailed(err)
		}
		for _, m := range page.Messages {
			if m.Metadata.EventPayload["delivery_id"] == d.ID {
				return true, nil
			}
		}
		query.Cursor = page.ResponseMetaData.NextCursor
		if query.Cursor == "" {
			return false, nil
		}
	}
	s.warn(fmt.Sprintf("%s was not found among the newest %d messages of its Slack channel; it is sent again", d.ID, historyPages*historyLimit))
	return false, nil
}

func (s *Slack) history(ctx context.Context, query *slack.GetConversationHistoryParameters) (*slack.GetConversationHistoryResponse, error) {
	api, wire := s.client(historyCap)
	page, err := api.GetConversationHistoryContext(ctx, query)
	if err := wire.verdict(err); err != nil {
		return nil, err
	}
	return page, nil
}

// lookUpFailed is nil when Slack refused the look-up: the post speaks for itself.
func (s *Slack) lookUpFailed(err error) error {
	e := *outcome(err)
	if e.Class == Refused {
		s.cannotLook(e.Code + ". " + e.Hint)
		return nil
	}
	e.Class, e.Err = Later, fmt.Errorf("looking it up in Slack's history: %w", e.Err)
	return &e
}

func (s *Slack) cannotLook(why string) {
	s.blind.Do(func() {
		s.warn("Slack cannot be asked whether a message arrived, so one with an unknown outcome is sent again: " + why)
	})
}
