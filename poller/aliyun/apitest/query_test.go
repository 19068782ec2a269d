package apitest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
)

// The index, the list of open rows and the look-up by id are short cuts: they
// must find what looking at every row finds.
func TestShortCutsFindWhatAFullScanFinds(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	s := New(Options{Now: func() time.Time { return now }, Late: 7 * time.Second})
	var keys []poller.Key
	types := []string{"file", "directory", "preload"}
	scripts := [][]Step{Finish(time.Hour), Fail(2*time.Hour, "Internal Error"), Stuck(time.Minute), nil,
		{{After: time.Minute, Status: poller.Complete}, {After: time.Hour, Status: poller.Refreshing}, {After: 3 * time.Hour, Status: poller.Failed}}}
	for range 60 {
		for range random.IntN(30) {
			key := poller.Key{TaskID: fmt.Sprint(random.IntN(40)), ObjectType: types[random.IntN(3)], ObjectPath: fmt.Sprintf("https://%d.example.com/%d", random.IntN(3), len(keys))}
			keys = append(keys, key)
			add(t, s, Task{Key: key, Created: now.Add(time.Duration(random.IntN(7200)-3600) * time.Second),
				Late: time.Duration(random.IntN(60)) * time.Second, Steps: scripts[random.IntN(len(scripts))]})
		}
		now = now.Add(time.Duration(random.IntN(3600)) * time.Second)
		if len(keys) > 0 && random.IntN(3) == 0 {
			_ = s.Set(keys[random.IntN(len(keys))], []poller.Status{poller.Complete, poller.Refreshing}[random.IntN(2)], "", "") // gone by then is fine
			s.Remove(keys[random.IntN(len(keys))])
		}
		q := poller.Query{From: now.Add(-time.Duration(random.IntN(90)) * time.Hour), To: now.Add(-time.Duration(random.IntN(3600)) * time.Second)}
		if !q.From.Before(q.To) {
			continue
		}
		if random.IntN(2) == 0 {
			q.ObjectType = types[random.IntN(3)]
			q.Status = []poller.Status{"", poller.Complete, poller.Failed, poller.Refreshing, poller.Refreshing}[random.IntN(5)]
		}
		if random.IntN(3) == 0 {
			q.TaskID = fmt.Sprint(random.IntN(40))
		}
		if diff := cmp.Diff(scan(s, q, now), all(t, s, q)); diff != "" {
			t.Fatalf("%+v: %s", q, diff)
		}
	}
}

// scan is the listing as one would first write it.
func scan(s *Server, q poller.Query, now time.Time) []poller.Task {
	var rows []*row
	for _, r := range s.tables["vod"].byKey {
		if !r.since.After(now) && !r.Created.Before(q.From.Truncate(time.Second)) && !r.Created.After(q.To.Truncate(time.Second)) &&
			!r.Created.Before(now.Add(-memory)) && (q.ObjectType == "" || r.ObjectType == q.ObjectType) &&
			(q.Status == "" || r.at(now).Status == q.Status) && (q.TaskID == "" || r.TaskID == q.TaskID) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *row) int { return oldestFirst(b, a) })
	var tasks []poller.Task
	for _, r := range rows {
		step := r.at(now)
		tasks = append(tasks, poller.Task{Key: r.Key, Status: step.Status, Process: step.Process, Description: step.Description, Created: r.Created})
	}
	return tasks
}

// Simulations of days live on this.
func BenchmarkListerOver100000Rows(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	for i := range 100_000 {
		steps := Finish(time.Hour)
		if i%1000 == 0 {
			steps = Stuck(time.Minute)
		}
		key := poller.Key{TaskID: fmt.Sprint(i / 20), ObjectType: "file", ObjectPath: fmt.Sprint(i)}
		if err := s.Add(Task{Key: key, Created: now.Add(-71*time.Hour + time.Duration(i)*2*time.Second), Steps: steps}); err != nil {
			b.Fatal(err)
		}
	}
	window := poller.Query{From: now.Add(-72 * time.Hour), To: now}
	open, id := window, window
	open.Status, open.ObjectType, id.TaskID = poller.Refreshing, "file", "77"
	for name, q := range map[string]poller.Query{"window": window, "open": open, "id": id} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Lister(0).List(b.Context(), q, i%1000+1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What the document leaves open, both ways.
func TestOpenQuestions(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ids := func(o Options, q poller.Query) string {
		o.Now = func() time.Time { return now }
		s := New(o)
		for i, id := range []string{"a", "b", "c"} {
			add(t, s, Task{Key: poller.Key{TaskID: id}, Created: now.Add(time.Duration(i-10) * time.Second)})
		}
		page, err := s.Lister(0).List(t.Context(), q, 1)
		if err != nil {
			if !errors.Is(err, poller.ErrNoSuchTask) {
				t.Error(err)
			}
			return "no such task"
		}
		got := ""
		for _, task := range page.Tasks {
			got += task.TaskID
		}
		return got
	}
	toB := poller.Query{From: now.Add(-10 * time.Second), To: now.Add(-9 * time.Second)}
	unknown := toB
	unknown.TaskID = "x"
	for _, c := range []struct {
		name    string
		options Options
		query   poller.Query
		want    string
	}{
		{"both ends count", Options{}, toB, "ba"},
		{"the end does not count", Options{EndExclusive: true}, toB, "a"},
		{"oldest first", Options{OldestFirst: true}, toB, "ab"},
		{"an unknown id lists nothing", Options{}, unknown, ""},
		{"an unknown id is an error", Options{UnknownTaskIsError: true}, unknown, "no such task"},
	} {
		if got := ids(c.options, c.query); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
