package template

// Dialect is the markup a card is written in.
type Dialect string

// The dialects. Plain is for terminals, and for platforms that read no markup.
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

// Color is a card's verdict, for platforms that can show one.
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
// Every leaf is one line of valid UTF-8 and safe for the dialect. The sizes are bytes
// of the embedded words' longest leaf; with them, a card fits every platform. Markup
// is inline markup: a heading's "###" is the sink's business. The leaves stand in the
// order in which people need them.
type Card struct {
	Color    Color
	Push     string   // ≤ 300: the verdict and its cause in a line, for push notifications and previews
	Text     string   // ≤ 1,000: the same, and what to do next: for screen readers and as fallback
	Title    string   // ≤ 250 and the console's URL: may hold a link; on Feishu plain text, as its card headers are
	Rows     []string // ≤ 10 of ≤ 200: the failed rows; without any, the others
	More     string   // ≤ 90: "+36 more", "+3 more failed · 30 complete", or ""
	Reasons  []string // ≤ 6 of ≤ 450: why rows failed or what happened, each with what to do next
	Fields   []Field  // ≤ 6, a label of ≤ 60 and a value of ≤ 300: only those that say something
	Footnote string   // ≤ 200: what to check if a success does not show; small print
	Context  string   // ≤ 300: a backfill, label, region, times, the delivery's id; small print
	Button   Link     // to the console
	Mention  string   // the operator's own markup, untouched
	Thread   []string // of a digest: at most one text of ≤ 2,900 with further failed rows, for sinks that have threads
}

// limitOf is how many bytes an override may put into a leaf; the embedded words keep
// to them by the sizes of the values in the view (view.go).
func limitOf(leaf string) int {
	limits := map[string]int{
		"push": 300, "text": 1000, "title": 250, "row": 200, "more": 90,
		"reason": 450, "more-reasons": 60, "body": 1000, "footnote": 200, "context": 300,
	}
	limit, known := limits[leaf]
	switch {
	case known:
		return limit
	case len(leaf) > len("field-") && leaf[:len("field-")] == "field-":
		return 300
	}
	return 60 // labels
}
