package aliyun_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// odd holds every character that some escaping changes; key, by contrast, could
// pass for an error code.
var odd = aliyun.Credentials{AccessKeyID: "LTAI+odd/id=1", Secret: "odd+secret/2==", Token: "CAIS%odd token+3/x=="}

// spy notes what is secret in each request that passes.
type spy struct {
	next http.RoundTripper

	mu      sync.Mutex
	secrets []string
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	q := r.URL.Query()
	for _, name := range []string{"AccessKeyId", "Signature", "SecurityToken"} {
		s.secrets = append(s.secrets, q.Get(name))
	}
	s.mu.Unlock()
	return s.next.RoundTrip(r)
}

func (s *spy) check(t *testing.T, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.secrets) < 2 {
		t.Error("nothing was sent, so nothing is proven")
	}
	for _, secret := range s.secrets {
		once := url.QueryEscape(secret)
		for _, spelling := range []string{secret, once, url.PathEscape(secret), url.QueryEscape(once)} {
			if strings.Contains(text, spelling) {
				t.Errorf("%q is in %q", spelling, text)
			}
		}
	}
	for _, name := range []string{"AccessKeyId=", "AccessKeyId%3D", "Signature=", "Signature%3D", "SecurityToken=", "SecurityToken%3D"} {
		if strings.Contains(text, name) {
			t.Errorf("%s is in %q", name, text)
		}
	}
}

// wholeText is everything an error can be printed as.
func wholeText(err error) string {
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	var e *poller.Error
	if errors.As(err, &e) {
		text += fmt.Sprintf("%+v %#v", *e, *e)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf(" | %v %#v", err, err)
	}
	return text
}

func TestNoFaultLeaksASecret(t *testing.T) {
	faults := apitest.Faults()
	faults = append(faults, apitest.Redirect(302, "https://elsewhere.example.com/"))
	for _, f := range faults {
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options()
				o.AccessKeyID, o.Secret, o.Token = odd.AccessKeyID, odd.Secret, odd.Token
				s := apitest.New(o)
				s.Fault(f)
				checkSilence(t, s, odd)
			})
		})
	}
}

// carrier is a transport as a function.
type carrier func(*http.Request) (*http.Response, error)

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// Everything an answer or a transport can say back to us about the request.
func TestNoEchoLeaksASecret(t *testing.T) {
	for name, c := range map[string]carrier{
		"url error": func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New("broken " + r.URL.RequestURI())}
		},
		"panic":        func(r *http.Request) (*http.Response, error) { panic(r.URL.String()) },
		"panic, error": func(r *http.Request) (*http.Response, error) { panic(errors.New(r.URL.String())) },
		"plain message": func(r *http.Request) (*http.Response, error) {
			return respond(400, fmt.Sprintf(`{"Code":"SomeCode","Message":%q}`, "not good: "+r.URL.String())), nil
		},
		"decoded message": func(r *http.Request) (*http.Response, error) {
			q := r.URL.Query()
			return respond(403, fmt.Sprintf(`{"Code":"Forbidden","Message":%q}`, q.Get("AccessKeyId")+" "+q.Get("SecurityToken"))), nil
		},
		"string to sign": func(r *http.Request) (*http.Response, error) {
			return respond(400, fmt.Sprintf(`{"Code":"SignatureDoesNotMatch","Message":%q}`, "server string to sign is:POST&%2F&"+url.QueryEscape(r.URL.RawQuery))), nil
		},
		"string to sign, other words": func(r *http.Request) (*http.Response, error) {
			return respond(400, fmt.Sprintf(`{"Code":"IncompleteSignature","Message":%q}`, "we signed POST&%2F&"+url.QueryEscape(r.URL.RawQuery))), nil
		},
		"code and request id": func(r *http.Request) (*http.Response, error) {
			q := r.URL.Query()
			return respond(400, fmt.Sprintf(`{"Code":%q,"RequestId":%q,"Message":"x"}`, q.Get("AccessKeyId"), q.Get("SecurityToken"))), nil
		},
		"HTML": func(r *http.Request) (*http.Response, error) {
			return respond(502, "<html>cannot reach "+r.URL.String()+"</html>"), nil
		},
		"good answer of the wrong kind": func(r *http.Request) (*http.Response, error) {
			return respond(200, fmt.Sprintf(`{"Code":%q,"RequestId":%q}`, r.URL.RawQuery, r.URL.Query().Get("Signature")+" ")), nil
		},
		"row of the wrong kind": func(r *http.Request) (*http.Response, error) {
			return respond(200, fmt.Sprintf(`{"RequestId":"r","PageSize":50,"PageNumber":1,"TotalCount":%q,"Tasks":{"Task":[%q]}}`, r.URL.RawQuery, r.URL.RawQuery)), nil
		},
		"body breaks": func(r *http.Request) (*http.Response, error) {
			resp := respond(200, "")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(r.URL.RawQuery), failing{r.URL.String()}))
			return resp, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				checkSilence(t, c, odd)
				checkSilence(t, c, key)
			})
		})
	}
}

type failing struct{ text string }

func (f failing) Read([]byte) (int, error) { return 0, errors.New(f.text) }

// checkSilence asks through wire, wants an error, and looks for secrets in it and
// in what was printed meanwhile.
func checkSilence(t *testing.T, wire http.RoundTripper, creds aliyun.Credentials) {
	t.Helper()
	eye := &spy{next: wire, secrets: []string{creds.Secret}}
	c := newClient(t, aliyun.Config{Transport: eye, MaxQPS: 10, Keys: aliyun.KeyFunc(func() aliyun.Credentials { return creds })})
	var err error
	printed := captured(t, func() { _, err = c.List(t.Context(), lastDay(time.Now()), 1) })
	if err == nil {
		t.Error("no error")
	}
	eye.check(t, wholeText(err))
	if printed != "" {
		t.Errorf("%q was printed", printed)
	}
}

// captured runs f with stdout and stderr in a file.
func captured(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = file, file
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	f()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// With DEBUG=sdk the vendor's SDK prints signed URLs; see internal/quiet.
func TestDebugVariablePrintsNothing(t *testing.T) {
	if os.Getenv("REFRESHWATCH_DEBUG_CHILD") != "" {
		s := apitest.New(options())
		if _, err := client(t, s).List(t.Context(), lastDay(time.Now()), 1); err != nil {
			t.Fatal(err)
		}
		fmt.Println("asked, DEBUG is", os.Getenv("DEBUG"))
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self, "-test.run=^TestDebugVariablePrintsNothing$")
	command.Env = append(os.Environ(), "REFRESHWATCH_DEBUG_CHILD=1", "DEBUG=other,sdk")
	out, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "asked, DEBUG is other\n") {
		t.Fatalf("%v: %s", err, out)
	}
	for _, word := range []string{"Signature", "SecurityToken", key.AccessKeyID, "Host:"} {
		if strings.Contains(string(out), word) {
			t.Errorf("%s is in the output:\n%s", word, out)
		}
	}
}
