package slack

import (
	"encoding/json"
	"net/url"
	"strings"

	slackgo "github.com/slack-go/slack"

	"refreshwatch/notifier/sink"
	"refreshwatch/template"
)

// How long Slack advises a text to be (chat.postMessage, read 2026-11), and the bytes
// of blocks that were never reported to be refused (from 13,200 on they were,
// slackapi/bolt-js#2509). Single blocks take more than any leaf of a card has.
const (
	maxPlain      = 4000
	maxBlockBytes = 10_000
)

// payload is a message in the JSON form of chat.postMessage.
type payload struct {
	Channel     string                 `json:"channel,omitempty"`
	Text        string                 `json:"text"` // read out and pushed; not shown beside blocks
	Blocks      []slackgo.Block        `json:"blocks,omitempty"`
	Attachments []slackgo.Attachment   `json:"attachments,omitempty"`
	Metadata    *slackgo.SlackMetadata `json:"metadata,omitempty"`
	UnfurlLinks bool                   `json:"unfurl_links"`
	UnfurlMedia bool                   `json:"unfurl_media"`

	plain  string
	thread []string
}

func (s *Sink) payload(m sink.Message) (payload, error) {
	p, err := newPayload(s.Common, m)
	if err != nil {
		return payload{}, err
	}
	p.Channel = s.Channel
	p.Metadata = &slackgo.SlackMetadata{EventType: eventType(m), EventPayload: map[string]any{"delivery_id": m.ID}}
	return p, nil
}

// newPayload renders the message as a title, and a card under it in an
// attachment: its colour bar is the only one Slack has. Mentions stand
// with the title, for those in attachments notify nobody.
func newPayload(common sink.Common, m sink.Message) (payload, error) {
	card, err := common.Card(template.Slack, m)
	if err != nil {
		return payload{}, err
	}
	return lay(card), nil
}

// lay puts the card into blocks. Should they be larger than Slack is known to take,
// the message is plain text.
func lay(card template.Card) payload {
	p := payload{
		Text:        strings.TrimSpace(card.Mention + " " + card.Text),
		Blocks:      []slackgo.Block{section(strings.TrimSpace(card.Title + " " + card.Mention))},
		Attachments: []slackgo.Attachment{{Color: barColor(card.Color), Blocks: slackgo.Blocks{BlockSet: blocksOf(card)}}},
		plain:       strings.TrimSpace(card.Mention + " " + sink.PlainText(card, maxPlain, func(line string) string { return line })),
		thread:      card.Thread,
	}
	if size, err := json.Marshal(p.Attachments); err != nil || len(size) > maxBlockBytes {
		p.Text, p.Blocks, p.Attachments = p.plain, nil, nil
	}
	return p
}

// Body is what Send posts, as JSON; slack-go sends the same as a form.
func (s *Sink) Body(m sink.Message) ([]byte, error) {
	p, err := s.payload(m)
	if err != nil {
		return nil, err
	}
	return p.encode()
}

// encode is the message as JSON. Slack-go's blocks escape < > & as if the JSON went
// into a web page; people who read a preview should not have to. Pairs of
// backslashes are skipped, so that the second is never taken for the beginning of
// an escape.
func (p payload) encode() ([]byte, error) {
	body, err := sink.Encode(p)
	readable := strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&")
	return []byte(readable.Replace(string(body))), err
}

// BuilderLink opens the card in Slack's Block Kit Builder.
func (s *Sink) BuilderLink(m sink.Message) (string, error) { return builderLink(s.Common, m) }

func builderLink(common sink.Common, m sink.Message) (string, error) {
	p, err := newPayload(common, m)
	if err != nil {
		return "", err
	}
	card, err := sink.Encode(payload{Blocks: p.Blocks, Attachments: p.Attachments})
	if err != nil {
		return "", err
	}
	return "https://app.slack.com/block-kit-builder/#" + url.PathEscape(string(card)), nil
}

// barColor is the bar's colour: the greens and reds that chat ops tools use.
func barColor(c template.Color) string {
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

func eventType(m sink.Message) string {
	if m.Notice != nil {
		return "refreshwatch_" + string(m.Kind)
	}
	return "refresh_tasks_" + string(m.Kind)
}

func (p payload) options() []slackgo.MsgOption {
	return append(p.base(p.Text), slackgo.MsgOptionMetadata(*p.Metadata),
		slackgo.MsgOptionBlocks(p.Blocks...), slackgo.MsgOptionAttachments(p.Attachments...))
}

// plainOptions is the message without what was refused. It keeps its metadata, or
// it could not be looked up, unless that was what Slack refused.
func (p payload) plainOptions(refused string) []slackgo.MsgOption {
	if strings.Contains(refused, "metadata") {
		return p.base(p.plain)
	}
	return append(p.base(p.plain), slackgo.MsgOptionMetadata(*p.Metadata))
}

func (p payload) base(text string) []slackgo.MsgOption {
	return []slackgo.MsgOption{
		slackgo.MsgOptionText(text, false), slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl(),
	}
}

func blocksOf(card template.Card) []slackgo.Block {
	var blocks []slackgo.Block
	for _, lines := range [][]string{sink.BodyLines(card), card.Reasons} {
		if len(lines) > 0 {
			blocks = append(blocks, section(strings.Join(lines, "\n")))
		}
	}
	if len(card.Fields) > 0 {
		var fields []*slackgo.TextBlockObject
		for _, f := range card.Fields {
			fields = append(fields, mrkdwn("*"+f.Label+"*\n"+f.Value))
		}
		blocks = append(blocks, slackgo.NewSectionBlock(nil, fields, nil))
	}
	if small := sink.NonEmpty(card.Footnote, card.Context); small != nil {
		blocks = append(blocks, slackgo.NewContextBlock("", mrkdwn(strings.Join(small, "\n"))))
	}
	if card.Button.URL != "" {
		label := slackgo.NewTextBlockObject(slackgo.PlainTextType, card.Button.Label, false, false)
		blocks = append(blocks, slackgo.NewActionBlock("", slackgo.NewButtonBlockElement("open", "", label).WithURL(card.Button.URL)))
	}
	return blocks
}

func section(text string) slackgo.Block {
	return slackgo.NewSectionBlock(mrkdwn(text), nil, nil)
}

func mrkdwn(text string) *slackgo.TextBlockObject {
	// Verbatim: only what we write as a link or a mention is one, and no word of a task
	// becomes a channel's or a person's name (Text object, docs.slack.dev, read 2026-11).
	return slackgo.NewTextBlockObject(slackgo.MarkdownType, text, false, true)
}
