package template

import (
	"errors"
	"fmt"
	"strings"

	text "github.com/DataDog/datadog-agent/pkg/template/text"

	"refreshwatch/poller"
)

// fieldNames are the fields in the order they are shown.
func fieldNames() []string {
	return []string{"types", "domains", "took", "changed", "process", "task"}
}

// renderer runs the templates of one dialect.
type renderer struct {
	set      *text.Template
	limited  bool // overrides are in it: a leaf over its limit is a mistake
	spare    int  // bytes a title may have beyond its limit: the console's URL
	mistakes []error
	broken   map[string]bool // leaves that failed: once is enough to know
}

// leaf is one template's output: one line of valid UTF-8.
func (r *renderer) leaf(name string, dot any) string {
	if r.broken[name] {
		return ""
	}
	var out bounded
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
	if name == "title" {
		limit += r.spare
	}
	if r.limited && len(s) > limit {
		r.fail(name, fmt.Errorf("%s: %q is %d bytes long, the limit is %d", location(r.set, name), name, len(s), limit))
	}
	return s
}

func (r *renderer) fail(leaf string, err error) {
	if r.broken == nil {
		r.broken = map[string]bool{}
	}
	r.broken[leaf] = true
	r.mistakes = append(r.mistakes, err)
}

// location is where a template is defined: file:line:column.
func location(set *text.Template, name string) string {
	t := set.Lookup(name)
	if t == nil || t.Tree == nil {
		return name
	}
	return position(t.Tree)
}

// card renders all leaves of m. What went wrong is in r.mistakes.
func (s *Set) card(r *renderer, d Dialect, m Message) Card {
	f := collect(m)
	v, w := s.newView(d, m, f)
	r.spare = len(s.console)
	c := Card{
		Color: colorOf(m.Kind, f), Mention: m.Mention,
		Push:     w.flat(r.leaf("push", v)),
		Text:     w.flat(r.leaf("text", v)),
		Title:    w.flat(r.leaf("title", v)),
		Footnote: r.leaf("footnote", v),
		Context:  r.leaf("context", v),
		Button:   Link{Label: w.flat(r.leaf("button", v)), URL: s.console},
	}
	for _, name := range fieldNames() {
		if value := r.leaf("field-"+name, v); value != "" {
			c.Fields = append(c.Fields, Field{w.flat(r.leaf("label-"+name, v)), value})
		}
	}
	l := list{r: r, v: v, w: w, f: f, room: d.room()}
	l.reasons(&c)
	l.rows(&c)
	for name, leaf := range map[string]string{"title": c.Title, "text": c.Text, "push": c.Push} {
		if leaf == "" && !r.broken[name] {
			r.fail(name, fmt.Errorf("%s: no message can do without %q", location(r.set, name), name))
		}
	}
	if s.sample {
		mark := w.flat(r.leaf("sample", v)) + " "
		c.Push, c.Text, c.Title = mark+c.Push, mark+c.Text, mark+c.Title
	}
	return c
}

// list renders what a card has several of.
type list struct {
	r    *renderer
	v    view
	w    writer
	f    facts
	room room
}

// reasons groups the failures by cause. What needs no cause has a body in their place.
func (l list) reasons(c *Card) {
	most := min(l.room.reasons, len(l.f.reasons))
	for _, t := range l.f.reasons[:most] {
		c.Reasons = append(c.Reasons, l.r.leaf("reason", newReason(t.key, t.failed, detailBytes, l.w)))
	}
	if l.v.Hidden = len(l.f.reasons) - most; l.v.Hidden > 0 {
		c.Reasons = append(c.Reasons, l.r.leaf("more-reasons", l.v))
	}
	if body := l.r.leaf("body", l.v); body != "" {
		c.Reasons = append(c.Reasons, body)
	}
}

// rows lists the failed rows, and counts the others. Without failures it lists all.
// A digest has room for more failures in its thread.
func (l list) rows(c *Card) {
	listed := l.f.events
	if l.f.failed > 0 {
		listed = listed[:l.f.failed]
	}
	most := l.room.rows
	if l.v.Digest && l.f.failed == 0 && l.v.Complete > 0 {
		most /= 2 // nobody reads a wall of check marks
	}
	for _, event := range listed[:min(most, len(listed))] {
		c.Rows = append(c.Rows, l.r.leaf("row", l.v.row(event, l.w, l.room.path)))
	}
	l.v.Hidden = len(listed) - len(c.Rows)
	if l.v.Hidden > 0 || len(listed) < len(l.f.events) {
		c.More = l.r.leaf("more", l.v)
	}
	if l.v.Digest && (l.f.failed > 0 || l.v.Complete == 0) {
		l.thread(c, listed[len(c.Rows):])
	}
}

// maxThread is how many bytes a thread's text may have.
const maxThread = 2900

// thread lists rows that the card has no room for, in one text.
func (l list) thread(c *Card, rest []poller.Event) {
	var lines []string
	left := maxThread - limitOf("more") - 1
	for _, event := range rest {
		line := l.r.leaf("row", l.v.row(event, l.w, l.room.path))
		if left -= len(line) + 1; left < 0 {
			break
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return
	}
	if l.v.Hidden = len(rest) - len(lines); l.v.Hidden > 0 {
		l.v.Complete, l.v.Canceled = 0, 0 // the card counts them
		lines = append(lines, l.r.leaf("more", l.v))
	}
	c.Thread = []string{strings.Join(lines, "\n")}
}

// bounded is a builder that stops a template that never ends.
type bounded struct{ strings.Builder }

var errEndless = errors.New("the output is longer than 64 KiB")

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > 64<<10 {
		return 0, errEndless
	}
	return b.Builder.Write(p)
}
