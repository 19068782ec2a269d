package notifier

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"refreshwatch/template"
)

// Slack's limits in characters (Block Kit reference, read 2026-11) and the bytes of
// blocks that were never reported to be refused (from 13,200 on they were,
// slackapi/bolt-js#2509).
const (
	slackSection    = 3000
	slackField      = 2000
	slackFields     = 10
	slackButton     = 75
	slackURL        = 3000
	slackPlain      = 4000
	slackBlockBytes = 10_000
)

// slackMessage is a message in the JSON form of chat.postMessage.
type slackMessage struct {
	Channel     string               `json:"channel,omitempty"`
	Text        string               `json:"text"` // read out and pushed; not shown beside blocks
	Blocks      []slack.Block        `json:"blocks,omitempty"`
	Attachments []slack.Attachment   `json:"attachments,omitempty"`
	Metadata    *slack.SlackMetadata `json:"metadata,omitempty"`
	UnfurlLinks bool                 `json:"unfurl_links"`
	UnfurlMedia bool                 `json:"unfurl_media"`

	plain  string
	thread []string
}

func (s *Slack) message(d Delivery) (slackMessage, error) {
	m, err := s.slackMessage(d)
	if err != nil {
		return slackMessage{}, err
	}
	m.Channel = s.Channel
	m.Metadata = &slack.SlackMetadata{EventType: slackEventType(d), EventPayload: map[string]any{"delivery_id": d.ID}}
	return m, nil
}

// slackMessage renders the delivery as a title, and a card under it in an
// attachment: its colour bar is the only one Slack has. Who is to be called stands
// with the title, for mentions in attachments call nobody.
func (k Kit) slackMessage(d Delivery) (slackMessage, error) {
	card, err := k.render(template.Slack, d)
	if err != nil {
		return slackMessage{}, err
	}
	return slackMessage{
		Text:        strings.TrimSpace(card.Mention + " " + card.Text),
		Blocks:      []slack.Block{section(strings.TrimSpace(card.Title + " " + card.Mention))},
		Attachments: []slack.Attachment{{Color: slackColor(card.Color), Blocks: slack.Blocks{BlockSet: slackBlocks(card)}}},
		plain:       strings.TrimSpace(card.Mention + " " + plainText(card, slackPlain)),
		thread:      card.Thread,
	}, nil
}

// Body is what Send posts, as JSON; slack-go sends the same as a form.
func (s *Slack) Body(d Delivery) ([]byte, error) {
	m, err := s.message(d)
	if err != nil {
		return nil, err
	}
	return m.encode()
}

// encode is the message as JSON. Slack-go's blocks escape < > & as if the JSON went
// into a web page; people who read a preview should not have to. Pairs of
// backslashes are skipped, so that the second is never taken for the beginning of
// an escape.
func (m slackMessage) encode() ([]byte, error) {
	body, err := encode(m)
	readable := strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&")
	return []byte(readable.Replace(string(body))), err
}

// BuilderLink opens the card in Slack's Block Kit Builder.
func (s *Slack) BuilderLink(d Delivery) (string, error) { return s.Kit.builderLink(d) }

func (k Kit) builderLink(d Delivery) (string, error) {
	m, err := k.slackMessage(d)
	if err != nil {
		return "", err
	}
	card, err := encode(slackMessage{Blocks: m.Blocks, Attachments: m.Attachments})
	if err != nil {
		return "", err
	}
	return "https://app.slack.com/block-kit-builder/#" + url.PathEscape(string(card)), nil
}

// slackColor is the bar's colour: the greens and reds that chat ops tools use.
func slackColor(c template.Color) string {
	switch c {
	case template.Good:
		return "#2eb886"
	case template.Bad:
		return "#a30200"
	case template.Mixed:
		return "#daa038"
	default:
		return "#dddddd"
	}
}

func slackEventType(d Delivery) string {
	if d.Notice != nil {
		return "refreshwatch_" + string(d.Kind)
	}
	return "refresh_tasks_" + string(d.Kind)
}

func (m slackMessage) options() []slack.MsgOption {
	return append(m.base(m.Text), slack.MsgOptionMetadata(*m.Metadata),
		slack.MsgOptionBlocks(m.Blocks...), slack.MsgOptionAttachments(m.Attachments...))
}

// plainOptions is the message without what was refused. It keeps its metadata, or
// it could not be looked up, unless that was the trouble.
func (m slackMessage) plainOptions(refused string) []slack.MsgOption {
	if strings.Contains(refused, "metadata") {
		return m.base(m.plain)
	}
	return append(m.base(m.plain), slack.MsgOptionMetadata(*m.Metadata))
}

func (m slackMessage) base(text string) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(text, false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
}

// slackBlocks lays the card out. Should it be larger than Slack is known to take,
// it shrinks until it fits.
func slackBlocks(card template.Card) []slack.Block {
	for {
		blocks := layOut(card)
		size, err := json.Marshal(blocks)
		if err != nil || len(size) <= slackBlockBytes || !shrink(&card) {
			return blocks
		}
	}
}

// shrink takes the last row from a card, then its reasons. The templates keep to
// the limits; this is for the card that does not.
func shrink(card *template.Card) bool {
	switch {
	case len(card.Rows) > 0:
		card.Rows = card.Rows[:len(card.Rows)-1]
	case len(card.Reasons) > 0:
		card.Reasons = card.Reasons[:len(card.Reasons)-1]
	default:
		return false
	}
	return true
}

func layOut(card template.Card) []slack.Block {
	var blocks []slack.Block
	if len(card.Fields) > 0 {
		var fields []*slack.TextBlockObject
		for _, f := range card.Fields[:min(len(card.Fields), slackFields)] {
			fields = append(fields, mrkdwn("*"+f.Label+"*\n"+f.Value, slackField))
		}
		blocks = append(blocks, slack.NewSectionBlock(nil, fields, nil))
	}
	for _, text := range packed(told(card), slackSection) {
		blocks = append(blocks, section(text))
	}
	for _, text := range packed(card.Reasons, slackSection) {
		blocks = append(blocks, section(text))
	}
	if card.Context != "" {
		blocks = append(blocks, slack.NewContextBlock("", mrkdwn(card.Context, slackField)))
	}
	if card.Button.URL != "" && len(card.Button.URL) <= slackURL {
		label := slack.NewTextBlockObject(slack.PlainTextType, clip(card.Button.Label, slackButton), false, false)
		blocks = append(blocks, slack.NewActionBlock("", slack.NewButtonBlockElement("open", "", label).WithURL(card.Button.URL)))
	}
	return blocks
}

func section(text string) slack.Block {
	return slack.NewSectionBlock(mrkdwn(text, slackSection), nil, nil)
}

func mrkdwn(text string, limit int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, clip(text, limit), false, false)
}

// packed joins lines into texts of at most limit characters.
func packed(lines []string, limit int) []string {
	var texts []string
	for _, line := range lines {
		line = clip(line, limit)
		last := len(texts) - 1
		if last >= 0 && utf8.RuneCountInString(texts[last])+1+utf8.RuneCountInString(line) <= limit {
			texts[last] += "\n" + line
			continue
		}
		texts = append(texts, line)
	}
	return texts
}

// plainText is the card without layout, whole lines up to limit characters.
func plainText(card template.Card, limit int) string {
	lines := append([]string{card.Text}, nonEmpty(append(slices.Clone(card.Rows), card.More)...)...)
	lines = append(append(lines, card.Reasons...), card.Context)
	return packed(lines, limit)[0]
}

// clip cuts text to at most limit characters; the templates keep to the limits,
// this is for the message that does not.
func clip(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
