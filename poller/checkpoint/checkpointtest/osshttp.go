package checkpointtest

import (
	"crypto/rand"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ossAnswer is an answer before it is sent.
type ossAnswer struct {
	status int
	header map[string]string
	body   []byte
}

// ServeHTTP answers one request as OSS would, unless the hook disturbs it.
func (s *OSS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 128<<20))
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away within its body
	}
	key := strings.TrimPrefix(r.URL.Path, "/"+s.Bucket+"/")
	req, fault, entry := s.admit(OSSRequest{Op: operation(r, s.Bucket), Key: key, UserAgent: r.UserAgent()})
	select { // not ended by the client: what is late happens even if nobody waits for it
	case <-time.After(fault.Delay):
	case <-s.done:
	}
	silent := fault.Drop || fault.Hang && !fault.Cut
	broken := silent || fault.Status != 0
	var a ossAnswer
	if !broken || fault.Apply {
		a = s.answer(r, req, body)
	}
	if fault.Status != 0 {
		a = refuseAt(fault.Endpoint, fault.Status, fault.Code, fault.EC, "injected")
	}
	if fault.Then != nil {
		fault.Then()
	}
	if !silent {
		s.note(entry, a.status)
		s.send(w, a, fault.Cut)
	}
	if fault.Hang {
		<-r.Context().Done()
	}
	if silent || fault.Cut {
		panic(http.ErrAbortHandler)
	}
}

// admit logs the request, asks the hook, and returns the log's entry.
func (s *OSS) admit(req OSSRequest) (_ OSSRequest, f OSSFault, entry int) {
	s.mu.Lock()
	s.count[req.Op]++
	req.N = s.count[req.Op]
	s.log = append(s.log, req)
	entry, hook := len(s.log)-1, s.hook
	s.mu.Unlock()
	if hook != nil {
		f = hook(req) // unlocked: a hook may use the server
	}
	return req, f, entry
}

// note completes the log with what is answered.
func (s *OSS) note(entry, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log[entry].Status = status
}

func (s *OSS) send(w http.ResponseWriter, a ossAnswer, cut bool) {
	s.mu.Lock()
	now := s.now()
	s.mu.Unlock()
	h := w.Header()
	h.Set("Server", "AliyunOSS")
	h.Set("Date", now.Format(http.TimeFormat))
	h.Set("x-oss-request-id", rand.Text()[:24])
	for k, v := range a.header {
		h.Set(k, v)
	}
	if cut {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		a.body = a.body[:len(a.body)/2]
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
	if cut {
		http.NewResponseController(w).Flush()
	}
}

// operation is the RAM action that a request takes, without its "oss:".
func operation(r *http.Request, bucket string) string {
	inBucket := strings.HasPrefix(r.URL.Path, "/"+bucket+"/")
	onBucket := r.URL.Path == "/"+bucket+"/"
	query := r.URL.Query()
	switch {
	case !inBucket:
		return "NoSuchBucket"
	case onBucket && r.Method == http.MethodGet && query.Has("versioning"):
		return "GetBucketVersioning"
	case onBucket && r.Method == http.MethodGet && query.Get("list-type") == "2":
		return "ListObjects"
	case onBucket:
		return "unknown"
	}
	switch r.Method {
	case http.MethodPut:
		return "PutObject"
	case http.MethodGet:
		return "GetObject"
	case http.MethodHead:
		return "HeadObject"
	case http.MethodDelete:
		return "DeleteObject"
	}
	return "unknown"
}

// refuse is an error document.
func refuse(status int, code, ec, message string) ossAnswer {
	return refuseAt("", status, code, ec, message)
}

// refuseAt is the error document of a bucket that is elsewhere.
func refuseAt(endpoint string, status int, code, ec, message string) ossAnswer {
	body, err := xml.Marshal(struct {
		XMLName  xml.Name `xml:"Error"`
		Code     string
		Message  string
		HostID   string `xml:"HostId"`
		Endpoint string `xml:",omitempty"`
		EC       string `xml:",omitempty"`
	}{Code: code, Message: message, HostID: "oss-cn-shanghai.aliyuncs.com", Endpoint: endpoint, EC: ec})
	if err != nil {
		panic(err) // strings always marshal
	}
	header := map[string]string{"Content-Type": "application/xml", "x-oss-ec": ec}
	if status/100 == 3 {
		header["Location"] = endpoint
	}
	return ossAnswer{status: status, header: header, body: append([]byte(xml.Header), body...)}
}

func ok(header map[string]string, body []byte) ossAnswer {
	return ossAnswer{status: http.StatusOK, header: header, body: body}
}

// isoTime is how OSS writes times in documents.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
