package notifiertest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"
)

// Endpoint names one thing that can be posted to, and scripted.
type Endpoint string

// What a Receiver plays.
const (
	SlackPost    Endpoint = "chat.postMessage"
	SlackHistory Endpoint = "conversations.history"
	SlackInfo    Endpoint = "conversations.info"
	SlackAuth    Endpoint = "auth.test"
	SlackList    Endpoint = "conversations.list"
	SlackHook    Endpoint = "slack-webhook"
	Webhook      Endpoint = "webhook"
	DingTalk     Endpoint = "dingtalk"
	Feishu       Endpoint = "feishu"
	WeCom        Endpoint = "wecom"
	Teams        Endpoint = "teams"
	Discord      Endpoint = "discord"
)

// Post is one request that reached the receiver.
type Post struct {
	Endpoint Endpoint
	ID       string      // the delivery id: from a header or metadata, else from the words
	Body     []byte      // JSON; a Slack form is shown as the JSON it stands for
	Header   http.Header // as received
	Query    url.Values  // of its URL
	Arrived  bool        // the message was kept: people saw it
	Problem  string      // why it was refused; "" when it was not
}

// Receiver is a handler for all endpoints. Set its fields before the first
// request; its methods may be called at any time.
type Receiver struct {
	Slack          Workspace
	WebhookSecret  string           // "whsec_…"; "" verifies nothing
	DingTalkSecret string           // "" verifies nothing
	FeishuSecret   string           // "" verifies nothing
	Now            func() time.Time // the receivers' clock; default time.Now
	Hanging        func()           // called when a request begins to hang; may be nil

	mu     sync.Mutex
	script map[Endpoint][]Fault
	posts  []Post
	last   time.Time // of the newest Slack message: timestamps are unique

	server *http.Server
	base   string
	wg     sync.WaitGroup
	closed chan struct{}
}

// Start listens on loopback until Close.
func (r *Receiver) Start() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.base = "http://" + listener.Addr().String()
	r.closed = make(chan struct{})
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	r.wg.Go(func() { _ = r.server.Serve(listener) })
	return nil
}

// Close ends hanging requests and stops listening.
func (r *Receiver) Close() error {
	close(r.closed)
	err := r.server.Shutdown(context.Background())
	r.wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Paths of the endpoints, as on the platforms; the last part is the secret there.
const (
	slackBase    = "/api/"
	slackHook    = "/services/T0/B0/slackhooksecret"
	webhookPath  = "/hooks/webhookurlsecret"
	dingTalkPath = "/robot/send"
	feishuPath   = "/open-apis/bot/v2/hook/feishutokensecret"
	weComPath    = "/cgi-bin/webhook/send"
	teamsPath    = "/workflows/3f1c/triggers/manual/paths/invoke"
	discordPath  = "/api/webhooks/1400000000000000001/discordtokensecret"

	dingTalkToken = "dingtalktokensecret"
	weComKey      = "wecomkeysecret"
	teamsSig      = "teamssigsecret"
)

// URL is where the endpoint listens; for all of Slack's Web API it is the base.
// A receiver that was not started is a handler behind "http://localhost".
func (r *Receiver) URL(e Endpoint) string {
	base := cmp.Or(r.base, "http://localhost")
	switch e {
	case SlackHook:
		return base + slackHook
	case Webhook:
		return base + webhookPath
	case DingTalk:
		return base + dingTalkPath + "?access_token=" + dingTalkToken
	case Feishu:
		return base + feishuPath
	case WeCom:
		return base + weComPath + "?key=" + weComKey
	case Teams:
		return base + teamsPath + "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=" + teamsSig
	case Discord:
		return base + discordPath
	default:
		return base + slackBase
	}
}

// ServeHTTP plays the endpoint that the path names.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 4<<20))
	if err != nil || req.Method != http.MethodPost {
		http.Error(w, "cannot read the request", http.StatusBadRequest)
		return
	}
	switch path := req.URL.Path; {
	case path == slackHook:
		r.serve(w, req, SlackHook, body, r.slackHook)
	case path == webhookPath:
		r.serve(w, req, Webhook, body, r.webhook)
	case path == dingTalkPath:
		r.serve(w, req, DingTalk, body, r.dingTalk)
	case path == feishuPath:
		r.serve(w, req, Feishu, body, r.feishu)
	case path == weComPath:
		r.serve(w, req, WeCom, body, r.weCom)
	case path == teamsPath:
		r.serve(w, req, Teams, body, r.teams)
	case path == discordPath:
		r.serve(w, req, Discord, body, r.discord)
	case len(path) > len(slackBase) && path[:len(slackBase)] == slackBase:
		r.serveSlack(w, req, Endpoint(path[len(slackBase):]), body)
	default:
		http.Error(w, "no such endpoint", http.StatusNotFound)
	}
}

// verdict is what a platform makes of a request.
type verdict struct {
	id      string // delivery id, where there is one
	shown   []byte // the body as JSON; nil for the request's own
	problem string // why it is refused; "" keeps the message
	keep    func() // stores the message; may be nil
	reply   func() reply
}

type reply struct {
	status      int
	contentType string
	header      http.Header
	body        string
}

// serve judges a request, lets the script interfere, records and answers.
func (r *Receiver) serve(w http.ResponseWriter, req *http.Request, e Endpoint, body []byte, judge func(*http.Request, []byte) verdict) {
	r.mu.Lock()
	v := judge(req, body)
	if v.shown == nil {
		v.shown = body
	}
	if v.id == "" {
		v.id = string(deliveryID.Find(v.shown))
	}
	fault, scripted := r.next(e)
	arrived := v.problem == "" && (!scripted || fault.Store)
	if arrived && v.keep != nil {
		v.keep()
	}
	answer := v.reply()
	r.posts = append(r.posts, Post{Endpoint: e, ID: v.id, Body: v.shown, Header: req.Header.Clone(), Query: req.URL.Query(), Arrived: arrived, Problem: v.problem})
	r.mu.Unlock()
	if scripted {
		r.fail(w, req, fault)
		return
	}
	answer.write(w)
}

func (a reply) write(w http.ResponseWriter) {
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// Posts are the requests that reached the endpoint, in order; "" means all.
func (r *Receiver) Posts(e Endpoint) []Post {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Post
	for _, p := range r.posts {
		if e == "" || p.Endpoint == e {
			out = append(out, p)
		}
	}
	return out
}

// deliveryID is what delivery ids look like; every message shows its own.
var deliveryID = regexp.MustCompile(`\b(d_)?[0-9a-f]{32}\b`)

// Arrived counts how often each delivery id was kept by each endpoint, under
// "endpoint id": exactly once is 1 everywhere.
func (r *Receiver) Arrived() map[string]int {
	counts := map[string]int{}
	for _, p := range r.Posts("") {
		if p.Arrived && p.ID != "" {
			counts[string(p.Endpoint)+" "+p.ID]++
		}
	}
	return counts
}

func (r *Receiver) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}
