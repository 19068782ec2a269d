package template

import (
	"strings"
	"time"
	"unicode/utf8"

	"refreshwatch/poller"
)

const console = "https://vod.console.aliyun.com/" // the refresh page has no documented address of its own (read 2026-11)

// view is the dot of the templates. Its strings were cleaned, shortened and
// written for the dialect when it was built: a template can neither forget that
// nor reach the task data behind them. It has no methods.
type view struct {
	Kind  string // finished, stalled, expired, gap, trouble, recovered, test
	Color string // good, bad, mixed, neutral

	Rows, Complete, Failed int // of the whole message
	Hidden                 int // rows not shown
	Digest                 bool
	One                    *row // the only row, else nil

	Type        string  // when all rows are of one type: its name in the API
	Purges      bool    // some are refreshes of files or directories
	Pushes      bool    // some are prefetches
	Types       []count // most failures first
	Domain      string  // when all rows are of one domain
	Domains     []count // at most 3
	Others      int     // further domains
	DomainCount int     // all of them
	Task        string  // when all rows are of one task id
	Took        span    // the longest any row took, or waits for
	Reasons     int     // how many different ones
	Worst       *row    // the first failed row, else nil

	Region  string
	ID      string // the delivery's
	When    string // it was seen
	Console string
	Bold    string // goes before and after bold text
	Notice  notice
}

// row is the dot of "row".
type row struct {
	Kind, Color  string // of the message
	Type         string
	Path, Name   string // whole as far as it fits, and its last part
	Domain       string
	Status, From string // in the API's words
	Process      string // "" when it says nothing
	Took         span
	Reason       reason
	Alone        bool // the only row: fields tell the rest
	Tell         bool // rows failed for different reasons: say which
}

// reason is the dot of "reason".
type reason struct {
	Kind   string // none, internal-error, origin-timeout, origin-status, other
	Detail string // the origin's status, or the unknown description
	Rows   int    // that failed for it
	Bold   string
}

// count is how many rows have something in common.
type count struct {
	Name         string
	Rows, Failed int
}

// span is a duration in words to be: 6 minutes. N is 0 when nothing is known.
type span struct {
	N    int
	Unit string // moment (less than a minute), minute, hour, day
}

// notice is what refreshwatch says about itself.
type notice struct {
	From, To            string // times
	Lasted              span
	Code, Message, Hint string
	Trouble             string // what Code is about: see troubleOf
	Failures            int    // polls in a row
}

// Byte budgets of encoded fields; together they keep every embedded leaf within
// its limit, so that leaves need no cutting.
const (
	pathBytes    = 120
	alonePath    = 180
	nameBytes    = 72
	domainBytes  = 64
	wordBytes    = 36 // types, statuses, processes
	idBytes      = 80
	detailBytes  = 160
	rowDetail    = 40
	messageBytes = 240
)

func newView(m Message, f facts, e encoder) view {
	v := view{
		Kind: head(clean(string(m.Kind)), wordBytes, e.text), Color: string(verdict(m.Kind, f)),
		Rows: len(f.events), Complete: f.complete, Failed: f.failed, Digest: m.Digest,
		Task: head(clean(f.task), idBytes, e.code), Took: newSpan(f.longest), Reasons: len(f.reasons),
		Region: head(clean(m.Region), wordBytes, e.text), ID: head(clean(m.ID), idBytes, e.code),
		When: e.date(f.latest), Console: console, Bold: e.bold,
	}
	v.addTypes(f.types, e)
	v.addDomains(f.domains, e)
	if len(f.events) == 1 {
		one := v.row(f.events[0], e)
		v.One = &one
	}
	if f.failed > 0 {
		worst := v.row(f.events[0], e)
		v.Worst = &worst
	}
	if m.Notice != nil {
		v.Notice = newNotice(*m.Notice, e)
	}
	return v
}

func (v *view) addTypes(types []tally, e encoder) {
	for _, t := range types {
		c := count{head(clean(t.name), wordBytes, e.text), t.n, t.failed}
		v.Types = append(v.Types, c)
		v.Purges = v.Purges || t.name == "file" || t.name == "directory"
		v.Pushes = v.Pushes || t.name == "preload"
	}
	const most = 4 // the API has three
	v.Types = v.Types[:min(most, len(v.Types))]
	if len(types) == 1 {
		v.Type = v.Types[0].Name
	}
}

func (v *view) addDomains(domains []tally, e encoder) {
	const most = 3
	for _, d := range domains[:min(most, len(domains))] {
		v.Domains = append(v.Domains, count{head(clean(d.name), domainBytes, e.text), d.n, d.failed})
	}
	v.DomainCount, v.Others = len(domains), len(domains)-len(v.Domains)
	if len(domains) == 1 {
		v.Domain = v.Domains[0].Name
	}
}

func (v *view) row(event poller.Event, e encoder) row {
	task := event.Task
	path, room := clean(poller.MaskUser(task.ObjectPath)), pathBytes
	if v.Rows == 1 {
		room = alonePath
	}
	r := row{
		Kind: v.Kind, Color: v.Color, Alone: v.Rows == 1, Tell: v.Reasons > 1,
		Type: head(clean(task.ObjectType), wordBytes, e.text),
		Path: middle(path, room, e.code), Name: head(lastPart(path), nameBytes, e.text),
		Domain: head(clean(task.Domain()), domainBytes, e.text),
		Status: head(clean(string(task.Status)), wordBytes, e.text),
		From:   head(clean(string(event.From)), wordBytes, e.text),
		Took:   newSpan(took(event)),
	}
	if !(task.Status == poller.Complete && strings.TrimSuffix(task.Process, "%") == "100") {
		r.Process = head(clean(task.Process), wordBytes, e.text)
	}
	if task.Status == poller.Failed {
		r.Reason = newReason(parseReason(task.Description), 1, rowDetail, e)
	}
	return r
}

func newReason(c cause, rows, room int, e encoder) reason {
	return reason{Kind: c.kind, Detail: head(clean(c.detail), room, e.text), Rows: rows, Bold: e.bold}
}

func newNotice(n Notice, e encoder) notice {
	v := notice{
		From: e.date(n.From), To: e.date(n.To), Failures: n.Count,
		Trouble: troubleOf(n.Code),
		Code:    head(clean(n.Code), idBytes, e.text),
		Message: head(strings.TrimRight(clean(n.Message), ".。 "), messageBytes, e.text),
		Hint:    head(clean(n.Hint), messageBytes, e.text),
	}
	if !n.From.IsZero() && n.To.After(n.From) {
		v.Lasted = newSpan(n.To.Sub(n.From))
	}
	return v
}

// newSpan rounds d as people do.
func newSpan(d time.Duration) span {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return span{}
	case d < time.Minute:
		return span{1, "moment"}
	case d.Round(time.Minute) < 90*time.Minute:
		return span{int(d.Round(time.Minute) / time.Minute), "minute"}
	case d.Round(time.Hour) < 2*day:
		return span{int(d.Round(time.Hour) / time.Hour), "hour"}
	}
	return span{int(d.Round(day) / day), "day"}
}

// lastPart is what people call an object: "intro.mp4", "assets/", or the host of
// a bare one.
func lastPart(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if i := strings.Index(path, "://"); i >= 0 {
		path = path[i+len("://"):]
	}
	i := strings.LastIndexByte(strings.TrimRight(path, "/"), '/')
	if part := path[i+1:]; utf8.RuneCountInString(part) > 1 {
		return part
	}
	return path
}

// verdict is the message's color.
func verdict(kind poller.Kind, f facts) Color {
	switch kind {
	case poller.Stalled, poller.Expired, Gap:
		return Mixed
	case Trouble:
		return Bad
	case Recovered:
		return Good
	case Test:
		return Neutral
	}
	switch n := len(f.events); {
	case n == 0:
		return Neutral
	case f.complete == n:
		return Good
	case f.failed == n:
		return Bad
	}
	return Mixed
}
