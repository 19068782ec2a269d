package apitest

import (
	"strings"
	"time"

	"refreshwatch/poller"
)

// NumericIDs sends task ids that are digits as JSON numbers; the tasks must have
// no others.
func NumericIDs() Fault { return Fault{Name: "numeric ids", numericIDs: true} }

// StaleReplica answers with the rows and statuses of an earlier moment.
func StaleReplica(age time.Duration) Fault { return Fault{Name: "stale replica", stale: age} }

// Shuffled keeps no order among the rows of one second, anew for each page.
func Shuffled() Fault { return Fault{Name: "shuffled", shuffle: true} }

// LyingTotal claims so many more rows than there are, or fewer.
func LyingTotal(more int) Fault {
	return Fault{Name: "lying total", rows: func(l *listing) { l.total = max(l.total+more, 0) }}
}

// ShortPage leaves out the last n rows of a page.
func ShortPage(n int) Fault {
	return Fault{Name: "short page", rows: func(l *listing) { l.rows = l.rows[:max(len(l.rows)-n, 0)] }}
}

// RepeatedRows gives the first row of the page in the place of its last n.
func RepeatedRows(n int) Fault {
	return Fault{Name: "repeated rows", rows: func(l *listing) {
		for i := max(len(l.rows)-n, 1); i < len(l.rows); i++ {
			l.rows[i] = l.rows[0]
		}
	}}
}

// WithoutStatus leaves the status out of every row.
func WithoutStatus() Fault {
	return Fault{Name: "without status", rows: func(l *listing) {
		for i := range l.rows {
			l.rows[i].Status = ""
		}
	}}
}

// Insertion adds tasks right after the answer, that is between two pages.
func Insertion(tasks ...Task) Fault {
	return Fault{Name: "insertion", then: func(t *table, _ Request, _ time.Time) {
		for _, task := range tasks {
			_ = t.add(task, 0) // once is enough if the fault bites twice
		}
	}}
}

// Removal makes the API forget rows right after the answer, that is between two pages.
func Removal(keys ...poller.Key) Fault {
	return Fault{Name: "removal", then: func(t *table, _ Request, _ time.Time) {
		for _, key := range keys {
			t.remove(key)
		}
	}}
}

// Spellings are answers spelled otherwise that still say the same.
func Spellings() []Fault {
	whole := func(name string, wire func(*reply)) Fault { return Fault{Name: name, wire: wire} }
	return []Fault{
		whole("lower-case keys", func(r *reply) { r.body = respelled(r.body, strings.ToLower) }),
		whole("upper-case keys", func(r *reply) { r.body = respelled(r.body, strings.ToUpper) }),
		whole("byte order mark", func(r *reply) { r.body = append([]byte("\xef\xbb\xbf"), r.body...) }),
		whole("gzip", func(r *reply) {
			r.header.Set("Content-Encoding", "gzip")
			r.body = compressed(r.body)
		}),
		whole("gzip, not declared", func(r *reply) { r.body = compressed(r.body) }),
		whole("gzip declared, but plain", func(r *reply) { r.header.Set("Content-Encoding", "gzip") }),
		whole("numbers as text", func(r *reply) {
			r.body = with("PageSize", `"50"`)(with("PageNumber", `"1"`)(r.body))
		}),
	}
}

// Arrival adds a task after every answer, that is between any two pages.
func Arrival(next func() Task) Fault {
	return Fault{Name: "arrival", then: func(t *table, _ Request, _ time.Time) { _ = t.add(next(), 0) }}
}
