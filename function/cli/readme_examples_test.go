package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/notifier/slack"
	"refreshwatch/notifier/webhook"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// What is exported before a deployment is read by it, and what it is asked is taken.
func TestReadmeDeploy(t *testing.T) {
	text, deployment := allText(t), readDeployment(t)
	known := variablesOnFC()
	exports := regexp.MustCompile(`(?m)^ *export (.+)$`).FindAllStringSubmatch(text, -1)
	for _, line := range exports {
		for _, m := range regexp.MustCompile(`(?:^| )([A-Z][A-Z_]+)=`).FindAllStringSubmatch(line[1], -1) {
			if !strings.Contains(deployment, "env('"+m[1]+"'") && !slices.Contains(known, m[1]) && !strings.HasPrefix(m[1], "ALIBABA_CLOUD_ACCESS_KEY_") {
				t.Errorf("%s: nobody reads it", m[1])
			}
		}
	}
	events := regexp.MustCompile(`s invoke -e '([^']*)'`).FindAllStringSubmatch(text, -1)
	for _, m := range events {
		if _, err := watch.ParseEvent([]byte(m[1])); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
	if len(exports) < 5 || len(events) < 3 {
		t.Errorf("only %d exports and %d events were found", len(exports), len(events))
	}
}

// The wording that serves as an example loads, and changes the title.
func TestReadmeTemplate(t *testing.T) {
	dir := t.TempDir()
	text := readReadme(t, wording).blocks(t, "text")[0]
	if err := os.WriteFile(filepath.Join(dir, "slack.tmpl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	words, err := template.Load(template.Options{Lang: "en", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	kit := sink.Common{Client: sink.NewClient(sink.ClientOptions{}), Region: "cn-shanghai", Templates: words}
	body := slackBody(t, kit, sink.Message{ID: "d_1", Kind: poller.Finished, Events: readmeEvents()})
	if !strings.Contains(body, `"VOD: 1 of 5 failed`) {
		t.Error(body)
	}
}

// readmeEvents is the submission that the first message of README.md is about.
func readmeEvents() []poller.Event {
	seen := time.Date(2026, 11, 23, 15, 53, 57, 0, time.UTC)
	var events []poller.Event
	for i := range 5 {
		task := poller.Task{
			Key:    poller.Key{TaskID: "15680240", ObjectType: "file", ObjectPath: fmt.Sprintf("https://www.example.com/watch/%d.html", 70+i)},
			Status: poller.Complete, Process: "100%", Created: seen.Add(-5 * time.Minute),
		}
		if i == 3 {
			task.Status, task.Process, task.Description = poller.Failed, "0%", "Origin Timeout"
		}
		events = append(events, poller.Event{Kind: poller.Finished, From: poller.Refreshing, Task: task, Observed: seen, EndedAfter: seen.Add(-time.Minute), EndedBefore: seen})
	}
	return events
}

func slackBody(t *testing.T, kit sink.Common, d sink.Message) string {
	t.Helper()
	hook, err := slack.NewWebhook(slack.WebhookConfig{Common: kit, URL: "https://hooks.slack.com/services/T/B/x"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := hook.Body(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var update = flag.Bool("update", false, "write the golden files again")

// The picture in README.md is drawn from a real body, a golden file. When the body
// changes, the picture has to be drawn again, and its text corrected.
func TestReadmePicture(t *testing.T) {
	words, err := template.Load(template.Options{Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	common := sink.Common{Client: sink.NewClient(sink.ClientOptions{}), Region: "cn-shanghai", Templates: words}
	message := sink.Message{ID: "d_ff0b369fee577de280e8425d58e47454", Kind: poller.Finished, Events: readmeEvents()}
	var body bytes.Buffer
	if err := json.Indent(&body, []byte(slackBody(t, common, message)), "", "  "); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(moduleRoot(t), "testdata", "golden", "readme.json")
	if *update {
		if err := os.WriteFile(file, append(body.Bytes(), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	drawn, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(drawn), body.String()+"\n"); diff != "" {
		t.Errorf("draw .github/message.png again from this body (-drawn +now):\n%s", diff)
	}
	var text struct{ Text string }
	if err := json.Unmarshal(body.Bytes(), &text); err != nil {
		t.Fatal(err)
	}
	if want := "![" + text.Text + "](.github/message.png)"; !strings.Contains(string(readReadme(t, firstPage)), want) {
		t.Errorf("README.md lacks the picture with its text:\n%s", want)
	}
}

// The webhook's example is a real body.
func TestReadmeWebhookBody(t *testing.T) {
	example := readReadme(t, sinksAndSuch).section(t, "Your own webhook").blocks(t, "json")[0]
	at := func(minute, second int) time.Time { return time.Date(2026, 11, 20, 8, minute, second, 0, time.UTC) }
	event := func(name string, status poller.Status, process, description string) poller.Event {
		return poller.Event{Kind: poller.Finished, From: poller.Refreshing, Observed: at(30, 0), EndedAfter: at(29, 0), EndedBefore: at(30, 0), Task: poller.Task{
			Key:    poller.Key{TaskID: "14589032781", ObjectType: "file", ObjectPath: "https://cdn.example.com/video/" + name},
			Status: status, Process: process, Description: description, Created: at(24, 0),
		}}
	}
	d := sink.Message{
		ID: "d_82308f27f4ce091637bb3c2a68f73ee7", Kind: poller.Finished, Created: at(30, 2),
		Events: []poller.Event{event("intro.mp4", poller.Complete, "100%", ""), event("trailer.mp4", poller.Failed, "60%", "Origin Timeout")},
	}
	hook, err := webhook.New(webhook.Config{Common: sink.Common{Region: "cn-shanghai"}, URL: "https://ci.example.com/hook"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := hook.Body(d)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(indented.String()+"\n", example); diff != "" {
		t.Errorf("a real body (-), the example (+):\n%s", diff)
	}
}

// receive verifies a webhook and handles its body once per id. Keep the ids in a store
// that outlives the process.
func receive(secret string, seen func(id string) bool, handle func(body []byte) error) (http.HandlerFunc, error) {
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		switch {
		case err != nil:
			http.Error(w, "unreadable", http.StatusBadRequest)
		case wh.Verify(body, r.Header) != nil:
			http.Error(w, "not from refreshwatch", http.StatusUnauthorized)
		case seen(r.Header.Get("webhook-id")): // handled before; only the response was lost
		case handle(body) != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	}, nil
}

// The receiver in notifier/README.md is the function above, and it works.
func TestReadmeReceiver(t *testing.T) {
	own, err := os.ReadFile("readme_examples_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, function, _ := strings.Cut(readReadme(t, sinksAndSuch).section(t, "Your own webhook").blocks(t, "go")[0], "\n\n")
	if !strings.HasPrefix(function, "// receive") || !strings.Contains(string(own), "\n"+function) {
		t.Error("the receiver in notifier/README.md is not the one tested here")
	}
	handled, busy := map[string]int{}, errors.New("busy")
	var fails error
	handler, err := receive(testWebhookSecret, func(id string) bool { return handled[id] > 0 }, func(body []byte) error {
		var event struct {
			Data struct {
				DeliveryID string `json:"delivery_id"`
			}
		}
		if err := json.Unmarshal(body, &event); err != nil || fails != nil {
			return errors.Join(err, fails)
		}
		handled[event.Data.DeliveryID]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	send := func(secret sink.Secret) sink.Class {
		hook, err := webhook.New(webhook.Config{
			Common: sink.Common{Client: sink.NewClient(sink.ClientOptions{})}, URL: sink.Secret(server.URL), Secret: secret,
		})
		if err != nil {
			t.Fatal(err)
		}
		err = hook.Send(t.Context(), sink.Message{ID: "d_1", Kind: poller.Finished, Events: readmeEvents()})
		var refused *sink.Error
		if errors.As(err, &refused) {
			return refused.Class
		}
		return ""
	}
	const other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	fails = busy
	got := []sink.Class{send(testWebhookSecret)}
	fails = nil
	got = append(got, send(testWebhookSecret), send(testWebhookSecret), send(other), send(""))
	want := []sink.Class{sink.Later, "", "", sink.Refused, sink.Refused}
	if diff := cmp.Diff(want, got); diff != "" || handled["d_1"] != 1 {
		t.Errorf("handled %d times; want (-), got (+):\n%s", handled["d_1"], diff)
	}
}
