package apitest

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"refreshwatch/poller"
)

// The key a server knows unless its options name another.
const (
	AccessKeyID = "apitest-access-key-id"
	Secret      = "apitest-access-key-secret"
)

// Options describe a server; the zero value is a usable one.
type Options struct {
	AccessKeyID  string // default [AccessKeyID]
	Secret       string // default [Secret]
	Token        string // of a temporary key; "" for a user's own
	TokenExpires time.Time

	Product string // what Add, Set, Remove and Lister are about; default "vod"; all are answered

	KeepRequests int // how many the log holds at least; 0 for all

	Roles       []Role // that can be assumed
	RoleOnly    bool   // only a role may list tasks and read the quota
	Quota       Quota  // what is left; default that of VOD's sample
	QuotaDenied bool   // the quota's permission is missing

	Now  func() time.Time // default time.Now
	Skew time.Duration    // how far the server's clock is ahead of Now

	Strict  bool          // apply the siblings' rules, too
	MaxQPS  int           // answer Throttling.User beyond; 0 for no limit
	Late    time.Duration // rows are listed so much later than they were created
	Latency time.Duration // of each answer

	Lazy               bool // a status moves only after it was asked for
	OldestFirst        bool // default is newest first
	EndExclusive       bool // a row created at EndTime is not listed
	NoListWhenEmpty    bool // spell an empty answer "Tasks":{} instead of "Tasks":{"Task":[]}
	UnknownTaskIsError bool // refuse a TaskId that is not listed instead of listing nothing
}

// Server is the simulated API. It is safe for concurrent use.
type Server struct {
	options Options
	stopped chan struct{} // closed when the server stops: lets hanging answers go
	stop    func()

	mu     sync.Mutex
	tables map[string]*table // by product
	keys   map[string]apiKey // by access key id
	issued []string          // what is secret in the sessions
	faults []*Fault
	log    []Request
	served int // requests so far
	nonces map[string]time.Time
	recent []time.Time // when the answers of the last second were given
}

// Request is one question as the server understood it, and how it ended.
type Request struct {
	At         time.Time // on the server's clock
	Action     string    // the operation
	As         string    // the role whose key signed it; "" for the server's own
	Page, Size int
	From, To   time.Time
	Status     poller.Status
	ObjectType string
	Domain     string
	TaskID     string
	ObjectPath string

	Outcome string // "ok", the error code, or the fault's name
	Rows    int    // on the page
	Total   int    // as claimed

	form url.Values
}

// New makes a server without tasks.
func New(o Options) *Server {
	if o.AccessKeyID == "" {
		o.AccessKeyID, o.Secret = AccessKeyID, Secret
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Product == "" {
		o.Product = "vod"
	}
	stopped := make(chan struct{})
	s := &Server{
		options: o,
		stopped: stopped,
		stop:    sync.OnceFunc(func() { close(stopped) }),
		tables:  map[string]*table{},
		keys:    map[string]apiKey{o.AccessKeyID: {secret: o.Secret, token: o.Token, expires: o.TokenExpires}},
		nonces:  map[string]time.Time{},
	}
	for _, p := range products {
		s.tables[p.name] = newTable()
	}
	productNamed(o.Product) // or it panics
	return s
}

// Start listens on a free port of 127.0.0.1 until stop is called, which waits for
// no answer. A server starts once.
func (s *Server) Start() (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // returns when closed
	}()
	return "http://" + listener.Addr().String(), func() {
		s.stop()
		server.Close()
		<-done
	}, nil
}

// Add puts tasks into the API's memory. A key can be there once.
func (s *Server) Add(tasks ...Task) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		if err := s.tables[s.product(t)].add(t, s.options.Late); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) product(t Task) string {
	if t.Product != "" {
		return productNamed(t.Product).name
	}
	return s.options.Product
}

// Set fixes a row's status from now on, whatever its steps say.
func (s *Server) Set(key poller.Key, status poller.Status, process, description string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables[s.options.Product].set(key, Step{Status: status, Process: process, Description: description}, s.now())
}

// Remove makes the API forget a row.
func (s *Server) Remove(key poller.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[s.options.Product].remove(key)
}

// Rotate replaces the key the server knows: requests signed with the old one are
// refused from now on.
func (s *Server) Rotate(accessKeyID, secret, token string, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, s.options.AccessKeyID)
	s.options.AccessKeyID = accessKeyID
	s.keys[accessKeyID] = apiKey{secret: secret, token: token, expires: expires}
}

// Requests are all questions so far, those that were refused included.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

func (s *Server) now() time.Time { return s.options.Now().Add(s.options.Skew).UTC() }

// wait passes the server's latency, or less when ctx ends or the server stops.
func (s *Server) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stopped:
		return http.ErrServerClosed
	}
}
