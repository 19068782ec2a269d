package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// formats of list, the default first.
var formats = []string{"table", "json", "csv", "html"}

// statuses that a list can be narrowed to. The last two are in no document of the API,
// but in its vendor's own tools for CDN (read 2026-08).
var statuses = []string{
	string(poller.Complete), string(poller.Failed), string(poller.Timeout), string(poller.Canceled),
	string(poller.Refreshing), string(poller.Pending), "Preloading", "PreloadPending",
}

// list shows the tasks of a window as the API knows them. It asks the API and nothing
// else, and leaves nothing behind.
func list(ctx context.Context, o *options, sh Shell) int {
	if err := checkList(o); err != nil {
		return sh.fail(asFlags(err))
	}
	line, log := sh.begin(o)
	w, err := setup.ConfigureAPI(sh.Getenv, log)
	if err != nil {
		return sh.fail(err)
	}
	sh.zone = sh.timeZone(w.Config.TimeZone)
	if o.req, err = o.req.In(sh.zone); err != nil {
		return sh.fail(asFlags(err))
	}
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	api := &watch.Guarded{Lister: w.API, Log: w.Log, Answered: newProgress(sh, line, w.Log).answered}
	l := watch.List(ctx, api, o.req, time.Now())
	line.clear()
	if watch.Code(l.Err) == watch.CodeUsage {
		return sh.fail(asFlags(l.Err))
	}
	sh.warnOfList(l, o.req)
	if l.Err != nil && len(l.Tasks) == 0 {
		return 1 // "0 tasks", or an empty page, would read as a fact
	}
	if skew, ok := w.API.Skew(); ok && skew > 2*time.Second && o.req.To == "" {
		sh.note(sh.say("This machine's clock is %s behind the API's: tasks of that time are left out. Set the clock.", skew.Round(time.Second)))
	}
	if part := partOfRows(l.Tasks, sh.words); part != "" && o.format == "html" {
		sh.note(part)
	}
	out := bufio.NewWriter(sh.Out)
	shown := listed{Listing: l, zone: sh.zone, title: sh.translate(w.Config.Product.Title) + " · " + w.Config.Region, filters: filtersOf(o.req)}
	err = errors.Join(sh.writeList(out, o.format, shown), out.Flush())
	if err != nil || !l.Whole {
		return 1
	}
	return 0
}

// checkList checks what a backfill's request does not allow, or knows nothing of.
func checkList(o *options) error {
	var mistakes []*poller.Mistake
	if !slices.Contains(formats, o.format) {
		mistakes = append(mistakes, unknown("-format", o.format, formats))
	}
	for _, s := range o.req.Statuses {
		if !slices.Contains(statuses, s) {
			mistakes = append(mistakes, unknown("-status", s, statuses))
		}
	}
	window := o.req
	window.Action, window.Statuses = watch.ActionBackfill, nil
	mistakes = append(mistakes, poller.Mistakes(window.Validate())...)
	if len(mistakes) > 0 {
		return watch.Usage(mistakes...)
	}
	return nil
}

func unknown(setting, word string, known []string) *poller.Mistake {
	return &poller.Mistake{Setting: setting, Problem: "unknown value " + poller.Quote(word), Next: watch.Suggest(word, known)}
}

// warnOfList says what the list lacks; the rows themselves do not show it.
func (sh Shell) warnOfList(l watch.Listing, req watch.Request) {
	if l.Clamped {
		sh.note(sh.say("The API keeps three days: what was created before %s is left out.", l.Window.From.In(sh.zone).Format(time.RFC3339)))
	}
	switch {
	case errors.Is(l.Err, context.DeadlineExceeded):
		sh.note(sh.say("Incomplete: time ran out after %s. Give it more time (-timeout), or a shorter window.", sh.count(len(l.Tasks), "task")))
	case errors.Is(l.Err, context.Canceled):
		sh.note(sh.say("Incomplete: interrupted after %s.", sh.count(len(l.Tasks), "task")))
	case l.Err != nil:
		sh.printError(l.Err)
		if len(l.Tasks) > 0 {
			sh.note(sh.say("Incomplete: the API stopped answering after %s.", sh.count(len(l.Tasks), "task")))
		}
	case !l.Whole:
		sh.note(sh.say("Possibly incomplete: the API's pages and its total did not agree. Try again in a minute."))
	case l.Unknown:
		sh.note(sh.say("The API lists no task %s created since %s.", req.TaskID, l.Window.From.In(sh.zone).Format(time.RFC3339)))
	}
}

// note says on stderr what a person should know beside the answer.
func (sh Shell) note(text string) {
	io.WriteString(sh.Err, "refreshwatch: "+printable(text)+"\n")
}

// listed is a listing and how it is shown.
type listed struct {
	watch.Listing
	zone  *time.Location
	title string // what was asked: the product and the region

	filters string // as the command line wrote them; "" for none
}

// filtersOf are the filters of a request, as flags. A page that is read elsewhere must
// not pass for the list of everything.
func filtersOf(req watch.Request) string {
	var flags []string
	for _, f := range watch.Fields {
		switch value := f.Of(&req).(type) {
		case *[]string:
			if len(*value) > 0 {
				flags = append(flags, "-"+f.Flag+" "+strings.Join(*value, ","))
			}
		case *string:
			if *value != "" && (f.Flag == "task-id" || f.Flag == "object-path") {
				flags = append(flags, "-"+f.Flag+" "+template.Mask(*value))
			}
		}
	}
	return strings.Join(flags, " ")
}

func (sh Shell) writeList(out io.Writer, format string, l listed) error {
	switch format {
	case "json":
		return writeTaskLines(out, l)
	case "csv":
		return writeCSV(out, l)
	case "html":
		return writePage(out, l, sh.words)
	}
	if !sh.OutTTY {
		return writeTable(out, l, sh.words, 0)
	}
	return writeTable(out, l, sh.words, sh.Width)
}

// states are what a reader wants to tell apart, in the order they are shown.
var states = []string{"complete", "failed", "canceled", "in flight"}

// stateOf sorts a status into one of states.
func stateOf(s poller.Status) string {
	switch {
	case s == poller.Complete:
		return "complete"
	case s.Failure():
		return "failed"
	case s == poller.Canceled:
		return "canceled"
	}
	return "in flight"
}

// tally counts rows by state.
func tally(tasks []poller.Task) map[string]int {
	n := map[string]int{}
	for _, t := range tasks {
		n[stateOf(t.Status)]++
	}
	return n
}

// reasonCount is a reason of failures and how many rows have it.
type reasonCount struct {
	reason string
	rows   int
}

// reasons counts the failures, the most frequent reason first.
func reasons(tasks []poller.Task, w words) []reasonCount {
	n := map[string]int{}
	for _, t := range tasks {
		if t.Status.Failure() {
			n[reason(t, w)]++
		}
	}
	var all []reasonCount
	for _, name := range slices.Sorted(maps.Keys(n)) {
		all = append(all, reasonCount{name, n[name]})
	}
	poller.Sort(all, func(a, b reasonCount) int { return cmp.Compare(b.rows, a.rows) })
	return all
}

// reason is why a row failed, in one spelling; "" for a row that did not.
func reason(t poller.Task, w words) string {
	text := printable(template.Reason(t.Description))
	switch {
	case !t.Status.Failure():
		return text
	case text == "" && t.Status == poller.Timeout:
		return w.say("not carried out in time")
	case text == "":
		return w.say("no reason given")
	}
	return text
}
