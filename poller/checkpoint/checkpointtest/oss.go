package checkpointtest

import (
	"context"
	"crypto/rand"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// OSS is a server that behaves like Alibaba Cloud OSS for one bucket: V4
// signatures, create-once puts, listing with pages, the error documents, and what
// goes wrong between it and its callers. It takes path-style addresses only.
//
// No public emulator could stand in (2026-11): gofakes3 and oss-emulator let 16 of
// 16 racers win a forbid-overwrite put, minio and versitygw know no OSS4-HMAC.
type OSS struct {
	Bucket, Region string
	// Dial reaches a server made by PipeOSS; nil for one on a port.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	done   <-chan struct{} // closed when the server ends
	cancel context.CancelFunc
	server *http.Server
	url    string

	mu         sync.Mutex
	credential Credential
	objects    map[string]object
	versioning string
	lax        bool // forbid-overwrite is ignored although versioning is off
	reticent   bool // a missing object is refused (403) instead of not found (404)
	flat       bool // listings ignore the delimiter
	pageSize   int  // most keys a listing holds, whatever was asked for
	denied     map[string]bool
	offset     time.Duration
	hook       func(OSSRequest) OSSFault
	log        []OSSRequest
	count      map[string]int // by Op
	writes     int
}

// Credential is what requests must be signed with. Token is empty for a long-lived
// pair.
type Credential struct{ ID, Secret, Token string }

// OSSRequest is one request as the server saw it.
type OSSRequest struct {
	Op        string // as in PutObject, GetObject, ListObjects, GetBucketVersioning
	Key       string
	UserAgent string
	N         int // which one of its Op, from 1
	Status    int // what was answered, 0 for nothing; only in Requests
}

// OSSFault is what happens to one request. The zero OSSFault lets it be.
type OSSFault struct {
	Delay  time.Duration // before anything is done, even if the client has gone
	Apply  bool          // do what is asked before failing
	Then   func()        // called after that, before anything is answered
	Drop   bool          // close the connection without an answer
	Hang   bool          // answer nothing until the client goes away
	Cut    bool          // end the answer half-way; with Hang, stall there
	Status int           // answer so, with Code and EC
	Code   string
	EC     string
	// Endpoint is where the bucket is instead, as in an answer from another region,
	// and where a Status of 3xx leads.
	Endpoint string
}

// StartOSS serves an empty bucket on a loopback port, with credentials of an STS
// role. Close ends it.
func StartOSS() (*OSS, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return serveOSS(listener), nil
}

// PipeOSS serves an empty bucket without a socket: to whoever dials with Dial. So
// it works within a synctest bubble, where hangs and pauses take no time.
func PipeOSS() *OSS {
	p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	s := serveOSS(p)
	s.Dial = p.dial
	return s
}

func serveOSS(listener net.Listener) *OSS {
	ctx, cancel := context.WithCancel(context.Background())
	s := &OSS{
		Bucket: "test-bucket", Region: "cn-shanghai",
		done:     ctx.Done(),
		cancel:   cancel,
		url:      "http://" + listener.Addr().String(),
		objects:  map[string]object{},
		pageSize: 1000,
		denied:   map[string]bool{},
		count:    map[string]int{},
	}
	s.Rotate()
	s.server = &http.Server{Handler: s, BaseContext: func(net.Listener) context.Context { return ctx }}
	go s.server.Serve(listener)
	return s
}

// Close ends the server, hanging requests included.
func (s *OSS) Close() {
	s.cancel()
	s.server.Close()
}

// URL is the endpoint.
func (s *OSS) URL() string { return s.url }

// Checkpoint is the setting that leads here, with a prefix of the caller's choice.
func (s *OSS) Checkpoint(prefix string) string {
	return "oss://" + s.Bucket + "/" + prefix + "?region=" + s.Region + "&endpoint=" + s.url
}

// Credential is what the server accepts now.
func (s *OSS) Credential() Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.credential
}

// Credentials is the same in the form that a store asks for it.
func (s *OSS) Credentials(context.Context) (id, secret, token string, err error) {
	c := s.Credential()
	return c.ID, c.Secret, c.Token, nil
}

// Rotate replaces the credential by a new one, as between two invocations.
func (s *OSS) Rotate() Credential {
	s.SetCredential(Credential{ID: "STS." + rand.Text(), Secret: "secret-" + rand.Text(), Token: "token-" + rand.Text()})
	return s.Credential()
}

// SetCredential replaces the credential by this one.
func (s *OSS) SetCredential(c Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.credential = c
}

// SetHook decides about each request from now on. It may be called concurrently.
func (s *OSS) SetHook(hook func(OSSRequest) OSSFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// SetVersioning makes the bucket "Enabled", "Suspended" or, with "", unversioned.
// While it is either, x-oss-forbid-overwrite is ignored.
func (s *OSS) SetVersioning(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versioning = status
}

// SetLax makes puts ignore x-oss-forbid-overwrite, as servers do that do not know it.
func (s *OSS) SetLax(lax bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lax = lax
}

// SetPageSize makes listings shorter than asked for.
func (s *OSS) SetPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}

// SetReticent refuses to read a missing object, as if the caller may not list the
// bucket without a condition.
func (s *OSS) SetReticent(reticent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reticent = reticent
}

// SetFlat makes listings ignore the delimiter, as some servers beside OSS do.
func (s *OSS) SetFlat(flat bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flat = flat
}

// Deny takes permissions away, by RAM action without its "oss:".
func (s *OSS) Deny(ops ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		s.denied[op] = true
	}
}

// SetClock puts the server's clock ahead of this machine's.
func (s *OSS) SetClock(ahead time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = ahead
}

// Requests returns what was asked so far, in the order of arrival.
func (s *OSS) Requests() []OSSRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Writes counts the puts that took effect.
func (s *OSS) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Keys lists the objects under a prefix, sorted, without the prefix.
func (s *OSS) Keys(prefix string) (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			keys = append(keys, rest)
		}
	}
	return keys
}

// Object returns one object's bytes, nil if it does not exist.
func (s *OSS) Object(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.objects[key].data)
}

// SetObject writes an object behind everybody's back; nil removes it.
func (s *OSS) SetObject(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data == nil {
		delete(s.objects, key)
		return
	}
	s.objects[key] = object{data: slices.Clone(data), modified: s.now()}
}

// Age makes every object older by d.
func (s *OSS) Age(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, o := range s.objects {
		o.modified = o.modified.Add(-d)
		s.objects[key] = o
	}
}

// now is the server's clock. The caller holds mu.
func (s *OSS) now() time.Time { return time.Now().Add(s.offset).UTC() }
