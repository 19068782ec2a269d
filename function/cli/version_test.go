package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"refreshwatch/function/watch"
)

// Whoever is asked or notified can see which version it was: the API, the sinks and
// the heartbeat.
func TestPeersSeeTheVersion(t *testing.T) {
	var mu sync.Mutex
	agents := map[string]string{} // by the first part of the path
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		name := strings.Split(r.URL.Path, "/")[1]
		agents[name] = r.UserAgent()
		if name == "" {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"Code":"Forbidden.RAM","Message":"no","RequestId":"1"}`)
		}
	}))
	defer peer.Close()
	env := map[string]string{
		"VOD_ENDPOINT": peer.URL, "CHECKPOINT": "file://" + t.TempDir(), "WEBHOOK_URL": peer.URL + "/hook", "HEARTBEAT_URL": peer.URL + "/heartbeat",
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
	}
	for _, line := range []string{"check -post", "poll"} {
		var out bytes.Buffer
		sh := Shell{In: strings.NewReader(""), Out: &out, Err: &out, Getenv: func(name string) string { return env[name] }}
		Run(t.Context(), strings.Fields(line), sh)
	}
	want := "refreshwatch/" + watch.ThisVersion().Version
	for _, name := range []string{"", "hook", "heartbeat"} {
		if !strings.Contains(agents[name], want) {
			t.Errorf("/%s saw %q, want %q", name, agents[name], want)
		}
	}
}
