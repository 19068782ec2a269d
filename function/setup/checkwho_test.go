package setup

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun/apitest"
)

// check names whose key it is and where it came from, and what is asked where.
func TestCheckNamesWhoAndWhere(t *testing.T) {
	own := map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI5tQRSTUVWXYZ9876", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}
	for _, row := range []struct {
		name                 string
		on                   Platform
		invocation           *Key
		set                  map[string]string
		credentials, product string
	}{
		{"a key", CommandLine, nil, nil, "a long-lived key, ID …9876, from the environment", "ApsaraVideo VOD in cn-shanghai, at https://vod.cn-shanghai.aliyuncs.com"},
		{"a temporary key", CommandLine, nil, map[string]string{"ALIBABA_CLOUD_SECURITY_TOKEN": "t", "VOD_REGION": "cn-beijing"},
			"a temporary key, ID …9876, from the environment", "ApsaraVideo VOD in cn-beijing, at https://vod.cn-beijing.aliyuncs.com"},
		{"a short key", CommandLine, nil, map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI1", "PRODUCT": "cdn"},
			"a long-lived key, ID (not shown), from the environment", "Alibaba Cloud CDN, at https://cdn.aliyuncs.com"},
		{"Function Compute", FunctionCompute, &Key{ID: "STS.abcdefghijkl1234", Secret: "s", Token: "t", From: "the invocation", Account: "1234567890123456"},
			map[string]string{"CHECKPOINT": "file:///mnt/x", "WEBHOOK_URL": "https://hooks.example.com/x", "PRODUCT": "dcdn", "DCDN_ENDPOINT": "https://dcdn.example.com"},
			"a temporary key of account 1234567890123456, from the invocation", "Alibaba Cloud DCDN, at https://dcdn.example.com"},
		{"an invocation without an account", FunctionCompute, &Key{ID: "STS.abcdefghijkl1234", Secret: "s", Token: "t", From: "the invocation"},
			map[string]string{"CHECKPOINT": "file:///mnt/x", "WEBHOOK_URL": "https://hooks.example.com/x"},
			"a temporary key, ID …1234, from the invocation", "ApsaraVideo VOD in cn-shanghai"},
		{"no key", CommandLine, nil, map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ""}, "none on this machine; on Function Compute the role brings them", "ApsaraVideo VOD"},
	} {
		env := map[string]string{"HOME": t.TempDir(), "CHECKPOINT": "file://" + t.TempDir()}
		for _, set := range []map[string]string{own, row.set} {
			for name, value := range set {
				env[name] = value
			}
		}
		program, err := Configure(lookup(env), row.on, silent, io.Discard)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if row.invocation != nil {
			program.Keys.Use(*row.invocation)
		}
		report, _ := program.Run(t.Context(), watch.Request{Action: watch.ActionCheck, Offline: true}, program.Log)
		if got := item(report, "credentials").Detail; got != row.credentials {
			t.Errorf("%s: credentials: %s, want %s", row.name, got, row.credentials)
		}
		if got := item(report, "product").Detail; !strings.HasPrefix(got, row.product) {
			t.Errorf("%s: product: %s, want %s", row.name, got, row.product)
		}
	}
}

// The account is read from STS where no role names it. That it cannot be read is a
// warning and no more.
func TestCheckNamesTheAccount(t *testing.T) {
	t.Parallel() // most of its time is waiting
	api := apitest.New(apitest.Options{AccessKeyID: "LTAI1", Secret: "s"})
	sts, stop, err := api.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	silly := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"AccountId":"7"}`) }))
	defer silly.Close()
	for _, row := range []struct {
		name, sts string
		want      watch.Finding
	}{
		{"answered", sts, watch.Finding{Level: sink.OK, Detail: "1234567890123456, used by acs:ram::1234567890123456:user/apitest"}},
		{"unreachable", "http://127.0.0.1:1", watch.Finding{Level: sink.Warn, Detail: "the connection was refused"}},
		{"no account in the answer", silly.URL, watch.Finding{Level: sink.Warn, Detail: "there is no account in the answer"}},
		{"a simulated API alone", "", watch.Finding{}},
	} {
		got := item(checked(t, watch.Request{}, map[string]string{"STS_ENDPOINT": row.sts}), "account")
		if got.Level != row.want.Level || !strings.Contains(got.Detail, row.want.Detail) {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}

// pinged counts the pings that it takes; whatever else is asked of its host gets 404.
type pinged struct {
	mu     sync.Mutex
	pings  []string
	status int
}

func (m *pinged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !strings.HasPrefix(r.URL.Path, "/ping/") {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	m.pings = append(m.pings, r.Method+" "+r.URL.Path)
	w.WriteHeader(m.status)
}

// check tries the heartbeat without reporting a poll that there was not; with -post it
// pings, unless something else is wrong.
func TestCheckTriesTheHeartbeat(t *testing.T) {
	t.Parallel() // most of its time is waiting
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, row := range []struct {
		name   string
		req    watch.Request
		status int // of a ping; 0: nobody is there
		set    map[string]string
		level  sink.Level
		says   string
		pings  int
	}{
		{"a host that answers", watch.Request{}, 200, nil, sink.OK, "127.0.0.1 answers; not pinged", 0},
		{"nobody", watch.Request{}, 0, nil, sink.Bad, "the connection was refused", 0},
		{"post", watch.Request{Post: true}, 200, nil, sink.OK, "was pinged", 1},
		{"post to an unknown check", watch.Request{Post: true}, 404, nil, sink.Bad, "answered 404", 1},
		{"post in a dry run", watch.Request{Post: true, DryRun: true}, 200, nil, sink.OK, "not pinged", 0},
		{"post beside what is wrong", watch.Request{Post: true}, 200, map[string]string{"VOD_ENDPOINT": "http://127.0.0.1:1"}, sink.OK, "not pinged, since not everything else is right", 0},
	} {
		m := &pinged{status: row.status}
		server := httptest.NewServer(m)
		set := map[string]string{"HEARTBEAT_URL": server.URL + "/ping/heartbeatsecret"}
		if row.status == 0 {
			set["HEARTBEAT_URL"] = gone.URL + "/ping/heartbeatsecret"
		}
		for name, value := range row.set {
			set[name] = value
		}
		report, _ := check(t, row.req, set)
		server.Close()
		got := item(report, "heartbeat")
		if got.Level != row.level || !strings.Contains(got.Detail, row.says) || len(m.pings) != row.pings {
			t.Errorf("%s: %+v after the pings %v", row.name, got, m.pings)
		}
		mustNotHold(t, got.Detail+got.Hint, "heartbeatsecret")
	}
}

// A check ends with a verdict and the command to go on with, for where it ran.
func TestCheckEndsWithTheNextCommand(t *testing.T) {
	hook := map[string]string{"WEBHOOK_URL": "https://hooks.example.com/x", "CHECKPOINT": "file:///mnt/x"}
	for _, row := range []struct {
		on            Platform
		env           map[string]string
		req           watch.Request
		bad, warnings int
		want          string
	}{
		{CommandLine, hook, watch.Request{}, 0, 0, "Ready. Next: refreshwatch check -post sends a test message to every sink"},
		{CommandLine, hook, watch.Request{}, 0, 2, "Ready, with 2 warnings. Next: refreshwatch check -post sends a test message to every sink"},
		{CommandLine, hook, watch.Request{Post: true}, 0, 0, "Ready. Next: refreshwatch poll"},
		{CommandLine, map[string]string{"CHECKPOINT": "file:///mnt/x"}, watch.Request{}, 0, 1, "Ready, with 1 warning. Next: refreshwatch poll"},
		{CommandLine, hook, watch.Request{}, 1, 2, "Not ready: fix 1 item, in the order of the list, and run refreshwatch check again."},
		{CommandLine, hook, watch.Request{Offline: true}, 0, 0, "The configuration is valid; nothing was contacted. Next: refreshwatch check"},
		{FunctionCompute, hook, watch.Request{}, 0, 0, `Ready. Next: s invoke -e '{"action":"check","post":true}' sends a test message to every sink`},
		{FunctionCompute, hook, watch.Request{Post: true}, 0, 1, "Ready, with 1 warning. Next: s logs --tail"},
	} {
		program, err := Configure(lookup(row.env), row.on, silent, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := program.verdict(row.bad, row.warnings, row.req); got != row.want {
			t.Errorf("got  %s\nwant %s", got, row.want)
		}
	}
}
