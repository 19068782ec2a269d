package fctest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A process that breaks the protocol must fail its test, so each rule is broken
// here once, by hand.
func TestProtocolViolations(t *testing.T) {
	const good = "application/json"
	for _, tt := range []struct {
		name              string
		method, path      string
		contentType, body string
		want              string
	}{
		{"unknown path", "GET", "/2020-11-11/runtime/init/error", good, "", "not part of the Runtime API"},
		{"wrong method", "POST", runtimePath + "next", good, "", "not part of the Runtime API"},
		{"unknown request", "POST", runtimePath + "other/response", good, `{}`, "answer to other, which is not running"},
		{"content type", "POST", runtimePath + "ID/response", "text/plain", `{}`, "text/plain"},
		{"error is no JSON", "POST", runtimePath + "ID/error", good, `broken`, "no JSON"},
		{"second answer", "POST", runtimePath + "ID/response", good, `again`, "not running"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var violations []string
			api := &runtimeAPI{
				opts:      Options{}.withDefaults(),
				violation: func(format string, args ...any) { violations = append(violations, fmt.Sprintf(format, args...)) },
				firstNext: make(chan time.Duration, 1),
				queue:     make(chan *call, 1),
				gone:      make(chan struct{}),
			}
			id := take(t, api)
			if tt.name == "second answer" {
				post(api, "POST", runtimePath+id+"/response", good, `first`)
			}
			if len(violations) > 0 {
				t.Fatalf("before the breach: %q", violations)
			}
			code := post(api, tt.method, strings.Replace(tt.path, "ID", id, 1), tt.contentType, tt.body)
			if code != http.StatusBadRequest || len(violations) != 1 || !strings.Contains(violations[0], tt.want) {
				t.Errorf("code %d, violations %q; want one with %q", code, violations, tt.want)
			}
		})
	}
}

// take asks for work as a process does, and returns the request's id.
func take(t *testing.T, api *runtimeAPI) string {
	t.Helper()
	api.queue <- newCall(Invocation{})
	rec := httptest.NewRecorder()
	api.routes().ServeHTTP(rec, httptest.NewRequest("GET", runtimePath+"next", nil))
	id := rec.Header().Get("x-fc-request-id")
	if rec.Code != http.StatusOK || id == "" {
		t.Fatalf("next: code %d, request id %q", rec.Code, id)
	}
	return id
}

func post(api *runtimeAPI, method, path, contentType, body string) int {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	rec := httptest.NewRecorder()
	api.routes().ServeHTTP(rec, req)
	return rec.Code
}
