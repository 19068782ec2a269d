package aliyun_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// faulty is a server with one task on the page and a fault.
func faulty(t *testing.T, f apitest.Fault) *apitest.Server {
	t.Helper()
	s := apitest.New(options())
	add(t, s, tasks(time.Now(), 2, apitest.Finish(time.Second))...)
	s.Fault(f)
	return s
}

// checkFault wants the class and the code that the fault's author expects.
func checkFault(t *testing.T, f apitest.Fault, got poller.Page, err error) {
	t.Helper()
	var e *poller.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %+v, %v, want an error", got, err)
	}
	if e.Class != f.Class || e.Code != f.Code {
		t.Errorf("got %s %s (%v), want %s %s", e.Class, e.Code, err, f.Class, f.Code)
	}
	if len(got.Tasks) != 0 || got.Total != 0 {
		t.Errorf("got %+v beside the error, want nothing", got)
	}
}

func TestEveryFault(t *testing.T) {
	for _, f := range apitest.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := faulty(t, f)
				got, err := client(t, s).List(t.Context(), lastDay(time.Now()), 1)
				checkFault(t, f, got, err)
				var e *poller.Error
				if errors.As(err, &e); e.Class != poller.Transient && e.Class != poller.Rejected && e.Hint == "" {
					t.Errorf("%v: a person must act, and does not learn how", err)
				}
				if strings.ContainsAny(err.Error(), "{}") && e.Code != "UnknownAnswer" && e.Class != poller.Unreadable && !strings.Contains(e.Hint, `"Statement"`) {
					t.Errorf("%v: a term was not filled in", err)
				}
				want := 1
				if f.Class == poller.Transient || f.Class == poller.Unreadable {
					want = aliyun.MaxAttempts
				}
				if n := len(s.Requests()); n != want {
					t.Errorf("asked %d times, want %d", n, want)
				}
			})
		})
	}
}

func TestPassingFaultsAreOvercomeWithinOneCall(t *testing.T) {
	for _, f := range apitest.Faults() {
		if f.Class != poller.Transient && f.Class != poller.Unreadable {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := client(t, faulty(t, f.Times(aliyun.MaxAttempts-1))).List(t.Context(), lastDay(time.Now()), 1)
				if err != nil || len(got.Tasks) != 2 {
					t.Errorf("got %+v, %v, want two rows at the last attempt", got, err)
				}
			})
		})
	}
}

// The same faults over sockets. Those that take the client's ten seconds are left to the bubble above, and to TestContextEndsTheCall.
func TestEveryFaultOverRealHTTP(t *testing.T) {
	s := apitest.New(options())
	add(t, s, tasks(time.Now(), 2, apitest.Finish(time.Second))...)
	c := served(t, s)
	for _, f := range apitest.Faults() {
		if f.Code == "Timeout" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			s.Fault(f.Times(1))
			got, err := c.Ask(t.Context(), lastDay(time.Now()), 1)
			checkFault(t, f, got, err)
			if got, err = c.Ask(t.Context(), lastDay(time.Now()), 1); err != nil || len(got.Tasks) != 2 {
				t.Errorf("afterwards: got %+v, %v, want two rows", got, err)
			}
		})
	}
}

// What stands in for the client in simulations must fail as the client does.
func TestListerFailsLikeTheClient(t *testing.T) {
	for _, f := range apitest.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := lastDay(time.Now())
				q.TaskID = "7000"
				got, err := faulty(t, f).Lister(time.Second).List(t.Context(), q, 1)
				checkFault(t, f, got, err)
				_, real := client(t, faulty(t, f)).List(t.Context(), q, 1)
				if errors.Is(err, poller.ErrNoSuchTask) != errors.Is(real, poller.ErrNoSuchTask) {
					t.Errorf("no such task: the lister says %v, the client %v", err, real)
				}
			})
		})
	}
}

// Answers spelled otherwise are read all the same.
func TestSpellings(t *testing.T) {
	for _, f := range apitest.Spellings() {
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := faulty(t, f)
				got, err := client(t, s).List(t.Context(), lastDay(time.Now()), 1)
				if n := len(s.Requests()); err != nil || len(got.Tasks) != 2 || n != 1 {
					t.Errorf("got %+v, %v after %d requests, want two rows at once", got, err, n)
				}
			})
		})
	}
}

// Whatever the HTTP status, the code decides: whether it may pass, and what a person has
// to do.
func TestEveryRefusal(t *testing.T) {
	for _, row := range []struct {
		code  string
		class poller.Class
		hint  string
	}{
		{"Throttling", poller.Transient, ""},
		{"Throttling.User", poller.Transient, ""},
		{"TooManyRequests", poller.Transient, ""},
		{"ServiceUnavailable", poller.Transient, ""},
		{"InternalError", poller.Transient, ""},
		{"SignatureNonceUsed", poller.Transient, ""},
		{"InvalidSecurityToken.Expired", poller.Credentials, "has expired"},
		{"InvalidSecurityToken.Malformed", poller.Denied, "ALIBABA_CLOUD_SECURITY_TOKEN: it is malformed"},
		{"MissingSecurityToken", poller.Denied, "needs its token"},
		{"InvalidAccessKeyId.Inactive", poller.Denied, "Enable the access key"},
		{"InvalidAccessKeyId.NotFound", poller.Denied, "does not know this access key"},
		{"SignatureDoesNotMatch", poller.Denied, "ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
		{"IncompleteSignature", poller.Denied, "ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
		{"InvalidTimeStamp.Expired", poller.Denied, "machine's clock"},
		{"IllegalTimestamp", poller.Denied, "machine's clock"},
		{"Forbidden.RAM", poller.Denied, "vod:DescribeVodRefreshTasks"},
		{"NoPermission", poller.Denied, "vod:DescribeVodRefreshTasks"},
		{"OperationDenied", poller.Denied, "Activate ApsaraVideo VOD"},
		{"OperationDenied.Suspended", poller.Denied, "overdue bill"},
		{"NeverHeardOf", poller.Rejected, "troubleshoot?product=vod"},
		{"ThrottlingOfSomethingElse", poller.Rejected, "troubleshoot?product=vod"}, // a family ends at a dot
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := client(t, faulty(t, apitest.Refused(400, row.code, "no", row.class))).List(t.Context(), lastDay(time.Now()), 1)
			var e *poller.Error
			if !errors.As(err, &e) || e.Class != row.class || !strings.Contains(e.Hint, row.hint) || (e.Hint == "") != (row.hint == "") {
				t.Errorf("%s: %+v, want %s with a hint about %q", row.code, e, row.class, row.hint)
			}
		})
	}
}

// A person who has to find out what answered sees how the answer begins, without
// what would let its reader in.
func TestUnknownAnswersAreShown(t *testing.T) {
	for _, row := range []struct{ body, want string }{
		{"<html>Welcome to the hotel's network\x1b[2J</html>", "Welcome to the hotel's network"},
		{`{"ok":true,"tasks":[{"ObjectPath":"https://user:hunter2@cdn.example.com/a/hunter2.mp4?auth_key=hunter2"}]}`, "https://cdn.example.com/…"},
		{`{"p":"cdn.example.com/hunter2/x.mp4","q":"https:\/\/hunter2:hunter2@c.example.com\/hunter2"}`, "cdn.example.com/…"},
		{`{"AccessKeySecret" : "hunter2"}`, "AccessKeySecret"},
		{`{"x":"` + key.Secret + `","y":"SecurityToken=hunter2"}`, "***"},
		{strings.Repeat("x", 1<<20), "xxx"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, aliyun.Config{MaxQPS: 100, Transport: carrier(func(*http.Request) (*http.Response, error) { return respond(200, row.body), nil })})
			_, err := c.List(t.Context(), lastDay(time.Now()), 1)
			var e *poller.Error
			if !errors.As(err, &e) || e.Class != poller.Unreadable || !strings.Contains(e.Err.Error(), row.want) {
				t.Fatalf("got %v, want an unreadable answer that begins with %s", err, row.want)
			}
			if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, key.Secret) || strings.Contains(text, "\x1b") || len(text) > 1000 {
				t.Errorf("%q: too much is shown", text)
			}
		})
	}
}

// A key may look like a path, and stand where the excerpt ends: no part of it is shown.
func TestUnknownAnswersShowNoPartOfAKey(t *testing.T) {
	odd := aliyun.Credentials{AccessKeyID: "LTAI0odd", Secret: "hunter2+ak/secret/of=thirty", Token: "CAIS" + strings.Repeat("hunter2/", 40)}
	for _, body := range []string{
		`{"x":"` + odd.Secret + `"}`, `{"x":"` + odd.Token + `"}`, strings.Repeat("x", 190) + odd.Secret, strings.Repeat("https://a.example.com/y ", 66) + odd.Token,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, aliyun.Config{
				MaxQPS: 100, Keys: aliyun.KeyFunc(func() aliyun.Credentials { return odd }),
				Transport: carrier(func(*http.Request) (*http.Response, error) { return respond(200, body), nil }),
			})
			if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%.80s: %v", body, err)
			}
		})
	}
}

func TestNoSuchTask(t *testing.T) {
	for _, f := range []apitest.Fault{
		apitest.MalformedTaskID(),
		apitest.Refused(404, "InvalidTaskId.NotFound", "The specified TaskId does not exist.", poller.Rejected),
		apitest.Refused(400, "InvalidTaskId", "The specified TaskId is invalid.", poller.Rejected),
	} {
		synctest.Test(t, func(t *testing.T) {
			q := lastDay(time.Now())
			q.TaskID = "7000"
			c := client(t, faulty(t, f))
			if _, err := c.List(t.Context(), q, 1); !errors.Is(err, poller.ErrNoSuchTask) {
				t.Errorf("%s: got %v, want ErrNoSuchTask", f.Name, err)
			}
			q.TaskID = "" // then it says nothing about a task
			if _, err := c.List(t.Context(), q, 1); err == nil || errors.Is(err, poller.ErrNoSuchTask) {
				t.Errorf("%s without an id: got %v", f.Name, err)
			}
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var reached atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := apitest.Redirect(status, elsewhere.URL+"/")
		s := apitest.New(options())
		s.Fault(f)
		got, err := served(t, s).List(t.Context(), lastDay(time.Now()), 1)
		checkFault(t, f, got, err)
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

// A proxy's refusal is explained in our words, not the proxy's, and needs a person
// unless the proxy merely failed to reach the API.
func TestBehindAProxy(t *testing.T) {
	for status, want := range map[int]*poller.Error{
		407: {Class: poller.Denied, Code: "Proxy", Hint: "Write it into HTTPS_PROXY: http://user:password@host:port."},
		403: {Class: poller.Denied, Code: "Proxy", Hint: "Check HTTPS_PROXY, and allow this host at the proxy or list it in NO_PROXY."},
		502: {Class: poller.Transient, Code: "Transport", Hint: "The address comes from VOD_ENDPOINT"},
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
		defer proxy.Close()
		at, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		at.User = url.UserPassword("user", "hunter2")
		c := newClient(t, aliyun.Config{Endpoint: "https://vod.example.com", MaxQPS: 1000, Transport: aliyun.Behind(at)})
		_, err = c.Ask(t.Context(), lastDay(time.Now()), 1)
		var e *poller.Error
		if !errors.As(err, &e) || e.Class != want.Class || e.Code != want.Code || !strings.Contains(e.Hint, want.Hint) || strings.Contains(wholeText(err), "hunter2") {
			t.Errorf("HTTP %d: got %v, want %+v", status, err, want)
		}
	}
}

// The proxy is that of HTTPS_PROXY.
func TestProxyOfTheEnvironment(t *testing.T) {
	if os.Getenv("PROXY_CHILD") == "" { // net/http reads the variable once
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }))
		defer proxy.Close()
		child := exec.Command(os.Args[0], "-test.run=^TestProxyOfTheEnvironment$")
		child.Env = append(os.Environ(), "PROXY_CHILD=1", "HTTPS_PROXY="+proxy.URL, "NO_PROXY=")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	c := newClient(t, aliyun.Config{Endpoint: "https://vod.example.com", MaxQPS: 1000})
	_, err := c.Ask(t.Context(), lastDay(time.Now()), 1)
	var e *poller.Error
	if !errors.As(err, &e) || e.Code != "Proxy" {
		t.Errorf("got %v, want the proxy's refusal", err)
	}
}

// What cannot be reached says which setting to look at, and gets no request.
func TestUnreachable(t *testing.T) {
	s := apitest.New(options())
	untrusted := httptest.NewUnstartedServer(s)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about the handshake
	untrusted.StartTLS()
	defer untrusted.Close()
	gone := httptest.NewServer(s)
	gone.Close()
	unresolved := carrier(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
	})
	for _, row := range []struct {
		endpoint   string
		wire       http.RoundTripper
		code, hint string
	}{
		{untrusted.URL, nil, "Transport", "CA certificates"},
		{gone.URL, nil, "Transport", "VOD_ENDPOINT"},
		{"https://vod.example.com", unresolved, "Transport", "VOD_REGION"},
	} {
		c := newClient(t, aliyun.Config{Endpoint: row.endpoint, Transport: row.wire, MaxQPS: 1000})
		_, err := c.Ask(t.Context(), lastDay(time.Now()), 1)
		var e *poller.Error
		if !errors.As(err, &e) || e.Class != poller.Transient || e.Code != row.code || !strings.Contains(e.Hint, row.hint) {
			t.Errorf("%s: got %v, want %s with a hint about %s", row.endpoint, err, row.code, row.hint)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestRetriesOnlyWhatTheDeadlineLeavesRoomFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := faulty(t, apitest.Throttling())
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond) // less than a throttled client waits
		defer cancel()
		start := time.Now()
		got, err := client(t, s).List(ctx, lastDay(start), 1)
		checkFault(t, apitest.Throttling(), got, err)
		if n, took := len(s.Requests()), time.Since(start); n != 1 || took > 100*time.Millisecond {
			t.Errorf("asked %d times in %v, want once and no waiting", n, took)
		}
	})
}

func TestTimeIsUp(t *testing.T) {
	for _, f := range []apitest.Fault{apitest.Hang(), apitest.Drip(time.Second), apitest.Reset(), apitest.BadGateway()} {
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				start := time.Now()
				_, err := client(t, faulty(t, f)).List(ctx, lastDay(start), 1)
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("took %v, want at most the deadline", took)
				}
				var e *poller.Error
				if ctx.Err() != nil && !errors.Is(err, ctx.Err()) || ctx.Err() == nil && !errors.As(err, &e) {
					t.Errorf("got %v with the context at %v", err, ctx.Err())
				}
			})
		})
	}
}

func TestCancelledWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		time.AfterFunc(500*time.Millisecond, cancel) // a throttled client waits a second or more
		_, err := client(t, faulty(t, apitest.Throttling())).List(ctx, lastDay(start), 1)
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took != 500*time.Millisecond {
			t.Errorf("got %v after %v", err, took)
		}
	})
}

// An answer that hangs is waited for ten seconds, four times. The first retry comes within
// half a second, and not always at once: all clients would come together.
func TestHowLongAFaultTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, _ = client(t, faulty(t, apitest.Hang())).List(t.Context(), lastDay(start), 1)
		if took := time.Since(start); took < 40*time.Second || took > 44*time.Second {
			t.Errorf("four hanging answers took %v", took)
		}
		var longest time.Duration
		for range 60 {
			s := faulty(t, apitest.BadGateway().Times(1))
			if _, err := client(t, s).List(t.Context(), lastDay(time.Now()), 1); err != nil {
				t.Fatal(err)
			}
			asked := s.Requests()
			longest = max(longest, asked[1].At.Sub(asked[0].At))
		}
		if longest < 250*time.Millisecond || longest > 520*time.Millisecond { // the ceiling on requests adds a hundredth of a second
			t.Errorf("the longest of 60 pauses before the first retry was %v", longest)
		}
	})
}

// One attempt's timeout must not look like the run's: the caller would stop.
func TestAttemptTimeoutIsNotTheContextsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := client(t, faulty(t, apitest.Hang())).List(t.Context(), lastDay(time.Now()), 1)
		if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
