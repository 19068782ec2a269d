package notifiertest

import (
	"io"
	"net"
	"net/http"
	"strconv"
)

// Fault is how one request goes wrong. The zero value of each part means it does not.
type Fault struct {
	Store  bool // the message is kept all the same, if the platform would keep it
	Hang   bool // no answer until the client leaves or the receiver is closed
	Reset  bool // the connection is reset without an answer
	Cut    bool // the answer breaks off in the middle of its body
	Status int  // of the answer; 0 means 200
	Header http.Header
	Body   string
}

// Answer is a fault that is just another answer.
func Answer(status int, body string) Fault { return Fault{Status: status, Body: body} }

// Busy answers the status with a Retry-After header: seconds or an HTTP date.
func Busy(status int, retryAfter string) Fault {
	return Fault{Status: status, Header: http.Header{"Retry-After": {retryAfter}}, Body: `{"ok":false,"error":"ratelimited"}`}
}

// SlackSays is a refusal of Slack's Web API.
func SlackSays(code string) Fault {
	return Answer(http.StatusOK, `{"ok":false,"error":`+strconv.Quote(code)+`}`)
}

// Redirect sends the client elsewhere, body and all.
func Redirect(to string) Fault {
	return Fault{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {to}}}
}

// ButStored keeps the message before the fault strikes: it arrived, but the
// sender cannot know.
func (f Fault) ButStored() Fault {
	f.Store = true
	return f
}

// Script queues faults for an endpoint: one a request, then it behaves again.
func (r *Receiver) Script(e Endpoint, faults ...Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.script == nil {
		r.script = map[Endpoint][]Fault{}
	}
	r.script[e] = append(r.script[e], faults...)
}

// next takes the endpoint's next fault; the caller holds the lock.
func (r *Receiver) next(e Endpoint) (Fault, bool) {
	queue := r.script[e]
	if len(queue) == 0 {
		return Fault{}, false
	}
	r.script[e] = queue[1:]
	return queue[0], true
}

func (r *Receiver) fail(w http.ResponseWriter, req *http.Request, f Fault) {
	switch {
	case f.Hang:
		if r.Hanging != nil {
			r.Hanging()
		}
		select {
		case <-req.Context().Done():
		case <-r.closed:
		}
	case f.Reset:
		reset(w)
		return
	}
	if f.Cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(f.Body)+100))
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(max(f.Status, http.StatusOK))
	_, _ = io.WriteString(w, f.Body)
}

// reset closes the connection so that the peer sees a reset, not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
