package template

import (
	"strings"
	"time"

	"refreshwatch/poller"
)

// view is the dot of the templates. Its strings were cleaned, cut and escaped for the
// dialect when it was built: a template can neither forget that nor reach the task
// data behind them. It has no methods.
type view struct {
	Kind  string // finished, stalled, expired, gap, trouble, recovered, quota, test
	Color string // good, bad, mixed, neutral

	Rows, Complete, Failed, Canceled int // of the whole message; Failed counts Failed and Timeout
	InFlight                         int // rows of the same submission that have not finished
	Hidden                           int // rows of the listed kind that are not shown
	Digest                           bool
	One                              *row // the only row, else nil

	Type        string  // when all rows are of one type: its name in the API
	Refreshes   bool    // some are refreshes of files or directories
	Prefetches  bool    // some are prefetches
	Types       []count // most failures first
	Domain      string  // when all rows are of one domain
	Domains     []count // at most 3
	Others      int     // further domains
	DomainCount int     // all of them
	Task        string  // when all rows are of one task id
	Took        span    // how long the rows took, when polls saw it closely enough
	Age         span    // the longest any row had been in flight when it was seen
	Submitted   string  // a time, when it is the same for all rows
	FinishedBy  string  // when the last row was seen finished
	Seen        string  // when it was seen in flight (stalled), missing (expired) or low (quota)
	Reasons     int     // how many different ones
	Worst       *row    // the first failed row, else nil

	Action      string // backfill or renotify, else ""
	Label       string // the deployment's name
	LastChanges int    // rows that keep changing: nobody is notified of their further changes

	Product    string // CDN, DCDN, or "" for VOD
	Permission string // that reading the tasks needs
	Endpoint   string // the variable that sets where the API is, or STS in trouble of a role
	Region     string
	ID         string // the first characters of the delivery's id
	Console    string // a URL
	Bold       string // goes before and after bold text
	Notice     notice
}

// row is the dot of "row".
type row struct {
	Kind, Color  string // of the message
	Product      string
	Type         string
	Path, Name   string // whole as far as it fits, and what a title calls it
	Domain       string
	Status, From string // in the API's words
	LastChange   bool   // it keeps changing: nobody is notified of further changes
	Failed       bool
	Process      string // "" when it says nothing
	Age          span
	Reason       reason
	Alone        bool // the only row: fields say the rest
	ShowReason   bool // rows failed for different reasons: say which
}

// reason is the dot of "reason".
type reason struct {
	Kind   string // none, internal-error, origin-timeout, origin-status, not-carried-out, other
	Detail string // the origin's status, or the unknown description
	Rows   int    // that failed for it
	Bold   string
}

// count is how many rows have something in common.
type count struct {
	Name         string
	Rows, Failed int
}

// span is a duration to be put into words: 6 minutes, or 4 to 5 minutes when To is
// set. Unit is "" when nothing is known.
type span struct {
	N, To int
	Unit  string // moment (less than a minute), minute, hour, day
}

// notice is what refreshwatch says about itself.
type notice struct {
	From, To            string // times
	Lasted              span
	Code, Message, Hint string
	Trouble             string // what Code is about: see troubleOf
	Role                string // that could not be assumed, else ""
	Failures            int    // polls in a row
	Quotas              []quota
	UsedUp              bool // nothing is left of any of them
}

// quota is what is left of one type's quota, for a day.
type quota struct {
	Type        string
	Left, Total int
}

// What a value may take, in bytes of escaped text. Together they keep every embedded
// leaf within the sizes of Card: this is the only place where text is cut.
const (
	pathBytes    = 120
	alonePath    = 180
	nameBytes    = 110
	domainBytes  = 64
	wordBytes    = 36 // types, statuses, processes
	labelBytes   = 40
	idBytes      = 80
	detailBytes  = 160
	rowDetail    = 40
	messageBytes = 240
	idRunes      = 8

	maxQuotas  = 5 // that one message names: they fit a title
	quotaBytes = 24
	roleBytes  = 120
)

// room is how much a card may list. WeCom takes 4,096 bytes of Markdown, the others
// at least 6,000 characters (read 2026-11).
type room struct{ rows, reasons, path int }

func (d Dialect) room() room {
	if d == WeCom {
		return room{rows: 8, reasons: 2, path: 100}
	}
	return room{rows: 10, reasons: 4, path: pathBytes}
}

// newView builds the dot of m's templates.
func (s *Set) newView(d Dialect, m Message, f facts) (view, writer) {
	w := writer{d.markup(), s.zone}
	v := view{
		Kind: w.text(string(m.Kind), wordBytes), Color: string(colorOf(m.Kind, f)),
		LastChanges: lastChanges(f.events),
		Rows:        len(f.events), Complete: f.complete, Failed: f.failed, Canceled: f.canceled, InFlight: m.InFlight, Digest: m.Digest,
		Task: w.code(f.task, idBytes), Took: newRange(f.took), Age: newSpan(f.age), Reasons: len(f.reasons),
		Label: w.text(s.label, labelBytes), Product: s.product.title, Permission: s.product.permission, Endpoint: w.text(s.product.endpoint, wordBytes),
		Region: w.text(m.Region, wordBytes), ID: w.code(firstRunes(m.ID, idRunes), idBytes),
		Console: s.console, Bold: w.bold,
	}
	if m.Action == "backfill" || m.Action == "renotify" {
		v.Action = m.Action
	}
	submitted, seen := w.times(f.created, f.seen)
	v.Submitted = submitted
	if m.Kind == poller.Finished {
		v.FinishedBy = seen
	} else {
		v.Seen = seen
	}
	v.addTypes(f.types, w)
	v.addDomains(f.domains, w)
	if len(f.events) == 1 {
		one := v.row(f.events[0], w, pathBytes)
		v.One = &one
	}
	if f.failed > 0 {
		worst := v.row(f.events[0], w, pathBytes)
		v.Worst = &worst
	}
	if m.Notice != nil {
		v.Notice = newNotice(*m.Notice, w)
		if v.Notice.Role != "" {
			v.Endpoint = w.text("STS_ENDPOINT", wordBytes)
		}
		if m.Kind == LowQuota {
			v.Seen = v.Notice.From
		}
	}
	return v, w
}

func (v *view) addTypes(types []tally[string], w writer) {
	for _, t := range types {
		v.Types = append(v.Types, count{w.text(t.key, wordBytes), t.n, t.failed})
		v.Refreshes = v.Refreshes || t.key == "file" || t.key == "directory" || t.key == "regex"
		v.Prefetches = v.Prefetches || t.key == "preload"
	}
	const most = 4 // the API has three
	v.Types = v.Types[:min(most, len(v.Types))]
	if len(types) == 1 {
		v.Type = v.Types[0].Name
	}
}

func (v *view) addDomains(domains []tally[string], w writer) {
	const most = 3
	for _, d := range domains[:min(most, len(domains))] {
		v.Domains = append(v.Domains, count{w.text(d.key, domainBytes), d.n, d.failed})
	}
	v.DomainCount, v.Others = len(domains), len(domains)-len(v.Domains)
	if len(domains) == 1 {
		v.Domain = v.Domains[0].Name
	}
}

func lastChanges(events []poller.Event) (n int) {
	for _, e := range events {
		if e.LastChange {
			n++
		}
	}
	return n
}

func (v *view) row(event poller.Event, w writer, path int) row {
	task := event.Task
	if v.Rows == 1 {
		path = alonePath
	}
	r := row{
		Kind: v.Kind, Color: v.Color, Product: v.Product, Alone: v.Rows == 1, ShowReason: v.Reasons > 1,
		Type: w.text(typeOf(task), wordBytes),
		Path: w.path(task.ObjectPath, path), Name: w.name(task.ObjectPath, nameBytes),
		Domain: w.text(task.Domain(), domainBytes),
		Status: w.text(string(task.Status), wordBytes), From: w.text(string(event.From), wordBytes),
		LastChange: event.LastChange, Failed: task.Status.Failure(), Age: newSpan(age(event)),
	}
	if !(task.Status == poller.Complete && strings.TrimSuffix(task.Process, "%") == "100") {
		r.Process = w.text(task.Process, wordBytes)
	}
	if r.Failed {
		r.Reason = newReason(causeOf(task), 1, rowDetail, w)
	}
	return r
}

func newReason(c cause, rows, limit int, w writer) reason {
	return reason{Kind: c.kind, Detail: w.text(c.detail, limit), Rows: rows, Bold: w.bold}
}

func newNotice(n Notice, w writer) notice {
	v := notice{
		From: w.time(n.From), To: w.time(n.To), Failures: n.Count,
		Trouble: troubleOf(n.Code), Role: w.text(n.Role, roleBytes),
		Code:   w.text(n.Code, idBytes),
		Hint:   w.text(n.Hint, messageBytes),
		UsedUp: len(n.Quota) > 0,
	}
	for _, q := range n.Quota[:min(maxQuotas, len(n.Quota))] {
		v.Quotas = append(v.Quotas, quota{w.text(q.ObjectType, quotaBytes), q.Left, q.Total})
		v.UsedUp = v.UsedUp && q.Left == 0
	}
	if v.Trouble == "" || v.Trouble == "network" { // of the others code and advice say it, and in the reader's language
		v.Message = w.text(strings.TrimRight(n.Message, ".。 "), messageBytes)
	}
	if !n.From.IsZero() && n.To.After(n.From) {
		v.Lasted = newSpan(n.To.Sub(n.From))
	}
	return v
}

// newSpan rounds d as people do.
func newSpan(d time.Duration) span {
	unit, size := unitOf(d)
	switch {
	case d <= 0:
		return span{}
	case d < time.Minute:
		return span{N: 1, Unit: "moment"}
	}
	return span{N: rounded(d, size), Unit: unit}
}

// newRange rounds both ends in the unit of the longer one.
func newRange(d duration) span {
	if d.high <= 0 {
		return span{}
	}
	if d.high < time.Minute {
		return span{N: 1, Unit: "moment"}
	}
	unit, size := unitOf(d.high)
	s := span{N: rounded(d.low, size), To: rounded(d.high, size), Unit: unit}
	if s.N == s.To {
		s.To = 0
	}
	return s
}

func unitOf(d time.Duration) (string, time.Duration) {
	const day = 24 * time.Hour
	switch {
	case d.Round(time.Minute) < 90*time.Minute:
		return "minute", time.Minute
	case d.Round(time.Hour) < 2*day:
		return "hour", time.Hour
	}
	return "day", day
}

func rounded(d, unit time.Duration) int { return int(d.Round(unit) / unit) }

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// colorOf is the message's color.
func colorOf(kind poller.Kind, f facts) Color {
	switch kind {
	case poller.Stalled, poller.Expired, Gap, LowQuota:
		return Mixed
	case Trouble:
		return Bad
	case Recovered:
		return Good
	case Test:
		return Neutral
	}
	switch {
	case f.failed > 0 && f.failed == len(f.events):
		return Bad
	case f.failed > 0:
		return Mixed
	case f.complete > 0:
		return Good
	}
	return Neutral
}
