package template

// Dialect is the markup a card is written in.
type Dialect string

// The dialects. Plain is for terminals, and for receivers that read no markup.
const (
	Slack    Dialect = "slack" // mrkdwn
	DingTalk Dialect = "dingtalk"
	Feishu   Dialect = "feishu" // and Lark
	WeCom    Dialect = "wecom"
	Teams    Dialect = "teams" // the Markdown of Adaptive Cards
	Discord  Dialect = "discord"
	Plain    Dialect = "plain"
)

// Dialects lists them all, in a fixed order.
func Dialects() []Dialect {
	return []Dialect{Slack, DingTalk, Feishu, WeCom, Teams, Discord, Plain}
}

// Color is a card's verdict, for receivers that can show one.
type Color string

// The colors.
const (
	Good    Color = "good"
	Bad     Color = "bad"
	Mixed   Color = "mixed"   // some of each, or nobody knows
	Neutral Color = "neutral" // no verdict
)

// Link is a label and where it leads.
type Link struct {
	Label string // plain text
	URL   string
}

// Field is one labelled fact.
type Field struct {
	Label string // plain text
	Value string // the dialect's markup
}

// Card is a message as leaves of text; a sink puts them into its own structure.
// Every leaf is one line of valid UTF-8, safe for the dialect and within the
// limits below. Markup is inline markup: a heading's "###" is the sink's business.
type Card struct {
	Color   Color
	Text    string   // the whole news as plain sentences: push notifications, screen readers, fallback
	Title   string   // may hold a link; on Feishu plain text, as its card headers are
	Fields  []Field  // only those that say something
	Rows    []string // a row each, failed ones first, at most 10
	More    string   // "+36 more", or ""
	Reasons []string // why rows failed or what happened, each with what to do next
	Context string   // region, time, delivery id
	Button  Link     // to the console
	Mention string   // the operator's own markup, untouched
	Thread  []string // of a digest: at most one text with further rows, for sinks that have threads
}

// What a leaf, and a card as a whole, may weigh, in bytes. Slack refuses blocks of
// some 13,000 (seen in 2025), Feishu bodies above 20 KB, WeCom Markdown above 4,096
// bytes, Discord embeds of more than 6,000 characters in all (read 2026-11); a sink's own structure has to fit in beside this.
const (
	maxTitle   = 250
	maxText    = 1000 // and bodies without reasons
	maxLabel   = 60
	maxField   = 300
	maxRow     = 200
	maxMore    = 60
	maxReason  = 450
	maxContext = 300
	maxThread  = 2900

	maxRows    = 10
	maxReasons = 4

	maxCard        = 9000
	maxWeComCard   = 3500
	maxDiscordCard = 3900
)

// limit is what the dialect's card may weigh.
func (d Dialect) limit() int {
	switch d {
	case WeCom:
		return maxWeComCard
	case Discord:
		return maxDiscordCard
	}
	return maxCard
}

// weight is what c's body may cost on the wire: its bytes, more for what JSON
// escapes, and a little for the structure around each leaf. Text and Thread
// travel outside the body.
func (c Card) weight() int {
	const perLeaf = 8
	sum := 0
	add := func(leaf string) {
		if leaf == "" {
			return
		}
		sum += len(leaf) + perLeaf
		for i := range len(leaf) {
			switch leaf[i] {
			case '<', '>', '&':
				sum += 5 // \u003c
			case '"', '\\':
				sum++
			}
		}
	}
	for _, leaf := range []string{c.Title, c.More, c.Context, c.Button.Label, c.Button.URL} {
		add(leaf)
	}
	for _, f := range c.Fields {
		add(f.Label)
		add(f.Value)
	}
	for _, leaves := range [][]string{c.Rows, c.Reasons} {
		for _, leaf := range leaves {
			add(leaf)
		}
	}
	return sum
}
