package poller

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

func TestNetworkProblem(t *testing.T) {
	const secret = "hunter2"
	hostile := &x509.Certificate{DNSNames: []string{secret + "\x1b[2J"}}
	for _, row := range []struct {
		err           error
		problem, next string // parts of them
	}{
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{Cert: hostile}}, "does not trust", "SSL_CERT_FILE"},
		{x509.SystemRootsError{}, "does not trust", "ca-certificates"},
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: hostile, Host: secret}}, "another host name", "portal"},
		{x509.CertificateInvalidError{Cert: hostile, Reason: x509.Expired}, "expired", "clock"},
		{x509.CertificateInvalidError{Cert: hostile, Reason: x509.TooManyIntermediates}, "not valid", "address"},
		{tls.RecordHeaderError{Msg: secret}, "does not speak TLS", "port"},
		{tls.AlertError(40), "handshake", "address"},
		{&ProxyRefused{407}, "requires a login", "HTTPS_PROXY"},
		{&ProxyRefused{403}, "HTTP 403", "NO_PROXY"},
		{ErrProxySetting, "malformed", "HTTPS_PROXY"},
		{&net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, "proxy cannot be reached", "HTTPS_PROXY"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Name: secret}}, "resolved", "DNS"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "refused", "address"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "reset", ""},
		{&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, "no route", "network"},
		{io.ErrUnexpectedEOF, "closed before", ""},
		{context.DeadlineExceeded, "in time", "network"},
	} {
		wrapped := fmt.Errorf("call: %w", &url.Error{Op: "Post", URL: "https://host/?Signature=" + secret, Err: row.err})
		problem, next, ok := NetworkProblem(wrapped)
		if !ok || !strings.Contains(problem, row.problem) || !strings.Contains(next, row.next) {
			t.Errorf("%T %v: got %q, %q, %v", row.err, row.err, problem, next, ok)
		}
		if strings.Contains(problem+next, secret) || strings.HasSuffix(next, ".") {
			t.Errorf("%T: %q, %q quote the peer, or end in a full stop", row.err, problem, next)
		}
	}
	if problem, _, ok := NetworkProblem(errors.New(secret)); ok {
		t.Errorf("an unknown error is explained as %q", problem)
	}
}
