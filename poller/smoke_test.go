package poller

import (
	"context"
	"testing"
	"time"
)

type fixed []Task

func (f fixed) List(_ context.Context, q Query, page int) (Page, error) {
	var rows []Task
	for _, t := range f {
		if !t.Created.Before(q.From) && t.Created.Before(q.To) && (q.TaskID == "" || q.TaskID == t.TaskID) {
			rows = append(rows, t)
		}
	}
	total := len(rows)
	rows = rows[min(total, (page-1)*PageSize):min(total, page*PageSize)]
	return Page{Tasks: rows, Number: page, Total: total}, nil
}

func TestTellsARowThatFinishesOnce(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	row := Task{Key: Key{"1", "file", "http://a/b"}, Status: Refreshing, Created: now.Add(-time.Hour)}
	old := Task{Key: Key{"0", "file", "http://a/b"}, Status: Complete, Created: now.Add(-2 * time.Hour)}
	var s State
	told := 0
	for tick, status := range []Status{Refreshing, Refreshing, Complete, Complete} {
		row.Status = status
		p := s.Plan(now, DefaultLimits())
		b := Fetch(context.Background(), fixed{row, old}, p.Queries, FetchOptions{})
		b = b.Merge(Fetch(context.Background(), fixed{row, old}, s.LookUps(p, b), FetchOptions{}))
		c := s.Diff(p, b, now, Policy{Room: 10})
		told += len(c.Events)
		if tick == 2 && len(c.Events) != 1 || told > 1 {
			t.Fatalf("tick %d: %+v", tick, c)
		}
		if tick == 3 && c.Changed {
			t.Fatal("a quiet tick changed something")
		}
		s = c.State
		now = now.Add(time.Minute)
	}
}
