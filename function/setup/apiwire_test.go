package setup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// wired is the program as an operator wires it, on real connections.
type wired struct {
	t        *testing.T
	api      *apitest.Server
	receiver *notifiertest.Receiver
	config   Config
	log      *safeBuffer
	secrets  []string
}

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newWired starts the API with a key whose characters every escaping changes, and a
// receiver that verifies signatures.
func newWired(t *testing.T, options apitest.Options) *wired {
	t.Helper()
	options.AccessKeyID, options.Secret, options.Token = "LTAI+odd/id=1", "odd+secret/2==", "CAIS%odd/token+3/x=="
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a key of thirty-two bytes, no more"))
	w := &wired{t: t, api: apitest.New(options), receiver: &notifiertest.Receiver{WebhookSecret: secret}, log: &safeBuffer{}}
	endpoint, stop, err := w.api.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if err := w.receiver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.receiver.Close() })
	hook := w.receiver.URL(notifiertest.Webhook)
	product := cmp.Or(options.Product, "vod")
	env := map[string]string{
		"PRODUCT": product, "STS_ENDPOINT": endpoint,
		"ALIBABA_CLOUD_ACCESS_KEY_ID": options.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": options.Secret,
		"ALIBABA_CLOUD_SECURITY_TOKEN": options.Token, strings.ToUpper(product) + "_ENDPOINT": endpoint, strings.ToUpper(product) + "_MAX_QPS": "1000",
		"CHECKPOINT": "file://" + t.TempDir(), "FIRST_RUN": "notify", "LOG_LEVEL": "debug",
		"WEBHOOK_URL": hook, "WEBHOOK_SECRET": secret,
	}
	if options.RoleOnly {
		env["WATCH_ROLE_ARN"], env["WATCH_ROLE_EXTERNAL_ID"] = options.Roles[0].ARN, options.Roles[0].ExternalID
		w.secrets = append(w.secrets, options.Roles[0].ExternalID)
	}
	if w.config, err = LoadConfig(func(name string) string { return env[name] }, CommandLine); err != nil {
		t.Fatal(err)
	}
	path, _ := url.Parse(hook)
	for _, s := range []string{options.AccessKeyID, options.Secret, options.Token} {
		once := url.QueryEscape(s)
		w.secrets = append(w.secrets, s, once, url.QueryEscape(once), url.PathEscape(s))
	}
	w.secrets = append(w.secrets, path.Path, secret, strings.TrimPrefix(secret, "whsec_"), "Signature=", "Signature%3D")
	return w
}

// poll is one tick from configuration to report. All that it said is looked through
// for secrets.
func (w *wired) poll(timeout time.Duration) (watch.Report, error) {
	return w.run(timeout, watch.Request{Action: watch.ActionPoll})
}

func (w *wired) run(timeout time.Duration, req watch.Request) (watch.Report, error) {
	ctx, stop := context.WithTimeout(context.Background(), timeout)
	defer stop()
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: w.config.LogLevel}))
	program, err := Assemble(w.config, log, io.Discard)
	if err != nil {
		return watch.Report{}, err
	}
	defer program.API.Close()
	report, err := program.Run(ctx, req, log)
	said, _ := json.Marshal(report)
	mustNotHold(w.t, fmt.Sprintf("%s %v %+v %#v %s", said, err, err, err, w.log), append(w.api.Issued(), w.secrets...)...)
	return report, err
}

// The wire itself: every damaged answer over real connections, through everything
// that is between them and the report. All at once, since some take their time.
func TestEveryDamageOverHTTP(t *testing.T) {
	t.Parallel() // most of its time is waiting
	const rows = 5
	faults := append(apitest.Faults(), apitest.Redirect(307, "https://elsewhere.example.com/"))
	var wg sync.WaitGroup
	for _, f := range faults {
		w := newWired(t, apitest.Options{})
		for i := range rows {
			if err := w.api.Add(apitest.Task{Key: rowNumber(i), Created: time.Now().Add(-time.Minute), Steps: apitest.Finish(time.Second)}); err != nil {
				t.Fatal(err)
			}
		}
		timeout := 6 * time.Second // what passes by itself is asked again until then
		if f.Class != poller.Transient {
			timeout = time.Minute // final at once, however busy this machine is
		}
		wg.Go(func() {
			w.api.Fault(f)
			report, err := w.poll(timeout)
			if want := map[poller.Class]string{poller.Transient: watch.CodeAPIUnavailable, poller.Credentials: watch.CodeAPICredentials, poller.Denied: watch.CodeAPIDenied, poller.Rejected: watch.CodeAPIRejected, poller.Unreadable: watch.CodeAPIRejected}[f.Class]; watch.Code(err) != want || report.Fetched > 0 {
				t.Errorf("%s: %+v, %v; want code %q", f.Name, report, err, want)
			}
			w.api.Heal()
			if report, err = w.poll(time.Minute); err != nil || report.Complete != rows {
				t.Errorf("%s healed: %+v, %v; want %d rows notified", f.Name, report, err, rows)
			}
			for id, times := range w.receiver.Arrived() {
				if times != 1 {
					t.Errorf("%s: %s arrived %d times", f.Name, id, times)
				}
			}
		})
	}
	wg.Wait()
}

func rowNumber(i int) poller.Key {
	return poller.Key{TaskID: fmt.Sprint(1000 + i), ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%d.mp4", i)}
}

func mustNotHold(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%q is in %q", s, text)
		}
	}
}
