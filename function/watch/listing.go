package watch

import (
	"context"
	"strings"
	"time"

	"refreshwatch/poller"
)

// Listing is the tasks of a window as the API knows them. No checkpoint has a part in
// it, and neither have WATCH_DOMAINS and WATCH_OBJECT_TYPES.
type Listing struct {
	Window  poller.Span   // creation times that were asked for, as far back as the API answers
	Read    time.Time     // when, UTC
	Tasks   []poller.Task // newest first
	Whole   bool          // no row of the window is missing
	Clamped bool          // the request reaches further back than the API does
	Unknown bool          // the API does not know the task id of the request
	Err     error         // why the API gave no full answer; nil beside !Whole: it contradicted itself
}

// List reads the window of req, whose filters may name any status. The deadline of ctx
// bounds it. A malformed task id is an error of [CodeUsage] in Err.
func List(ctx context.Context, api poller.Lister, req Request, now time.Time) Listing {
	window := req.window(now)
	filter := (&run{req: req}).filter()
	limits := poller.DefaultLimits()
	limits.Margin = time.Minute
	if deadline, ok := ctx.Deadline(); ok { // the window's old end must not leave the API's memory meanwhile
		limits.Margin += min(deadline.Sub(now), 10*time.Minute)
	}
	l := Listing{Window: window, Read: now.UTC(), Clamped: window.From.Before(now.Add(-apiWindow))}
	if floor := now.Add(limits.Margin - limits.Window).Truncate(time.Second); window.From.Before(floor) {
		l.Window.From = floor
		if floor.After(window.To) { // nothing of it can be asked for
			l.Window.From = window.To
		}
	}
	ids := &TaskIDs{Lister: api}
	rows := l.readAll(ctx, ids, filter.Windows(window, now, limits))
	l.Unknown = req.TaskID != "" && len(rows) == 0 && l.Err == nil
	if err := ids.Malformed(req.TaskID); err != nil {
		l.Err = err
	}
	for _, t := range rows {
		if filter.Match(t) && (t.Created.IsZero() || !t.Created.Before(l.Window.From.Truncate(time.Second)) && !t.Created.After(l.Window.To)) {
			l.Tasks = append(l.Tasks, t)
		}
	}
	poller.Sort(l.Tasks, func(a, b poller.Task) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.TaskID+a.ObjectPath, b.TaskID+b.ObjectPath)
	})
	for i := range l.Tasks { // a list is shown, and passed on
		l.Tasks[i].ObjectPath = poller.MaskUser(l.Tasks[i].ObjectPath)
	}
	return l
}

// readAll reads the windows to their end. One reader bounds what it holds, so that it
// takes several for very many rows: each goes on where the one before it stopped.
func (l *Listing) readAll(ctx context.Context, api poller.Lister, left []poller.Window) map[poller.Key]poller.Task {
	rows := map[poller.Key]poller.Task{}
	for len(left) > 0 {
		reader := poller.NewReader(api, poller.State{}, fetchWorkers)
		reader.Read(ctx, time.Time{}, left...)
		batch := reader.Batch()
		for _, t := range batch.Tasks {
			rows[t.Key] = t
		}
		left, l.Err = batch.Rest(), batch.Err
		if l.Err != nil || batch.Calls == 0 || batch.Unproven > 0 {
			break
		}
	}
	l.Whole = len(left) == 0 && l.Err == nil
	return rows
}
