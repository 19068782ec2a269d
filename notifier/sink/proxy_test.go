package sink

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// proxy is an HTTPS_PROXY that leads everything to one server.
type proxy struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string
	status int // of its answer; 0 connects
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.Method+" "+r.Host)
		p.mu.Unlock()
		if p.status != 0 {
			w.Header().Set("Proxy-Authenticate", `Basic realm="secretrealm"`)
			http.Error(w, "secretpage", p.status)
			return
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(there, buffered); _ = there.Close() }()
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *proxy) client(t *testing.T) *Client {
	t.Helper()
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(ClientOptions{Proxy: http.ProxyURL(u)})
	t.Cleanup(c.Close)
	return c
}

func tlsServer(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+" "+r.UserAgent())
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// TestProxy: https goes through the proxy, plain http to this machine does not, and
// what fails is said in our own words.
func TestProxy(t *testing.T) {
	server := tlsServer(t)
	p := newProxy(t, server.Listener.Addr().String())
	_, err := p.client(t).Post(t.Context(), "https://example.com/secretpath", nil, nil)
	e := Outcome(err)
	if e.Class != Later || !strings.Contains(err.Error(), "authority that this machine does not trust") || !strings.Contains(e.Hint, "SSL_CERT_FILE") {
		t.Errorf("an untrusted certificate: %v", err)
	}
	if strings.Contains(err.Error(), "Acme") || strings.Contains(err.Error(), "x509") { // httptest's certificate is made out to Acme Co
		t.Errorf("the certificate is quoted: %v", err)
	}
	if got := fmt.Sprint(p.requests()); got != "[CONNECT example.com:443]" {
		t.Errorf("the proxy was asked for %s", got)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if _, err := p.client(t).Post(t.Context(), Secret(plain.URL), nil, nil); err != nil || len(p.requests()) != 1 {
		t.Errorf("plain http to this machine: %v, %v", err, p.requests())
	}
	for status, want := range map[int]string{407: "requires a login", 403: "refused the connection (HTTP 403)", 502: "HTTP 502"} {
		p.status = status
		_, err := p.client(t).Post(t.Context(), "https://example.com/secretpath", nil, nil)
		if e := Outcome(err); e.Class != Later || e.Code != "proxy" || !strings.Contains(err.Error(), want) || !strings.Contains(e.Hint, "HTTPS_PROXY") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestProxyGuard: a proxy is no way to a metadata service, by address or by name.
func TestProxyGuard(t *testing.T) {
	resolve(t, map[string][4]byte{"rebound.test.": {100, 100, 100, 200}, "local.test.": {169, 254, 1, 1}, "fine.test.": {192, 0, 2, 1}})
	p := newProxy(t, "127.0.0.1:1")
	for _, host := range []string{"169.254.169.254", "[fe80::1]", "[::ffff:100.100.100.200]", "100.100.100.200", "rebound.test", "local.test"} {
		_, err := p.client(t).Post(t.Context(), Secret("https://"+host+"/latest"), nil, nil)
		if e := Outcome(err); e.Code != "refused_address" || e.Class != Refused {
			t.Errorf("%s: %v", host, err)
		}
	}
	if got := p.requests(); len(got) != 0 {
		t.Errorf("the proxy was asked for %v", got)
	}
	for _, host := range []string{"fine.test", "known-to-the-proxy.test"} {
		_, _ = p.client(t).Post(t.Context(), Secret("https://"+host+"/"), nil, nil)
	}
	if got := fmt.Sprint(p.requests()); got != "[CONNECT fine.test:443 CONNECT known-to-the-proxy.test:443]" {
		t.Errorf("the proxy was asked for %s", got)
	}
}

// resolve makes this process ask a name server that knows these hosts.
func resolve(t *testing.T, hosts map[string][4]byte) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = server.Close()
	})
	go func() {
		packet := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(dnsAnswer(packet[:n], hosts), from)
		}
	}()
}

// dnsAnswer answers a query of one question (RFC 1035) with an A record, or with
// "no such name".
func dnsAnswer(query []byte, hosts map[string][4]byte) []byte {
	name, at := "", 12
	for query[at] != 0 {
		n := int(query[at])
		name += string(query[at+1:at+1+n]) + "."
		at += n + 1
	}
	ip, known := hosts[name]
	answer := append([]byte{}, query[:at+5]...)
	answer[2], answer[3] = 0x81, 0x80 // an answer, recursion available
	copy(answer[6:12], []byte{0, 0, 0, 0, 0, 0})
	switch isA := query[at+2] == 1; {
	case !known:
		answer[3] |= 3
	case isA:
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, ip[:]...)
	}
	return answer
}

// TestProxyFromEnvironment: the variables count, NO_PROXY too, and a certificate that
// SSL_CERT_FILE names is trusted. They are read once a process, so each case has its
// own.
func TestProxyFromEnvironment(t *testing.T) {
	if to := os.Getenv("REFRESHWATCH_TEST_POST_TO"); to != "" {
		got, err := NewClient(ClientOptions{UserAgent: "refreshwatch/test"}).Post(t.Context(), Secret(to), nil, nil)
		fmt.Printf("answer %s, code %q, error %v\n", got.Body, CodeOf(err), err)
		return
	}
	server := tlsServer(t)
	p := newProxy(t, server.Listener.Addr().String())
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env  []string
		want string
	}{
		"a proxy":             {[]string{"HTTPS_PROXY=" + p.URL}, "answer example.com refreshwatch/test, code"},
		"in small letters":    {[]string{"https_proxy=" + p.URL}, "answer example.com refreshwatch/test, code"},
		"NO_PROXY":            {[]string{"HTTPS_PROXY=" + p.URL, "NO_PROXY=example.com"}, "was not reached"},
		"nobody at the proxy": {[]string{"HTTPS_PROXY=http://127.0.0.1:1"}, "the proxy cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestProxyFromEnvironment$")
			cmd.Env = append([]string{"REFRESHWATCH_TEST_POST_TO=https://example.com/secretpath", "SSL_CERT_FILE=" + bundle}, test.env...)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.want) || strings.Contains(string(out), "secretpa") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
