package aliyun_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// For the race detector, and for answers that reach the wrong goroutine.
func TestManyGoroutinesOneClient(t *testing.T) {
	now := time.Now()
	s := apitest.New(options())
	add(t, s, tasks(now, 400, apitest.Finish(time.Second))...)
	c := served(t, s)
	var all sync.WaitGroup
	for page := range 8 {
		all.Go(func() {
			for range 10 {
				got, err := c.List(t.Context(), lastDay(now), page+1)
				if err != nil || len(got.Tasks) != 50 || got.Number != page+1 {
					t.Errorf("page %d: got number %d, %d rows, %v", page+1, got.Number, len(got.Tasks), err)
				}
			}
		})
	}
	all.Wait()
}

func TestConnectionsAreReusedAndGivenUp(t *testing.T) {
	now := time.Now()
	s := apitest.New(options())
	var opened, open atomic.Int64
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	c := newClient(t, aliyun.Config{Endpoint: server.URL, MaxQPS: 1000})
	for _, f := range apitest.Refusals()[:8] { // bodies of errors are read to the end, too
		s.Fault(f.Times(1))
		_, _ = c.Ask(t.Context(), lastDay(now), 1)
	}
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			for range 5 {
				if _, err := c.List(t.Context(), lastDay(now), 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := opened.Load(); n > 8 {
		t.Errorf("%d connections for 128 requests, want at most 8", n)
	}
	c.Close()
	for open.Load() > 0 { // ends, or the test times out
		runtime.Gosched()
	}
}

// 8 goroutines, an API that counts: 4 a second for the account, whatever happens.
func TestCeilingCountsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.MaxQPS, o.Latency = 4, 300*time.Millisecond
		s := apitest.New(o)
		s.Fault(apitest.BadGateway().Times(30), apitest.Reset().Times(10))
		c := newClient(t, aliyun.Config{Transport: s, MaxQPS: 4})
		start := time.Now()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 10 {
					_, _ = c.List(t.Context(), lastDay(start), 1)
				}
			})
		}
		all.Wait()
		for _, r := range s.Requests() {
			if strings.HasPrefix(r.Outcome, "Throttling") {
				t.Fatalf("the API saw more than 4 requests in a second at %v", r.At.Sub(start))
			}
		}
	})
}

// A sweep of 156 pages at 4 a second, where one page takes longer than a quarter
// of a second: within 3 % of the ceiling's own time.
func TestConcurrentPagesReachTheCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages = 156
		o := options()
		o.MaxQPS, o.Latency = 4, 900*time.Millisecond
		s := apitest.New(o)
		c := newClient(t, aliyun.Config{Transport: s, MaxQPS: 4})
		start := time.Now()
		work := make(chan int, pages)
		for page := range pages {
			work <- page + 1
		}
		close(work)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for page := range work {
					if _, err := c.List(t.Context(), lastDay(start), page); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		ideal := pages * time.Second / 4
		if took := time.Since(start); took > ideal*103/100 {
			t.Errorf("took %v, want at most 3 %% more than %v", took, ideal)
		}
	})
}

// One goroutine's throttling answer holds the others back: after it, nothing is
// asked for a whole second, though only the first was refused.
func TestThrottlingPausesEveryone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New(options())
		s.Fault(apitest.Throttling().Times(1))
		c := newClient(t, aliyun.Config{Transport: s, MaxQPS: 20})
		start := time.Now()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := c.List(t.Context(), lastDay(start), 1); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		requests := s.Requests()
		if len(requests) != 9 {
			t.Fatalf("%d requests, want 9", len(requests))
		}
		if gap := requests[1].At.Sub(requests[0].At); gap < time.Second {
			t.Errorf("the next one left after %v, want a second or more", gap)
		}
	})
}

func TestEnvironmentOfTheSDKDoesNotMatter(t *testing.T) {
	t.Setenv("NO_PROXY", "(,[::1]") // regular expressions to the SDK, the first a broken one
	t.Setenv("HTTPS_PROXY", "http://user:hunter2@%zz")
	t.Setenv("HTTP_PROXY", "http://user:hunter2@%zz")
	synctest.Test(t, func(t *testing.T) {
		if _, err := client(t, apitest.New(options())).List(t.Context(), lastDay(time.Now()), 1); err != nil {
			t.Error(err)
		}
	})
}

// A session whose call panicked is not used again; its place is not lost.
func TestPanicsDoNotUseUpTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New(options())
		var calls atomic.Int64
		c := newClient(t, aliyun.Config{MaxQPS: 100, Transport: carrier(func(r *http.Request) (*http.Response, error) {
			if calls.Add(1) <= 40 {
				panic("boom")
			}
			return s.RoundTrip(r)
		})})
		for range 10 {
			if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err == nil || strings.Contains(err.Error(), "boom") {
				t.Errorf("got %v", err)
			}
		}
		if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkListOverLoopback(b *testing.B) {
	now := time.Now()
	s := apitest.New(options())
	for _, task := range tasks(now, 50, apitest.Finish(time.Second)) {
		if err := s.Add(task); err != nil {
			b.Fatal(err)
		}
	}
	url, stop, err := s.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	c, err := aliyun.New(aliyun.Config{Region: "cn-shanghai", Endpoint: url, MaxQPS: 1000, Keys: aliyun.KeyFunc(func() aliyun.Credentials { return key })})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	c.Unpaced()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.List(b.Context(), lastDay(now), 1); err != nil {
			b.Fatal(err)
		}
	}
}
