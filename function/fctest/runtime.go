package fctest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const runtimePath = "/2020-11-11/runtime/invocation/"

// runtimeAPI is the server a go1 process talks to: it hands out one invocation at
// a time and takes its answer.
type runtimeAPI struct {
	opts      Options
	handler   string
	violation func(format string, args ...any)

	firstNext chan time.Duration // one value, when the process first asks for work
	queue     chan *call         // unbuffered: handed over only while the process asks
	gone      chan struct{}      // closed once the process is

	mu       sync.Mutex
	started  time.Time
	asked    bool
	current  *call
	requests int
}

// call is one invocation on its way through the process.
type call struct {
	inv       Invocation
	requestID string
	handed    time.Time
	taken     chan struct{} // closed when the process has it; requestID and handed are set then
	answer    chan answer   // buffered: the process never waits for the test
}

type answer struct {
	body []byte
	err  *FunctionError
	at   time.Time
}

func newCall(inv Invocation) *call {
	return &call{inv: inv, taken: make(chan struct{}), answer: make(chan answer, 1)}
}

func (a *runtimeAPI) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimePath+"next", a.next)
	mux.HandleFunc("POST "+runtimePath+"{id}/response", a.response)
	mux.HandleFunc("POST "+runtimePath+"{id}/error", a.error)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, "%s %s is not part of the Runtime API", r.Method, r.URL.Path)
	})
	return mux
}

// next is the long poll: it answers when there is work, however long that takes.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.noteFirst()
	select {
	case c := <-a.queue:
		a.handOver(w, c)
	case <-r.Context().Done():
	case <-a.gone:
	}
}

// starting notes that the process is about to start.
func (a *runtimeAPI) starting() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.started = time.Now()
}

func (a *runtimeAPI) noteFirst() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.asked {
		a.asked = true
		a.firstNext <- time.Since(a.started)
	}
}

func (a *runtimeAPI) handOver(w http.ResponseWriter, c *call) {
	a.mu.Lock()
	a.requests++
	c.requestID = fmt.Sprintf("1-%08x-%08x", time.Now().Unix(), a.requests)
	c.handed = time.Now()
	a.current = c
	a.mu.Unlock()

	for name, values := range a.opts.header(c.inv, c.requestID, a.handler, c.handed.Add(a.opts.Timeout)) {
		w.Header()[name] = values
	}
	close(c.taken)
	w.Write(c.inv.Event) // a process that died meanwhile is noticed by its exit
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if ok {
		a.settle(w, r, answer{body: body})
	}
}

func (a *runtimeAPI) error(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if !ok {
		return
	}
	var fe FunctionError
	if err := json.Unmarshal(body, &fe); err != nil {
		a.refuse(w, "the error answer is no JSON: %v: %.200q", err, body)
		return
	}
	a.settle(w, r, answer{err: &fe})
}

func (a *runtimeAPI) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, false // killed while it was sending: no answer
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/json" {
		a.refuse(w, "answer of type %q, want application/json", ct)
		return nil, false
	}
	return body, true
}

// settle takes the one answer an invocation may have.
func (a *runtimeAPI) settle(w http.ResponseWriter, r *http.Request, ans answer) {
	a.mu.Lock()
	c := a.current
	if c == nil || c.requestID != r.PathValue("id") {
		a.mu.Unlock()
		a.refuse(w, "answer to %s, which is not running", r.PathValue("id"))
		return
	}
	a.current = nil
	a.mu.Unlock()

	ans.at = time.Now()
	c.answer <- ans
	w.WriteHeader(http.StatusOK)
}

func (a *runtimeAPI) refuse(w http.ResponseWriter, format string, args ...any) {
	a.violation("runtime API: "+format, args...)
	http.Error(w, fmt.Sprintf(format, args...), http.StatusBadRequest)
}
