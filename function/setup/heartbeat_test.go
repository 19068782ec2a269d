package setup

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun/apitest"
)

// The heartbeat is the last effect of a poll. Whatever becomes of it, the poll stays
// what it was, and nothing is notified again; a death here leaves nothing behind that a
// death after the collection would not (see TestFaultTable).
func TestHeartbeatFaults(t *testing.T) {
	t.Parallel() // most of its time is waiting
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	var wg sync.WaitGroup
	for name, c := range map[string]struct {
		answer http.HandlerFunc // nil: nobody is there
		warned bool
	}{
		"heard":       {func(http.ResponseWriter, *http.Request) {}, false},
		"failed":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, true},
		"nobody":      {nil, true},
		"answer lost": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		"slow":        {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, true},
		"redirect":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, true},
	} {
		w := newWired(t, apitest.Options{})
		url := gone.URL
		if c.answer != nil {
			monitor := httptest.NewServer(c.answer)
			t.Cleanup(monitor.Close)
			url = monitor.URL
		}
		w.config.Heartbeat = sink.Secret(url + "/heartbeatsecret")
		w.secrets = append(w.secrets, "heartbeatsecret")
		if err := w.api.Add(apitest.Task{Key: rowNumber(0), Created: time.Now().Add(-time.Minute), Steps: apitest.Finish(time.Second)}); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for range 2 {
				if report, err := w.poll(time.Minute); err != nil || report.Retrying > 0 {
					t.Errorf("%s: %+v, %v", name, report, err)
				}
			}
			if n := len(w.receiver.Posts(notifiertest.Webhook)); n != 1 {
				t.Errorf("%s: %d messages, want 1", name, n)
			}
			if warned := strings.Contains(w.log.String(), "heartbeat ping failed"); warned != c.warned {
				t.Errorf("%s: warned %v, want %v", name, warned, c.warned)
			}
		})
	}
	wg.Wait()
}

// A failed poll says so, and a sink that needs a person is no failed poll.
func TestHeartbeatSaysHowItWent(t *testing.T) {
	t.Parallel() // most of its time is waiting
	var mu sync.Mutex
	var paths []string
	monitor := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		paths = append(paths, r.URL.Path)
	}))
	defer monitor.Close()
	w := newWired(t, apitest.Options{})
	w.config.Heartbeat = sink.Secret(monitor.URL + "/id")
	if err := w.api.Add(apitest.Task{Key: rowNumber(0), Created: time.Now().Add(-time.Minute), Steps: apitest.Finish(time.Second)}); err != nil {
		t.Fatal(err)
	}
	w.api.Fault(apitest.NoPermission().Times(1))
	w.receiver.Script(notifiertest.Webhook, notifiertest.Answer(204, ""), notifiertest.Answer(410, "gone"))
	for _, want := range []string{watch.CodeAPIDenied, watch.CodeDead, watch.CodeDead} {
		if _, err := w.poll(time.Minute); watch.Code(err) != want {
			t.Errorf("%v, want code %q", err, want)
		}
	}
	if got := strings.Join(paths, " "); got != "/id/fail /id /id" {
		t.Errorf("the monitor heard %s", got)
	}
}
