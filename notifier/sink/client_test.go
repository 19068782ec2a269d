package sink

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var testNow = time.Date(2026, 11, 20, 8, 30, 2, 0, time.UTC)

// TestBeforeOrAfter: what failed before the request was written can be sent again,
// what failed afterwards may have arrived.
func TestBeforeOrAfter(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	silent := listen(t, func(c net.Conn) {})
	gone := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.Close()
	})
	garbage := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte("220 secretpath smtp ready\r\n\r\n"))
		_ = c.Close()
	})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name, to string
		ctx      context.Context
		class    Class
		code     string
	}{
		{"nobody listens", closed.URL, t.Context(), Later, "transport"},
		{"an untrusted certificate", untrusted.URL, t.Context(), Later, "transport"},
		{"no such host", "https://receiver.invalid", t.Context(), Later, "dns"},
		{"canceled before", "http://" + silent, canceled, Later, "canceled"},
		{"no answer", "http://" + silent, t.Context(), Unknown, "timeout"},
		{"closed without an answer", "http://" + gone, t.Context(), Unknown, "connection_lost"},
		{"another protocol", "http://" + garbage, t.Context(), Unknown, "transport"},
		{"plain http elsewhere", "http://example.com", t.Context(), Refused, "bad_url"},
		{"no scheme", "example.com", t.Context(), Refused, "bad_url"},
		{"another scheme", "ftp://example.com", t.Context(), Refused, "bad_url"},
		{"no URL", "https://exa mple.com", t.Context(), Refused, "bad_url"},
		{"a number", "https://2852039166", t.Context(), Refused, "bad_url"},
		{"a number, hexadecimal", "https://0xa9fea9fe", t.Context(), Refused, "bad_url"},
		{"numbers, octal", "https://0251.0376.0251.0376", t.Context(), Refused, "bad_url"},
		{"link-local", "https://169.254.169.254", t.Context(), Refused, "refused_address"},
		{"link-local, version 6", "https://[fe80::1]", t.Context(), Refused, "refused_address"},
		{"link-local, mapped", "https://[::ffff:169.254.1.1]", t.Context(), Refused, "refused_address"},
		{"Alibaba's metadata", "https://100.100.100.200", t.Context(), Refused, "refused_address"},
	}
	client := NewClient(ClientOptions{Timeout: 2 * time.Second})
	defer client.Close()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.Post(test.ctx, Secret(test.to+"/secretpath?token=secretquery"), nil, []byte("{}"))
			e := Outcome(err)
			if e.Class != test.class || e.Code != test.code {
				t.Errorf("%s %s (%v), want %s %s", e.Class, e.Code, err, test.class, test.code)
			}
			if err == nil || strings.Contains(err.Error(), "secretpath") || strings.Contains(err.Error(), "secretquery") {
				t.Errorf("error %v", err)
			}
			var withURL *url.Error
			if errors.As(err, &withURL) {
				t.Errorf("the URL can be unwrapped: %v", withURL)
			}
		})
	}
}

// listen accepts connections and leaves them to serve.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			serve(c)
		}
	}()
	return l.Addr().String()
}

// TestHangingAnswer: a receiver has ten seconds.
func TestHangingAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		_, err := NewClient(ClientOptions{Transport: hang}).Post(t.Context(), "https://example.com/", nil, nil)
		if took := time.Since(began); took != 10*time.Second || CodeOf(err) != "timeout" {
			t.Errorf("%v after %s", err, took)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRebinding: the address that is dialed counts, not the name.
func TestRebinding(t *testing.T) {
	for address, allowed := range map[string]bool{
		"127.0.0.1:443": true, "[::1]:443": true, "10.0.0.1:443": true, "93.184.216.34:443": true, "[2001:db8::1]:443": true,
		"169.254.0.1:443": false, "169.254.169.254:80": false, "[fe80::1%eth0]:443": false, "[febf::1]:443": false,
		"100.100.100.200:443": false, "[::ffff:100.100.100.200]:80": false, "100.100.100.201:443": true, "name:443": false,
	} {
		if err := refuseAddress("tcp", address, nil); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAnswerIsCapped(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 1000 {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	got, err := NewClient(ClientOptions{}).Post(t.Context(), Secret(server.URL), nil, nil)
	if err != nil || len(got.Body) != AnswerCap || got.Whole {
		t.Errorf("%d bytes, whole %v, %v", len(got.Body), got.Whole, err)
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "1": time.Second, " 120 ": 2 * time.Minute, "0.5": 500 * time.Millisecond,
		"86401": maxAfter, "1e300": maxAfter, "Inf": maxAfter, "-Inf": 0, "NaN": 0, "soon": 0, "5 minutes": 0,
		testNow.Add(time.Hour).Format(http.TimeFormat):       time.Hour,
		testNow.Add(-time.Hour).Format(http.TimeFormat):      0,
		testNow.Add(100 * time.Hour).Format(http.TimeFormat): maxAfter,
		testNow.Add(time.Minute).Format(time.ANSIC):          time.Minute,
	} {
		if got := RetryAfter(header, testNow); got != want {
			t.Errorf("%q is %s, want %s", header, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "1", "-1", "1e309", "0x10", "Fri, 20 Nov 2026 08:31:02 GMT", "Friday, 20-Nov-26 08:31:02 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if got := RetryAfter(header, testNow); got < 0 || got > maxAfter {
			t.Errorf("%q is %s", header, got)
		}
	})
}

func TestOutcomeOfAnUnknownErrorIsUnknown(t *testing.T) {
	if got := Outcome(errors.New("boom")); got.Class != Unknown {
		t.Errorf("class %s", got.Class)
	}
}
