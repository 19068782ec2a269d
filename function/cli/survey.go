package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"refreshwatch/poller"
)

// No document says how the real API sorts, whether both ends of a time range count, and
// more that a program which reads it must not rely on. A survey finds out on the user's
// own account, with read-only requests, what can be found out. Its answers hold no path,
// no domain and no id: they can be pasted into a bug report.

// surveyed is what was found out about one question.
type surveyed struct {
	item   string
	answer string
}

// unknownTaskID is no task's: real ones have more digits.
const unknownTaskID = "1"

// survey asks in turn. pause passes some time between two readings of the same rows.
type survey struct {
	api   poller.Lister
	now   time.Time
	pause func(time.Duration)

	window poller.Query
	asked  int
	found  []surveyed
}

func takeSurvey(ctx context.Context, api poller.Lister, now time.Time, pause func(time.Duration)) ([]surveyed, int, error) {
	now = now.UTC().Truncate(time.Second)
	s := &survey{api: api, now: now, pause: pause}
	s.window = poller.Query{From: now.Add(-70 * time.Hour), To: now.Add(time.Second)}
	first, err := s.list(ctx, s.window, 1)
	if err != nil {
		return nil, s.asked, err
	}
	again, err := s.list(ctx, s.window, 1)
	if err != nil {
		return nil, s.asked, err
	}
	s.order(first.Tasks)
	s.stable(first, again)
	s.ends(ctx, first)
	s.submissions(ctx, first.Tasks)
	s.lazy(ctx, first.Tasks, again.Tasks)
	s.unknownID(ctx)
	s.empty(ctx, first)
	s.beyond(ctx, first.Total)
	return s.found, s.asked, ctx.Err()
}

func (s *survey) list(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	s.asked++
	return s.api.List(ctx, q, page)
}

func (s *survey) add(item, format string, args ...any) {
	s.found = append(s.found, surveyed{item, fmt.Sprintf(format, args...)})
}

// outcome words an answer without its rows.
func outcomeOf(page poller.Page, err error) string {
	var api *poller.Error
	switch {
	case errors.As(err, &api):
		return "the error " + api.Code
	case err != nil:
		return "no answer"
	}
	return fmt.Sprintf("%d rows, total %d", len(page.Tasks), page.Total)
}

const tooFew = "not known: too few tasks in the last 70 hours"

// order is how creation times follow each other on a page.
func (s *survey) order(rows []poller.Task) {
	up, down, same := 0, 0, 0
	for i := 1; i < len(rows); i++ {
		switch c := rows[i].Created.Compare(rows[i-1].Created); {
		case c > 0:
			up++
		case c < 0:
			down++
		default:
			same++
		}
	}
	switch {
	case up+down == 0:
		s.add("order", tooFew)
	case up == 0:
		s.add("order", "newest first (%d steps down, %d within a second)", down, same)
	case down == 0:
		s.add("order", "oldest first (%d steps up, %d within a second)", up, same)
	default:
		s.add("order", "not by creation time (%d steps up, %d down)", up, down)
	}
}

// stable is whether the same question gets the same answer.
func (s *survey) stable(first, again poller.Page) {
	keys := func(p poller.Page) (all []poller.Key) {
		for _, t := range p.Tasks {
			all = append(all, t.Key)
		}
		return all
	}
	sorted := func(all []poller.Key) []poller.Key {
		all = slices.Clone(all)
		poller.Sort(all, func(a, b poller.Key) int {
			return strings.Compare(a.TaskID+"\n"+a.ObjectType+"\n"+a.ObjectPath, b.TaskID+"\n"+b.ObjectType+"\n"+b.ObjectPath)
		})
		return all
	}
	a, b := keys(first), keys(again)
	switch {
	case len(a) < 2:
		s.add("repetition", tooFew)
	case first.Total != again.Total:
		s.add("repetition", "the total went from %d to %d; new tasks may be the reason", first.Total, again.Total)
	case slices.Equal(a, b):
		s.add("repetition", "the same page twice has the same rows in the same order")
	case slices.Equal(sorted(a), sorted(b)):
		s.add("repetition", "the same page twice has the same rows in another order")
	default:
		s.add("repetition", "the same page twice has other rows")
	}
}

// ends is whether rows created at the start and at the end of a range are listed. The
// row that it asks about has been there for a while; a busy account's are further back.
func (s *survey) ends(ctx context.Context, first poller.Page) {
	settled := func(t poller.Task) bool {
		return t.Created.Before(s.now.Add(-2*time.Minute)) && t.Created.After(s.window.From.Add(time.Minute))
	}
	rows := first.Tasks
	if pages := (first.Total + poller.PageSize - 1) / poller.PageSize; pages > 1 && !slices.ContainsFunc(rows, settled) {
		middle, err := s.list(ctx, s.window, pages/2+1)
		if err != nil {
			s.add("range", "not known (%s)", outcomeOf(middle, err))
			return
		}
		rows = middle.Tasks
	}
	i := slices.IndexFunc(rows, settled)
	if i < 0 {
		s.add("range", tooFew)
		return
	}
	at := rows[i].Created
	has := func(from, to time.Time) string {
		page, err := s.list(ctx, poller.Query{From: from, To: to}, 1)
		switch {
		case err != nil:
			return "not known (" + outcomeOf(page, err) + ")"
		case slices.ContainsFunc(page.Tasks, func(t poller.Task) bool { return t.Created.Equal(at) }):
			return "counts"
		case len(page.Tasks) >= poller.PageSize:
			return "not known (more rows than a page)"
		}
		return "does not count"
	}
	s.add("range", "a task created at StartTime %s, one created at EndTime %s", has(at, at.Add(10*time.Second)), has(at.Add(-10*time.Second), at))
}

// mostLookedUp bounds the submissions that are asked for by id.
const mostLookedUp = 3

// submissions is whether the rows of one task id share their second.
func (s *survey) submissions(ctx context.Context, rows []poller.Task) {
	created := map[string][]time.Time{}
	for _, t := range rows {
		if _, known := created[t.TaskID]; known || len(created) == mostLookedUp {
			continue
		}
		q := s.window
		q.TaskID = t.TaskID
		page, err := s.list(ctx, q, 1)
		if err != nil {
			s.add("submissions", "not known (%s)", outcomeOf(page, err))
			return
		}
		created[t.TaskID] = nil
		for _, row := range page.Tasks {
			created[t.TaskID] = append(created[t.TaskID], row.Created)
		}
	}
	several, shared := 0, 0
	for _, times := range created {
		if len(times) < 2 {
			continue
		}
		several++
		if !slices.ContainsFunc(times, func(t time.Time) bool { return !t.Equal(times[0]) }) {
			shared++
		}
	}
	if several == 0 {
		s.add("submissions", "not known: the newest submissions have one object each")
		return
	}
	s.add("submissions", "%d of %d with several rows have them in one second", shared, several)
}

// lazy is whether a status moves only because it was asked for: then the second of two
// readings in a row knows more than the first, and the third no more than the second.
func (s *survey) lazy(ctx context.Context, first, second []poller.Task) {
	status := func(rows []poller.Task) map[poller.Key]string {
		all := map[poller.Key]string{}
		for _, t := range rows {
			all[t.Key] = string(t.Status) + t.Process
		}
		return all
	}
	inFlight := 0
	for _, t := range first {
		if !finished(t.Status) {
			inFlight++
		}
	}
	if inFlight == 0 {
		s.add("status", "not known: no task in flight on the first page")
		return
	}
	s.pause(3 * time.Second)
	page, err := s.list(ctx, s.window, 1)
	if err != nil {
		s.add("status", "not known (%s)", outcomeOf(page, err))
		return
	}
	a, b, c := status(first), status(second), status(page.Tasks)
	moved := func(from, to map[poller.Key]string) (n int) {
		for key, was := range from {
			if is, ok := to[key]; ok && is != was {
				n++
			}
		}
		return n
	}
	atOnce, later := moved(a, b), moved(b, c)
	switch {
	case atOnce > later:
		s.add("status", "of %d in flight %d moved between two readings in a row and %d in the 3 seconds after: it seems to move when asked", inFlight, atOnce, later)
	case atOnce+later == 0:
		s.add("status", "of %d in flight none moved in 3 seconds: no sign that it moves only when asked", inFlight)
	default:
		s.add("status", "of %d in flight %d moved between two readings in a row and %d in the 3 seconds after: it seems to move by itself", inFlight, atOnce, later)
	}
}

func (s *survey) unknownID(ctx context.Context) {
	q := s.window
	q.TaskID = unknownTaskID
	s.add("unknown task id", "%s", outcomeOf(s.list(ctx, q, 1)))
}

// empty asks about a second in which nothing was created.
func (s *survey) empty(ctx context.Context, first poller.Page) {
	at, ok := s.quiet(first)
	if !ok {
		s.add("empty list", "not known: the rows of the first page show no time without tasks")
		return
	}
	s.add("empty list", "%s", outcomeOf(s.list(ctx, poller.Query{From: at, To: at.Add(time.Second)}, 1)))
}

// quiet is a time between two neighbours in an ordered page, or beside all the rows there
// are: nothing was created then.
func (s *survey) quiet(first poller.Page) (time.Time, bool) {
	const gap = 2 * time.Second // to either side
	rows := slices.Clone(first.Tasks)
	down := func(a, b poller.Task) int { return b.Created.Compare(a.Created) }
	up := func(a, b poller.Task) int { return a.Created.Compare(b.Created) }
	if len(rows) < first.Total && !slices.IsSortedFunc(rows, down) && !slices.IsSortedFunc(rows, up) {
		return time.Time{}, false
	}
	slices.SortFunc(rows, down)
	for i := 1; i < len(rows); i++ {
		if rows[i-1].Created.Sub(rows[i].Created) >= 2*gap+time.Second {
			return rows[i].Created.Add(gap), true
		}
	}
	if len(rows) < first.Total {
		return time.Time{}, false
	}
	before := s.now.Add(-time.Hour)
	if len(rows) > 0 {
		before = rows[len(rows)-1].Created.Add(-time.Minute)
	}
	return before, before.After(s.window.From)
}

func (s *survey) beyond(ctx context.Context, total int) {
	s.add("page beyond the last", "%s", outcomeOf(s.list(ctx, s.window, total/poller.PageSize+2)))
}

// surveyText is the paragraph for a bug report.
func surveyText(product, region string, now time.Time, found []surveyed, asked int) string {
	var parts []string
	for _, f := range found {
		parts = append(parts, f.item+": "+f.answer+".")
	}
	return fmt.Sprintf("Survey of %s in %s, %s, %d requests. %s", product, region, now.UTC().Format(time.DateOnly), asked, strings.Join(parts, " "))
}
