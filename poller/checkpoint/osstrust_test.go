package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// TestOSSVersionedBucketIsRefused: with versioning OSS ignores forbid-overwrite, so
// nothing may be written, and it must be said why.
func TestOSSVersionedBucketIsRefused(t *testing.T) {
	for _, status := range []string{"Enabled", "Suspended"} {
		server := startOSS(t)
		server.SetVersioning(status)
		store := openOSS(t, server)
		_, err := store.Swap(t.Context(), load(t, store), []byte("x"))
		if err == nil || errors.Is(err, checkpoint.ErrConflict) || !strings.Contains(err.Error(), "versioning of bucket test-bucket is "+strings.ToLower(status)) {
			t.Errorf("%s: Swap: %v", status, err)
		}
		if err := checkpoint.Probe(t.Context(), store); err == nil {
			t.Errorf("%s: Probe succeeds", status)
		}
		if server.Writes() > 0 {
			t.Errorf("%s: %d writes", status, server.Writes())
		}
		server.SetVersioning("")
		if _, err := store.Swap(t.Context(), checkpoint.Doc{}, []byte("x")); err != nil {
			t.Errorf("a refusal must not be remembered: %v", err)
		}
	}
}

// TestOSSDenied: each missing permission is named, and none looks like an empty or
// a lost store.
func TestOSSDenied(t *testing.T) {
	everything := func(s checkpoint.Store) error {
		d, err := s.Load(t.Context())
		if err == nil {
			_, err = s.Swap(t.Context(), d, nil)
		}
		if err == nil {
			err = checkpoint.Probe(t.Context(), s)
		}
		return err
	}
	for op, resource := range map[string]string{
		"GetObject":           "acs:oss:*:*:test-bucket/refresh/watch/*",
		"PutObject":           "acs:oss:*:*:test-bucket/refresh/watch/*",
		"DeleteObject":        "acs:oss:*:*:test-bucket/refresh/watch/*",
		"ListObjects":         "acs:oss:*:*:test-bucket",
		"GetBucketVersioning": "acs:oss:*:*:test-bucket",
	} {
		server := startOSS(t)
		server.Deny(op)
		err := everything(openOSS(t, server))
		want := fmt.Sprintf("Grant oss:%s on %s ", op, resource)
		if err == nil || errors.Is(err, checkpoint.ErrConflict) || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v; want %q", op, err, want)
		}
		if e, ok := errors.AsType[*checkpoint.Error](err); !ok || e.Code != "AccessDenied" || e.RequestID == "" {
			t.Errorf("without %s: %+v", op, e)
		}
	}
}

// TestOSSMissingObjectsAreRefused: without an unconditional permission to list, a 403
// may stand for an object that does not exist. It never counts as absence, and it is
// distinguished from a missing permission to read.
func TestOSSMissingObjectsAreRefused(t *testing.T) {
	const list, read = "oss:ListObjects on acs:oss:*:*:test-bucket without a condition", "Grant oss:GetObject on acs:oss:*:*:test-bucket/refresh/watch/*"
	for _, row := range []struct {
		name        string
		empty       bool
		change      func(*checkpointtest.OSS)
		load, probe string // what the errors say
		unlike      string // what the probe's does not
	}{
		{"reticent, empty", true, func(s *checkpointtest.OSS) { s.SetReticent(true) }, list, "Grant " + list, read},
		{"reticent", false, func(s *checkpointtest.OSS) { s.SetReticent(true) }, "Grant " + list, "Grant " + list, read},
		{"no reading, empty", true, func(s *checkpointtest.OSS) { s.Deny("GetObject") }, read, read, "without a condition"},
		{"no reading, and latest is missing", false, func(s *checkpointtest.OSS) {
			s.Deny("GetObject")
			s.SetObject("refresh/watch/latest", nil)
		}, read, read, "without a condition"},
		{"no reading", false, func(s *checkpointtest.OSS) { s.Deny("GetObject") }, read, read, "without a condition"},
	} {
		server := startOSS(t)
		store := openOSS(t, server)
		if !row.empty {
			_, err := store.Swap(t.Context(), checkpoint.Doc{}, []byte("x"))
			must(t, err)
		}
		row.change(server)
		d, err := store.Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), row.load) {
			t.Errorf("%s: Load = generation %d, %v; want %q", row.name, d.Generation, err, row.load)
		}
		err = checkpoint.Probe(t.Context(), store)
		if err == nil || !strings.Contains(err.Error(), row.probe) || strings.Contains(err.Error(), row.unlike) {
			t.Errorf("%s: Probe: %v; want %q and not %q", row.name, err, row.probe, row.unlike)
		}
	}
}

// TestOSSNetworkProblems: what keeps OSS from answering is said in the words that the
// caller has for it, with the next step, and without what a peer or a proxy chose.
func TestOSSNetworkProblems(t *testing.T) {
	const url = "oss://bucket/prefix?region=cn-shanghai&endpoint=https://oss.example.com"
	store, err := checkpoint.Open(url, checkpoint.Options{
		Credentials: func(context.Context) (string, string, string, error) { return "id", "secret", "", nil },
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "oss.example.com", IsNotFound: true}
		},
		Explain: func(err error) (string, string, bool) {
			if _, ok := errors.AsType[*net.DNSError](err); !ok {
				t.Errorf("the cause is lost: %v", err)
			}
			return "the name is unknown", "Check it", true
		},
	})
	must(t, err)
	_, err = store.Load(t.Context())
	e, ok := errors.AsType[*checkpoint.Error](err)
	if !ok || e.Problem != "the name is unknown" || !strings.HasPrefix(e.Next, "Check it. The address comes from ") || e.Passing {
		t.Errorf("Load: %+v", err)
	}
	if text := err.Error(); strings.Count(text, "GetObject") != 1 || strings.Contains(text, "no such host") {
		t.Errorf("Load: %s", text)
	}
}

// TestOSSUserAgent: the vendor's support and our own logs of a proxy can tell who asked.
func TestOSSUserAgent(t *testing.T) {
	server := startOSS(t)
	store, err := checkpoint.Open(server.Checkpoint("refresh/watch"), checkpoint.Options{Credentials: server.Credentials, UserAgent: "refreshwatch/1.2"})
	must(t, err)
	load(t, store)
	for _, r := range server.Requests() {
		if !strings.HasSuffix(r.UserAgent, "refreshwatch/1.2") {
			t.Errorf("%s came from %q", r.Op, r.UserAgent)
		}
	}
}

// TestOSSBehindAProxy: one that is not there, and one that refuses.
func TestOSSBehindAProxy(t *testing.T) {
	if os.Getenv("PROXY_CHILD") == "" { // net/http reads the variables once
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(407) }))
		defer s.Close()
		for proxy, status := range map[string]string{
			"http://user:hunter2@127.0.0.1:1":                            "-1", // nothing listens
			strings.Replace(s.URL, "http://", "http://user:hunter2@", 1): "407",
		} {
			cmd := exec.Command(os.Args[0], "-test.run=TestOSSBehindAProxy", "-test.v")
			cmd.Env = append(os.Environ(), "PROXY_CHILD=1", "HTTPS_PROXY="+proxy, "PROXY_STATUS="+status, "NO_PROXY=")
			out, err := cmd.CombinedOutput()
			if err != nil || strings.Contains(string(out), "hunter2") {
				t.Errorf("%v\n%s", err, out)
			}
		}
		return
	}
	status := -1
	store, err := checkpoint.Open("oss://bucket/prefix?region=cn-shanghai&endpoint=https://oss.example.com", checkpoint.Options{
		Credentials: func(context.Context) (string, string, string, error) { return "id", "secret", "", nil },
		Explain: func(err error) (string, string, bool) {
			if e, ok := errors.AsType[interface {
				error
				ProxyStatus() int
			}](err); ok {
				status = e.ProxyStatus()
				return "the proxy failed", "Check it", true
			}
			if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "proxyconnect" {
				return "the proxy failed", "Check it", true
			}
			return "", "", false
		},
	})
	must(t, err)
	_, err = store.Load(t.Context())
	t.Log(err)
	if err == nil || !strings.Contains(err.Error(), "the proxy failed. Check it") {
		t.Errorf("Load: %v", err)
	}
	if want, err := strconv.Atoi(os.Getenv("PROXY_STATUS")); err != nil || status != want {
		t.Errorf("the proxy's status is %d, want %d", status, want)
	}
}

// TestOSSMistakes: what a person gets wrong, and what says so. Neither errors
// nor logs hold a secret, not even those that OSS repeats in its answers.
func TestOSSMistakes(t *testing.T) {
	logs := captureLogs(t)
	t.Setenv("OSS_SDK_LOG_LEVEL", "debug") // would log signed headers, if the SDK were asked to read it
	server := startOSS(t)
	right := server.Credential()
	provide := func(c checkpointtest.Credential, err error) func(context.Context) (string, string, string, error) {
		return func(context.Context) (string, string, string, error) { return c.ID, c.Secret, c.Token, err }
	}
	wrong := func(change func(*checkpointtest.Credential)) func(context.Context) (string, string, string, error) {
		c := right
		change(&c)
		return provide(c, nil)
	}
	url := server.Checkpoint("refresh/watch")
	for _, test := range []struct {
		name, url   string
		credentials func(context.Context) (string, string, string, error)
		want        string
	}{
		{"wrong id", url, wrong(func(c *checkpointtest.Credential) { c.ID = "LTAIwrong" }), "403 InvalidAccessKeyId"},
		{"wrong secret", url, wrong(func(c *checkpointtest.Credential) { c.Secret = "hunter2" }), "403 SignatureDoesNotMatch"},
		{"wrong token", url, wrong(func(c *checkpointtest.Credential) { c.Token = "old-token" }), "credentials are wrong or expired"},
		{"no token", url, wrong(func(c *checkpointtest.Credential) { c.Token = "" }), "credentials are wrong or expired"},
		{"none", url, provide(checkpointtest.Credential{}, nil), "there are no credentials. On Function Compute give the function a role"},
		{"provider fails", url, provide(right, errors.New("metadata is away")), "metadata is away"},
		{"wrong region", strings.Replace(url, "cn-shanghai", "cn-beijing", 1), server.Credentials, "region= in CHECKPOINT"},
		{"wrong bucket", strings.Replace(url, "test-bucket", "no-bucket", 1), server.Credentials, "Create bucket no-bucket"},
	} {
		store, err := checkpoint.Open(test.url, checkpoint.Options{Credentials: test.credentials})
		must(t, err)
		d, loadErr := store.Load(t.Context())
		_, swapErr := store.Swap(t.Context(), checkpoint.Doc{}, []byte("x"))
		probeErr := checkpoint.Probe(t.Context(), store)
		for _, err := range []error{loadErr, swapErr, probeErr} {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v; want %q (generation %d)", test.name, err, test.want, d.Generation)
				continue
			}
			for _, secret := range []string{right.ID, right.Secret, right.Token, "LTAIwrong", "hunter2", "old-token", "OSS4-HMAC", "aliyun_v4_request"} {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
					t.Errorf("%s: the error holds %q: %v", test.name, secret, err)
				}
			}
		}
	}
	if logs.Len() > 0 {
		t.Errorf("logged: %s", logs)
	}
	if server.Writes() > 0 {
		t.Errorf("%d writes", server.Writes())
	}
}

// TestOSSOtherRegion: a bucket elsewhere answers with its endpoint.
func TestOSSOtherRegion(t *testing.T) {
	server := startOSS(t)
	server.SetHook(func(checkpointtest.OSSRequest) checkpointtest.OSSFault {
		return checkpointtest.OSSFault{Status: 403, Code: "AccessDenied", Endpoint: "oss-cn-beijing.aliyuncs.com"}
	})
	_, err := openOSS(t, server).Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "The bucket is in another region") {
		t.Errorf("Load: %v", err)
	}
}

// TestOSSAdvice: a refusal that OSS explains by a code names the next step, and needs a
// person; one that it does not explain may pass.
func TestOSSAdvice(t *testing.T) {
	server := startOSS(t)
	for want, codes := range map[string]string{
		"Grant oss:GetObject":                 "AccessDenied PermanentRedirect",
		"Create bucket":                       "NoSuchBucket",
		"credentials are wrong or expired":    "InvalidAccessKeyId InvalidSecurityToken SecurityTokenExpired AccessKeyIdAndSecurityTokenNotMatch",
		"Check the AccessKey secret":          "SignatureDoesNotMatch InvalidArgument",
		"Set this machine's clock":            "RequestTimeTooSkewed",
		"disabled or in debt":                 "UserDisable InDebt InDebtOverdue",
		"exempt them from lifecycle rules":    "InvalidObjectState",
		"retention policy (WORM)":             "FileImmutable",
		"OSS answered 403 SomethingNewIn2027": "SomethingNewIn2027",
	} {
		for code := range strings.FieldsSeq(codes) {
			server.SetHook(func(checkpointtest.OSSRequest) checkpointtest.OSSFault {
				return checkpointtest.OSSFault{Status: 403, Code: code}
			})
			_, err := openOSS(t, server).Load(t.Context())
			e, ok := errors.AsType[*checkpoint.Error](err)
			if !ok || !strings.Contains(err.Error(), want) || e.Code != code || e.Passing != (e.Next == "") {
				t.Errorf("%s: %v, want %q", code, err, want)
			}
		}
	}
}

// TestOSSCredentialsChange: an instance lives longer than a credential, so each
// request asks for them.
func TestOSSCredentialsChange(t *testing.T) {
	server := startOSS(t)
	store := openOSS(t, server)
	d := load(t, store)
	for range 3 {
		server.Rotate()
		var err error
		d, err = store.Swap(t.Context(), d, []byte("x"))
		must(t, err)
		server.SetCredential(checkpointtest.Credential{ID: "LTAIlong", Secret: "lived"}) // no token
		load(t, store)
	}
}

// TestOSSRequests counts what a run costs: a quiet one writes nothing.
func TestOSSRequests(t *testing.T) {
	server := startOSS(t)
	store := openOSS(t, server)
	asked := 0
	requests := func() (ops []string) {
		all := server.Requests()
		for _, r := range all[asked:] {
			ops = append(ops, fmt.Sprintf("%s %d", r.Op, r.Status))
		}
		asked = len(all)
		return ops
	}
	check := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, requests()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	d := load(t, store)
	check("first load", "GetObject 404", "ListObjects 200")
	d, err := store.Swap(t.Context(), d, []byte("x"))
	must(t, err)
	check("first swap", "GetBucketVersioning 200", "PutObject 200", "PutObject 200")
	_, err = store.Swap(t.Context(), d, []byte("y"))
	must(t, err)
	check("swap", "PutObject 200", "PutObject 200")
	d = load(t, store)
	check("load", "GetObject 200", "ListObjects 200", "GetObject 200", "GetObject 404")
	must(t, store.Collect(t.Context(), d, 0))
	check("collect of a few", []string(nil)...)
}

// TestOSSPages: a listing that comes in pages is read to its end, and what lies in
// and beside the prefix does not matter.
func TestOSSPages(t *testing.T) {
	server := startOSS(t)
	store := openOSS(t, server)
	d := load(t, store)
	for range 40 {
		var err error
		d, err = store.Swap(t.Context(), d, []byte("x"))
		must(t, err)
	}
	server.Age(2 * time.Hour)
	must(t, store.Collect(t.Context(), d, 0)) // leaves a gap, over which nothing but the listing leads
	server.SetPageSize(1)
	server.SetObject("refresh/watch/nested/00000000000000000099", []byte("not ours"))
	server.SetObject("refresh/watcher/00000000000000000099", []byte("not ours"))
	server.SetObject("refresh/watch/latest", nil)
	if d := load(t, openOSS(t, server)); d.Generation != 40 {
		t.Errorf("generation %d, want 40", d.Generation)
	}
}

// captureLogs collects what anybody writes to the standard logger.
func captureLogs(t *testing.T) *strings.Builder {
	var b strings.Builder
	log.SetOutput(&b)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return &b
}

func TestProbe(t *testing.T) {
	server := startOSS(t)
	must(t, checkpoint.Probe(t.Context(), openOSS(t, server)))
	if keys := server.Keys(""); len(keys) > 0 {
		t.Errorf("OSS: %q is left", keys)
	}
	server.SetLax(true)
	err := checkpoint.Probe(t.Context(), openOSS(t, server))
	if err == nil || !strings.Contains(err.Error(), "cannot keep two runs apart") {
		t.Errorf("Probe of a store that writes over: %v", err)
	}
	if keys := server.Keys(""); len(keys) > 0 {
		t.Errorf("lax OSS: %q is left", keys)
	}

	dir := t.TempDir()
	must(t, checkpoint.Probe(t.Context(), checkpoint.NewFile(dir)))
	if names := folder(t, dir).Names(); len(names) > 0 {
		t.Errorf("folder: %q is left", names)
	}

	mem := checkpointtest.NewMem()
	must(t, checkpoint.Probe(t.Context(), mem))
	refuseSecond := func(op checkpointtest.Op) checkpointtest.Fault {
		if op.Verb == checkpointtest.Create && op.N > 3 {
			return checkpointtest.Fault{Err: errors.New("flaky")}
		}
		return checkpointtest.Fault{}
	}
	if err := checkpoint.Probe(t.Context(), mem.Process(refuseSecond)); err == nil || !strings.Contains(err.Error(), "flaky") {
		t.Errorf("Probe of a flaky store: %v", err)
	}
	if names := mem.Names(); !slices.Equal(names, nil) {
		t.Errorf("memory: %q is left", names)
	}
}

// generous lets some creates win although the object exists, as a server does that
// looks before it writes, or forgets.
type generous struct {
	checkpoint.Backend
	calls    *atomic.Int32
	from, to int32
}

func (g generous) Create(ctx context.Context, name string, data []byte) (time.Time, error) {
	if n := g.calls.Add(1); g.from <= n && n <= g.to {
		return time.Now(), g.Put(ctx, name, data)
	}
	return g.Backend.Create(ctx, name, data)
}

// inventive answers for objects that were never written, as a cache in front of a store
// may.
type inventive struct{ checkpoint.Backend }

func (i inventive) Get(ctx context.Context, name string) (checkpoint.Answer, error) {
	a, err := i.Backend.Get(ctx, name)
	if !a.Found {
		a.Found, a.Data = true, []byte("invented")
	}
	return a, err
}

func TestProbeFindsUnfitStores(t *testing.T) {
	if err := checkpoint.Probe(t.Context(), checkpoint.New(inventive{checkpointtest.NewMem().Backend()})); err == nil || !strings.Contains(err.Error(), "never written was read") {
		t.Errorf("Probe of a store that invents objects: %v", err)
	}
	for want, g := range map[string]generous{
		"two simultaneous writes": {from: 1, to: 2},
		"a second write":          {from: 5, to: 5},
	} {
		g.Backend, g.calls = checkpointtest.NewMem().Backend(), new(atomic.Int32)
		err := checkpoint.Probe(t.Context(), checkpoint.New(g))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Probe: %v; want %q", err, want)
		}
	}
}

// A checkpoint below another's prefix is none of its generations, also for a server that
// lists everything below a prefix.
func TestOSSPrefixesMayLieBelowEachOther(t *testing.T) {
	for _, flat := range []bool{false, true} {
		server := startOSS(t)
		server.SetFlat(flat)
		below, err := checkpoint.Open(server.Checkpoint("refresh/watch/cdn"), checkpoint.Options{Credentials: server.Credentials, Dial: server.Dial})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := below.Swap(t.Context(), load(t, below), []byte("below")); err != nil {
			t.Fatal(err)
		}
		store := openOSS(t, server)
		head := load(t, store)
		if head.Generation != 0 {
			t.Errorf("flat %v: generation %d", flat, head.Generation)
		}
		if _, err := store.Swap(t.Context(), head, []byte("above")); err != nil {
			t.Errorf("flat %v: %v", flat, err)
		}
	}
}
