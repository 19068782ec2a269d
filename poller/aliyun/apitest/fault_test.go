package apitest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
)

func TestFaultsComeInTurn(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	s.Fault(Throttling().Times(2).When(OnPage(2)), Suspended().Times(1), Hang().When(OnPage(9)))
	q := poller.Query{From: now.Add(-time.Hour), To: now}
	for _, page := range []int{1, 1, 2, 2, 2} {
		_, _ = s.Lister(0).List(t.Context(), q, page)
	}
	s.Heal()
	_, _ = s.Lister(0).List(t.Context(), q, 9)
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.Outcome)
	}
	want := []string{"OperationDenied.Suspended", "ok", "Throttling", "Throttling", "ok", "ok"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPageFaults(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	task := func(i int) Task {
		return Task{Key: poller.Key{TaskID: string(rune('a' + i))}, Created: now.Add(-time.Hour + time.Duration(i)*time.Second)}
	}
	newer := Task{Key: poller.Key{TaskID: "z"}, Created: now.Add(-time.Minute)}
	for _, c := range []struct {
		fault       Fault
		first, then string // ids of two answers
		total       int    // of the first
	}{
		{ShortPage(2), "ed", "ed", 4},
		{RepeatedRows(2), "edee", "edee", 4},
		{LyingTotal(3), "edcb", "edcb", 7},
		{LyingTotal(-9), "edcb", "edcb", 0},
		{Insertion(newer), "edcb", "zedcb", 4},
		{Removal(task(3).Key), "edcb", "ecb", 4},
		{StaleReplica(time.Hour - 2*time.Second), "cb", "cb", 2},
	} {
		s := New(Options{Now: func() time.Time { return now }})
		for i := range 4 {
			add(t, s, task(i+1))
		}
		s.Fault(c.fault)
		for i, want := range []string{c.first, c.then} {
			page, err := s.Lister(0).List(t.Context(), poller.Query{From: now.Add(-2 * time.Hour), To: now}, 1)
			got := ""
			for _, task := range page.Tasks {
				got += task.TaskID
			}
			if err != nil || got != want || i == 0 && page.Total != c.total {
				t.Errorf("%s, answer %d: got %q of %d, %v; want %q of %d", c.fault.Name, i+1, got, page.Total, err, want, c.total)
			}
		}
	}
}

func TestShuffledKeepsSeconds(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	for i := range 40 {
		add(t, s, Task{Key: poller.Key{TaskID: fmt.Sprint(i)}, Created: now.Add(-time.Hour + time.Duration(i/20)*time.Second)})
	}
	s.Fault(Shuffled())
	q := poller.Query{From: now.Add(-2 * time.Hour), To: now}
	first := all(t, s, q)
	different := false
	for range 20 { // 20 rows a second: the chance of no change at all is nil
		again := all(t, s, q)
		different = different || !slices.Equal(first, again)
		if len(again) != 40 || !slices.IsSortedFunc(again, func(a, b poller.Task) int { return b.Created.Compare(a.Created) }) {
			t.Fatalf("got %d rows out of their seconds", len(again))
		}
	}
	if !different {
		t.Error("the order is always the same")
	}
}
