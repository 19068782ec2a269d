package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// key is what the servers of these tests know.
var key = aliyun.Credentials{AccessKeyID: apitest.AccessKeyID, Secret: apitest.Secret, Token: "apitest-security-token"}

// options make a server that knows the key.
func options() apitest.Options { return apitest.Options{Token: key.Token, Strict: true} }

// client asks s without a socket.
func client(t *testing.T, s http.RoundTripper) *aliyun.Client {
	t.Helper()
	return newClient(t, aliyun.Config{Transport: s, MaxQPS: 100})
}

func newClient(t *testing.T, c aliyun.Config) *aliyun.Client {
	t.Helper()
	c.Region = "cn-shanghai"
	if c.Keys == nil {
		c.Keys = aliyun.KeyFunc(func() aliyun.Credentials { return key })
	}
	client, err := aliyun.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// served starts a server on loopback and a client for it.
func served(t *testing.T, s *apitest.Server) *aliyun.Client {
	t.Helper()
	url, stop, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return newClient(t, aliyun.Config{Endpoint: url, MaxQPS: 1000})
}

// tasks are n files, a second apart, the newest a minute old.
func tasks(now time.Time, n int, steps []apitest.Step) []apitest.Task {
	list := make([]apitest.Task, n)
	for i := range list {
		list[i] = apitest.Task{
			Key:     poller.Key{TaskID: fmt.Sprint(7000 + i), ObjectType: "file", ObjectPath: fmt.Sprintf("https://a.example.com/%d.ts", i)},
			Created: now.Add(-time.Minute - time.Duration(n-i)*time.Second),
			Steps:   steps,
		}
	}
	return list
}

func add(t *testing.T, s *apitest.Server, list ...apitest.Task) {
	t.Helper()
	if err := s.Add(list...); err != nil {
		t.Fatal(err)
	}
}

// lastDay asks for everything of a day.
func lastDay(now time.Time) poller.Query {
	return poller.Query{From: now.Add(-24 * time.Hour), To: now}
}

func TestPagesOverRealHTTP(t *testing.T) {
	now := time.Now().UTC()
	s := apitest.New(options())
	add(t, s, tasks(now, 120, apitest.Finish(30*time.Second))...)
	c := served(t, s)
	var paths []string
	for page := 1; page <= 3; page++ {
		got, err := c.List(t.Context(), lastDay(now), page)
		if err != nil {
			t.Fatal(err)
		}
		if got.Now.Location() != time.UTC || time.Since(got.Now).Abs() > 5*time.Second {
			t.Errorf("page %d: the API's clock is %v, want now", page, got.Now)
		}
		if got.Total != 120 || got.Number != page {
			t.Errorf("page %d says number %d, total %d", page, got.Number, got.Total)
		}
		for _, task := range got.Tasks {
			paths = append(paths, task.ObjectPath)
			if task.Status != poller.Complete || task.Process != "100%" || task.Created.IsZero() {
				t.Errorf("row %+v", task)
			}
		}
	}
	if len(paths) != 120 || paths[0] != "https://a.example.com/119.ts" || paths[119] != "https://a.example.com/0.ts" {
		t.Errorf("got %d rows from %s to %s, want 120, newest first", len(paths), paths[0], paths[len(paths)-1])
	}
	if skew, ok := c.Skew(); !ok || skew.Abs() > 5*time.Second {
		t.Errorf("skew %v %v, want about none", skew, ok)
	}
}

func TestFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		s := apitest.New(options())
		add(t, s, tasks(now, 3, apitest.Finish(time.Second))...)
		add(t, s,
			apitest.Task{Key: poller.Key{TaskID: "9001", ObjectType: "preload", ObjectPath: "https://B.example.com/x y+z*~?q=1&r=é"}, Created: now.Add(-time.Hour), Steps: apitest.Fail(time.Minute, "Origin Timeout")},
			apitest.Task{Key: poller.Key{TaskID: "9001", ObjectType: "preload", ObjectPath: "https://b.example.com/2"}, Created: now.Add(-time.Hour), Steps: apitest.Stuck(time.Minute)},
			apitest.Task{Key: poller.Key{TaskID: "9002", ObjectType: "directory", ObjectPath: "https://b.example.com/d/"}, Created: now.Add(-time.Hour)},
		)
		c := client(t, s)
		for _, row := range []struct {
			name  string
			query poller.Query
			want  int
		}{
			{"all", poller.Query{}, 6},
			{"task", poller.Query{TaskID: "9001"}, 2},
			{"type", poller.Query{ObjectType: "file"}, 3},
			{"status", poller.Query{ObjectType: "preload", Status: poller.Refreshing}, 1},
			{"finished", poller.Query{ObjectType: "file", Status: poller.Complete}, 3},
			{"domain", poller.Query{ObjectType: "preload", Domain: "b.example.com"}, 2},
			{"path", poller.Query{ObjectPath: "https://B.example.com/x y+z*~?q=1&r=é"}, 1},
			{"path and task", poller.Query{TaskID: "9002", ObjectPath: "https://b.example.com/2"}, 0},
			{"no such task", poller.Query{TaskID: "1"}, 0},
		} {
			row.query.From, row.query.To = now.Add(-3*time.Hour), now
			got, err := c.List(t.Context(), row.query, 1)
			if err != nil || len(got.Tasks) != row.want || got.Total != row.want {
				t.Errorf("%s: got %d rows of %d, %v; want %d", row.name, len(got.Tasks), got.Total, err, row.want)
			}
		}
		got, err := c.List(t.Context(), poller.Query{From: now.Add(-3 * time.Hour), To: now, ObjectType: "preload", Status: poller.Failed}, 1)
		want := []poller.Task{{
			Key:    poller.Key{TaskID: "9001", ObjectType: "preload", ObjectPath: "https://B.example.com/x y+z*~?q=1&r=é"},
			Status: poller.Failed, Process: "0%", Description: "Origin Timeout", Created: now.Add(-time.Hour).UTC(),
		}}
		if diff := cmp.Diff(want, got.Tasks); err != nil || diff != "" {
			t.Errorf("failed row: %v\n%s", err, diff)
		}
	})
}

func TestBothSpellingsOfAnEmptyList(t *testing.T) {
	for _, noList := range []bool{false, true} {
		o := options()
		o.NoListWhenEmpty = noList
		synctest.Test(t, func(t *testing.T) {
			got, err := client(t, apitest.New(o)).List(t.Context(), lastDay(time.Now()), 1)
			if err != nil || got.Total != 0 || len(got.Tasks) != 0 {
				t.Errorf("no list %v: got %+v, %v; want no tasks", noList, got, err)
			}
		})
	}
}

func TestOddRowsThatAreStillRows(t *testing.T) {
	for _, fault := range []apitest.Fault{apitest.NumericIDs(), apitest.WithoutStatus(), apitest.StaleReplica(110 * time.Second)} {
		t.Run(fault.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				s := apitest.New(options())
				id := "123456789012345678901" // beyond 2^53 and 2^63
				add(t, s, apitest.Task{
					Key:     poller.Key{TaskID: id, ObjectType: "file", ObjectPath: "https://a.example.com/1"},
					Created: now.Add(-2 * time.Minute), Steps: apitest.Finish(time.Minute),
				})
				s.Fault(fault)
				got, err := client(t, s).List(t.Context(), lastDay(now), 1)
				if err != nil || len(got.Tasks) != 1 {
					t.Fatalf("got %+v, %v", got, err)
				}
				want := map[string]poller.Status{"numeric ids": poller.Complete, "without status": "", "stale replica": poller.Pending}
				if task := got.Tasks[0]; task.TaskID != id || task.Status != want[fault.Name] {
					t.Errorf("got id %s, status %q; want %s, %q", task.TaskID, task.Status, id, want[fault.Name])
				}
			})
		})
	}
}

func TestRefusesBadQuestionsBeforeTheWire(t *testing.T) {
	now := time.Now()
	day := lastDay(now)
	for name, ask := range map[string]func(*poller.Query) int{
		"page 0":                  func(*poller.Query) int { return 0 },
		"no start":                func(q *poller.Query) int { q.From = time.Time{}; return 1 },
		"no end":                  func(q *poller.Query) int { q.To = time.Time{}; return 1 },
		"empty window":            func(q *poller.Query) int { q.From = q.To; return 1 },
		"status without type":     func(q *poller.Query) int { q.Status = poller.Complete; return 1 },
		"domain without type":     func(q *poller.Query) int { q.Domain = "a.example.com"; return 1 },
		"pending":                 func(q *poller.Query) int { q.Status, q.ObjectType = poller.Pending, "file"; return 1 },
		"two ids in one question": func(q *poller.Query) int { q.TaskID = "1,2"; return 1 },
	} {
		s := apitest.New(options())
		q := day
		page := ask(&q)
		_, err := client(t, s).List(t.Context(), q, page)
		var e *poller.Error
		if !errors.As(err, &e) || e.Class != poller.Rejected || e.Code != "BadQuery" || e.Err == nil {
			t.Errorf("%s: got %v, want a rejection that names the rule", name, err)
		}
		if n := len(s.Requests()); n != 0 {
			t.Errorf("%s: %d requests were sent", name, n)
		}
	}
}

func TestCredentialsAreReadForEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		s := apitest.New(options())
		current := key
		c := newClient(t, aliyun.Config{Transport: s, MaxQPS: 10, Keys: aliyun.KeyFunc(func() aliyun.Credentials { return current })})
		ask := func() *poller.Error {
			_, err := c.List(t.Context(), lastDay(now), 1)
			var e *poller.Error
			errors.As(err, &e)
			return e
		}
		if e := ask(); e != nil {
			t.Fatal(e)
		}
		s.Rotate("next-id", "next-secret", "next-token", now.Add(time.Hour))
		if e := ask(); e == nil || e.Class != poller.Denied {
			t.Errorf("old key: got %v, want denied", e)
		}
		current = aliyun.Credentials{AccessKeyID: "next-id", Secret: "next-secret", Token: "next-token"}
		if e := ask(); e != nil {
			t.Errorf("new key: got %v", e)
		}
		time.Sleep(2 * time.Hour) // on the bubble's clock
		if e := ask(); e == nil || e.Class != poller.Credentials {
			t.Errorf("expired token: got %v, want credentials", e)
		}
		current = aliyun.Credentials{}
		if e := ask(); e == nil || e.Code != "NoCredentials" || e.Class != poller.Denied {
			t.Errorf("no key: got %v", e)
		}
	})
}

func TestWrongKeysAndClocksAreDenied(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*apitest.Options)
		code string
	}{
		{"unknown id", func(o *apitest.Options) { o.AccessKeyID, o.Secret = "another", key.Secret }, "InvalidAccessKeyId.NotFound"},
		{"wrong secret", func(o *apitest.Options) { o.AccessKeyID, o.Secret = key.AccessKeyID, "another" }, "SignatureDoesNotMatch"},
		{"wrong token", func(o *apitest.Options) { o.Token = "another" }, "InvalidSecurityToken.MismatchWithAccessKey"},
		{"unwanted token", func(o *apitest.Options) { o.Token = "" }, "InvalidSecurityToken.Malformed"},
		{"clock ahead", func(o *apitest.Options) { o.Skew = 16 * time.Minute }, "InvalidTimeStamp.Expired"},
		{"clock behind", func(o *apitest.Options) { o.Skew = -16 * time.Minute }, "InvalidTimeStamp.Expired"},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := options()
			row.edit(&o)
			s := apitest.New(o)
			c := client(t, s)
			_, err := c.List(t.Context(), lastDay(time.Now()), 1)
			var e *poller.Error
			if !errors.As(err, &e) || e.Class != poller.Denied || e.Code != row.code || e.Hint == "" || e.RequestID == "" {
				t.Errorf("%s: got %v, want %s, denied, with a hint and a request id", row.name, err, row.code)
			}
			if n := len(s.Requests()); n != 1 {
				t.Errorf("%s: asked %d times, want once", row.name, n)
			}
			if skew, ok := c.Skew(); !ok || (skew-o.Skew).Abs() > time.Second {
				t.Errorf("%s: skew %v, want %v", row.name, skew, o.Skew)
			}
		})
	}
}

// The clock of a page is the API's, not ours; without a Date it is unknown.
func TestPagesHaveTheAPIsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.Skew = 7 * time.Minute
		s := apitest.New(o)
		got, err := client(t, s).List(t.Context(), lastDay(time.Now()), 1)
		if want := time.Now().Add(o.Skew).UTC(); err != nil || !got.Now.Equal(want) {
			t.Errorf("got %v, %v, want %v", got.Now, err, want)
		}
		undated := carrier(func(r *http.Request) (*http.Response, error) {
			res, err := s.RoundTrip(r)
			if err == nil {
				res.Header.Del("Date")
			}
			return res, err
		})
		if got, err := client(t, undated).List(t.Context(), lastDay(time.Now()), 1); err != nil || !got.Now.IsZero() {
			t.Errorf("without a Date: %v, %v", got.Now, err)
		}
	})
}

func TestUserAgent(t *testing.T) {
	for given, want := range map[string]string{"refreshwatch/1.2": "refreshwatch/1.2", "": "refreshwatch"} {
		synctest.Test(t, func(t *testing.T) {
			got := ""
			c := newClient(t, aliyun.Config{MaxQPS: 100, UserAgent: given, Transport: carrier(func(r *http.Request) (*http.Response, error) {
				got = r.UserAgent()
				return apitest.New(options()).RoundTrip(r)
			})})
			if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil || got != want {
				t.Errorf("sent %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestContextEndsTheCall(t *testing.T) {
	s := apitest.New(options())
	asked := make(chan struct{})
	s.Fault(apitest.Hang().When(func(apitest.Request) bool { close(asked); return true }))
	c := served(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked // it hangs on the wire now
		cancel()
	}()
	if _, err := c.List(ctx, lastDay(time.Now()), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
