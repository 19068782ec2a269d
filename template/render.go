package template

import (
	"errors"
	"fmt"
	"strings"

	text "github.com/DataDog/datadog-agent/pkg/template/text"
)

// limitOf is how many bytes the output of a card's template may have.
func limitOf(leaf string) int {
	switch leaf {
	case "title":
		return maxTitle
	case "text", "body":
		return maxText
	case "row":
		return maxRow
	case "more", "more-reasons":
		return maxMore
	case "reason":
		return maxReason
	case "context":
		return maxContext
	}
	if strings.HasPrefix(leaf, "field-") {
		return maxField
	}
	return maxLabel
}

// fieldNames are the fields in the order they are shown.
func fieldNames() []string {
	return []string{"types", "domains", "took", "changed", "process", "task"}
}

// renderer runs the templates of one dialect.
type renderer struct {
	set      *text.Template
	strict   bool // try everything, and take a leaf over its limit for a mistake
	mistakes []error
	broken   map[string]bool // leaves that failed: once is enough to know
}

// leaf is one template's output: one line, valid UTF-8, within its limit.
func (r *renderer) leaf(name string, dot any) string {
	if r.broken[name] || len(r.mistakes) > 0 && !r.strict {
		return ""
	}
	var out limited
	err := r.set.ExecuteTemplate(&out, name, dot)
	if errors.Is(err, errEndless) { // the only error that comes without a place
		err = fmt.Errorf("%s: %q: %w", location(r.set, name), name, err)
	}
	if err != nil {
		r.fail(name, err)
		return ""
	}
	s := strings.Join(strings.Fields(strings.ToValidUTF8(out.String(), "\uFFFD")), " ")
	limit := limitOf(name)
	if len(s) <= limit {
		return s
	}
	if r.strict {
		r.fail(name, fmt.Errorf("%s: %q is %d bytes long on a sample, the limit is %d", location(r.set, name), name, len(s), limit))
	}
	return mend(prefix(s, limit-len(ellipsis)-len("`"))) + ellipsis
}

func (r *renderer) fail(leaf string, err error) {
	if r.broken == nil {
		r.broken = map[string]bool{}
	}
	r.broken[leaf] = true
	r.mistakes = append(r.mistakes, place(err))
}

// mend ends s before an escape, link or tag that was cut in two, and closes an
// open code span.
func mend(s string) string {
	if i := strings.LastIndexByte(s, '<'); i > strings.LastIndexByte(s, '>') {
		s = s[:i]
	}
	if i := strings.LastIndex(s, "]("); i >= 0 && !strings.Contains(s[i:], ")") {
		s = s[:max(0, strings.LastIndexByte(s[:i], '['))]
	}
	if i := strings.LastIndexByte(s, '&'); i >= 0 && len(s)-i < len("&#12345;") && !strings.Contains(s[i:], ";") {
		s = s[:i]
	}
	if strings.Count(s, "`")%2 == 1 {
		s += "`"
	}
	return s
}

// location is where a template is defined: file:line:column.
func location(set *text.Template, name string) string {
	t := set.Lookup(name)
	if t == nil || t.Tree == nil {
		return name
	}
	return position(t.Tree, t.Root)
}

// card renders all leaves of m.
func (r *renderer) card(d Dialect, m Message, rich, plain encoder) Card {
	f := digest(m)
	titles := rich
	if d == Feishu {
		titles = plain
	}
	v := newView(m, f, rich)
	c := Card{
		Color: verdict(m.Kind, f), Mention: m.Mention,
		Text:    r.leaf("text", newView(m, f, plain)),
		Title:   r.leaf("title", newView(m, f, titles)),
		Context: r.leaf("context", v),
		Button:  Link{Label: r.leaf("button", v), URL: console},
	}
	for _, name := range fieldNames() {
		if value := r.leaf("field-"+name, v); value != "" {
			c.Fields = append(c.Fields, Field{r.leaf("label-"+name, v), value})
		}
	}
	r.reasons(&c, v, f, rich)
	r.rows(&c, v, f, rich)
	r.fitCard(&c, v, d.limit())
	if m.Digest {
		r.thread(&c, v, f, rich)
	}
	for name, leaf := range map[string]string{"title": c.Title, "text": c.Text} {
		if leaf == "" && !r.broken[name] {
			r.fail(name, fmt.Errorf("%s: no message can do without %q", location(r.set, name), name))
		}
	}
	return c
}

// reasons groups the failures by what they come down to.
func (r *renderer) reasons(c *Card, v view, f facts, e encoder) {
	for _, t := range f.reasons[:min(maxReasons, len(f.reasons))] {
		c.Reasons = append(c.Reasons, r.leaf("reason", newReason(parseReason(t.name), t.failed, detailBytes, e)))
	}
	if v.Hidden = len(f.reasons) - maxReasons; v.Hidden > 0 {
		c.Reasons = append(c.Reasons, r.leaf("more-reasons", v))
	}
	if body := r.leaf("body", v); body != "" {
		c.Reasons = append(c.Reasons, body)
	}
}

func (r *renderer) rows(c *Card, v view, f facts, e encoder) {
	for _, event := range f.events[:min(maxRows, len(f.events))] {
		c.Rows = append(c.Rows, r.leaf("row", v.row(event, e)))
	}
	r.more(c, v)
}

// more says how many rows are left out.
func (r *renderer) more(c *Card, v view) {
	c.More = ""
	if v.Hidden = v.Rows - len(c.Rows); v.Hidden > 0 {
		c.More = r.leaf("more", v)
	}
}

// fitCard drops what matters least until the card is within limit: rows, of which
// the last are the least urgent, then reasons, then fields.
func (r *renderer) fitCard(c *Card, v view, limit int) {
	for c.weight() > limit {
		switch {
		case len(c.Rows) > 1:
			c.Rows = c.Rows[:len(c.Rows)-1]
		case len(c.Reasons) > 1:
			c.Reasons = c.Reasons[:len(c.Reasons)-1]
		case len(c.Fields) > 0:
			c.Fields = c.Fields[:len(c.Fields)-1]
		default:
			return
		}
		r.more(c, v)
	}
}

// thread fills one text with the rows the card left out.
func (r *renderer) thread(c *Card, v view, f facts, e encoder) {
	var lines []string
	room := maxThread - maxMore - 1
	for _, event := range f.events[len(c.Rows):] {
		line := r.leaf("row", v.row(event, e))
		if room -= len(line) + 1; room < 0 {
			break
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return
	}
	if v.Hidden = v.Rows - len(c.Rows) - len(lines); v.Hidden > 0 {
		lines = append(lines, r.leaf("more", v))
	}
	c.Thread = []string{strings.Join(lines, "\n")}
}

// limited is a builder that stops a template that never ends.
type limited struct{ strings.Builder }

var errEndless = errors.New("the output is longer than 64 KiB")

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > 64<<10 {
		return 0, errEndless
	}
	return l.Builder.Write(p)
}
