package apitest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
)

func TestTasksMoveWithTheClock(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	key := poller.Key{TaskID: "7001", ObjectType: "file", ObjectPath: "https://a.example.com/1"}
	add(t, s, Task{Key: key, Created: now, Steps: Fail(4*time.Minute, "Origin Timeout")})
	ask := func() poller.Task { return one(t, s, now) }
	start := now
	for _, c := range []struct {
		age  time.Duration
		want poller.Task
	}{
		{0, poller.Task{Status: poller.Pending, Process: "0%"}},
		{time.Minute, poller.Task{Status: poller.Refreshing, Process: "50%"}},
		{4*time.Minute - time.Second, poller.Task{Status: poller.Refreshing, Process: "50%"}},
		{4 * time.Minute, poller.Task{Status: poller.Failed, Process: "0%", Description: "Origin Timeout"}},
		{71 * time.Hour, poller.Task{Status: poller.Failed, Process: "0%", Description: "Origin Timeout"}},
	} {
		now = start.Add(c.age)
		c.want.Key, c.want.Created = key, start
		if diff := cmp.Diff(c.want, ask()); diff != "" {
			t.Errorf("at %v: %s", c.age, diff)
		}
	}
	if err := s.Set(key, poller.Complete, "100%", ""); err != nil {
		t.Fatal(err)
	}
	if got := ask(); got.Status != poller.Complete {
		t.Errorf("set by hand: got %+v", got)
	}
	now = start.Add(73 * time.Hour)
	if got := all(t, s, poller.Query{From: start, To: now}); len(got) != 0 {
		t.Errorf("after three days: got %+v", got)
	}
	if err := s.Set(poller.Key{}, poller.Complete, "", ""); err == nil {
		t.Error("a row that is not there was set")
	}
	if err := s.Add(Task{Key: key}); err == nil {
		t.Error("a row was added twice")
	}
}

func TestLazyServerIsOneAnswerBehind(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }, Lazy: true})
	add(t, s, Task{Key: poller.Key{TaskID: "1", ObjectType: "file"}, Created: now, Steps: Finish(4 * time.Minute)})
	var got []poller.Status
	for _, later := range []time.Duration{3, 0, 2, 3, 2} {
		now = now.Add(later * time.Minute)
		got = append(got, one(t, s, now).Status)
	}
	want := []poller.Status{poller.Pending, poller.Refreshing, poller.Refreshing, poller.Complete, poller.Complete}
	// at age:              3               3                  5                  8                10 minutes
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLateRowsAppearInTheirPlace(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }, Late: 10 * time.Second})
	for i, late := range []time.Duration{0, time.Minute, 0} {
		add(t, s, Task{Key: poller.Key{TaskID: fmt.Sprint(i)}, Created: now.Add(time.Duration(i) * time.Second), Late: late})
	}
	q := poller.Query{From: now.Add(-time.Hour), To: now.Add(time.Hour)}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, ""}, {10, "0"}, {2, "20"}, {58, "20"}, {1, "210"}} {
		now = now.Add(c.after * time.Second)
		got := ""
		for _, task := range all(t, s, q) {
			got += task.TaskID
		}
		if got != c.want {
			t.Errorf("%v later: got %q, want %q", c.after*time.Second, got, c.want)
		}
	}
}

func TestRequestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{MaxQPS: 4})
		now := time.Now()
		for i, c := range []struct {
			wait time.Duration
			code string
		}{{0, "ok"}, {200, "ok"}, {200, "ok"}, {200, "ok"}, {399, "Throttling.User"}, {1, "ok"}, {0, "Throttling.User"}, {200, "ok"}} {
			time.Sleep(c.wait * time.Millisecond)
			_, _ = s.Lister(0).List(t.Context(), poller.Query{From: now.Add(-time.Hour), To: now}, 1)
			if got := s.Requests()[i].Outcome; got != c.code {
				t.Errorf("request %d: got %s, want %s", i, got, c.code)
			}
		}
	})
}

func TestStartListensUntilStopped(t *testing.T) {
	s := New(Options{})
	asked := make(chan struct{})
	s.Fault(Hang().When(func(q Request) bool {
		if q.Page == 2 {
			close(asked)
		}
		return q.Page == 2
	}))
	address, stop, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/?"+signed(time.Now(), nil, nil).URL.RawQuery, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), `"TotalCount":0`) {
		t.Errorf("got %d %s, %v", resp.StatusCode, body, err)
	}
	hung := make(chan error)
	go func() {
		resp, err := http.Post(address+"/?"+signed(time.Now(), set("PageNumber", "2"), nil).URL.RawQuery, "", nil)
		if err == nil {
			resp.Body.Close()
		}
		hung <- err
	}()
	<-asked
	stop()
	if err := <-hung; err == nil {
		t.Error("the hanging request was answered")
	}
	if _, err := http.Get(address); err == nil {
		t.Error("it still listens")
	}
}

func add(t *testing.T, s *Server, tasks ...Task) {
	t.Helper()
	if err := s.Add(tasks...); err != nil {
		t.Fatal(err)
	}
}

// all pages through an answer.
func all(t *testing.T, s *Server, q poller.Query) []poller.Task {
	t.Helper()
	var tasks []poller.Task
	for n := 1; ; n++ {
		page, err := s.Lister(0).List(t.Context(), q, n)
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, page.Tasks...)
		if len(page.Tasks) < poller.PageSize {
			if len(tasks) != page.Total {
				t.Fatalf("%d rows, claimed %d", len(tasks), page.Total)
			}
			return tasks
		}
	}
}

func one(t *testing.T, s *Server, now time.Time) poller.Task {
	t.Helper()
	tasks := all(t, s, poller.Query{From: now.Add(-memory), To: now.Add(time.Second)})
	if len(tasks) != 1 {
		t.Fatalf("%d rows, want one", len(tasks))
	}
	return tasks[0]
}
