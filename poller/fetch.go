package poller

import (
	"context"
	"errors"
)

// FetchOptions bound one Fetch.
type FetchOptions struct {
	Workers int // pages asked at the same time; 0 for one
	Pages   int // most pages; 0 for any number
}

// Fetch asks qs in order and reads each to its end. It never fails as a whole:
// the rows read before an error count, and what was not answered is in Rest.
func Fetch(ctx context.Context, l Lister, qs []Query, o FetchOptions) Batch {
	var b Batch
	rows := newCollection(nil)
	for i, q := range qs {
		if b.Err != nil || o.Pages > 0 && b.Calls >= o.Pages {
			b.Rest = append(b.Rest, qs[i:]...)
			break
		}
		distinct := map[Key]bool{}
		for n := 1; ; n++ {
			page, err := l.List(ctx, q, n)
			if errors.Is(err, ErrNoSuchTask) && q.TaskID != "" {
				b.Whole = append(b.Whole, q)
				break
			}
			if err != nil {
				b.Err, b.Rest = err, append(b.Rest, q)
				break
			}
			b.Calls++
			rows.add(page.Tasks)
			for _, t := range page.Tasks {
				distinct[t.Key] = true
			}
			if len(page.Tasks) < PageSize {
				if len(distinct) == page.Total {
					b.Whole = append(b.Whole, q)
				} else {
					b.Rest, b.Unproven = append(b.Rest, q), b.Unproven+1
				}
				break
			}
		}
	}
	b.Tasks = rows.tasks
	return b
}
