package poller

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// ProxyRefused is a CONNECT that the proxy of HTTPS_PROXY refused. A transport returns it
// from its OnProxyConnectResponse; net/http's own error there is the proxy's words.
type ProxyRefused struct {
	Status int // of the proxy's answer
}

// ProxyStatus lets [NetworkProblem] recognize this error, and any other like it.
func (e *ProxyRefused) ProxyStatus() int { return e.Status }

func (e *ProxyRefused) Error() string {
	return fmt.Sprintf("the proxy refused the connection (HTTP %d)", e.Status)
}

// ErrProxySetting replaces the error of a proxy variable that cannot be used: that one
// quotes the variable, which may hold a password.
var ErrProxySetting = errors.New("the proxy's address is malformed")

// NetworkProblem says in plain words why no connection came about or why it broke,
// and what to check; next has no full stop and may be empty. ok is false for an
// error it does not know. Neither text quotes err: host names in a certificate and
// texts of a proxy are chosen by whoever answered, and a URL may hold a key.
func NetworkProblem(err error) (problem, next string, ok bool) {
	if problem, next, ok := proxyProblem(err); ok {
		return problem, next, true
	}
	if problem, next, ok := certificateProblem(err); ok {
		return problem, next, true
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "the host name could not be resolved", "Check the name and this network's DNS", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused", "Check the address: nothing listens there", true
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return "the connection was reset", "", true
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route to the host", "Check this network: on Function Compute, internet access or the VPC's NAT gateway", true
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection closed before the answer was complete", "", true
	case isTimeout(err):
		return "there was no answer in time", "Check that this network reaches the host", true
	}
	return "", "", false
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// proxyProblem is NetworkProblem for HTTPS_PROXY.
func proxyProblem(err error) (problem, next string, ok bool) {
	var proxy interface{ ProxyStatus() int }
	var op *net.OpError
	switch {
	case errors.Is(err, ErrProxySetting):
		return ErrProxySetting.Error(), "Write HTTPS_PROXY like http://host:port", true
	case errors.As(err, &proxy) && proxy.ProxyStatus() == 407:
		return "the proxy requires a login", "Write it into HTTPS_PROXY: http://user:password@host:port", true
	case errors.As(err, &proxy):
		return fmt.Sprintf("the proxy refused the connection (HTTP %d)", proxy.ProxyStatus()), "Check HTTPS_PROXY, and allow this host at the proxy or list it in NO_PROXY", true
	case errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "socks connect"):
		return "the proxy cannot be reached", "Check HTTPS_PROXY, and NO_PROXY for hosts that need none", true
	}
	return "", "", false
}

// certificateProblem is NetworkProblem for TLS.
func certificateProblem(err error) (problem, next string, ok bool) {
	var (
		unknown x509.UnknownAuthorityError
		roots   x509.SystemRootsError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		alert   tls.AlertError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown), errors.As(err, &roots):
		return "the certificate is signed by an authority that this machine does not trust",
			"Install the CA certificates (package ca-certificates; in a scratch image copy /etc/ssl/certs), or name a bundle with the proxy's own authority in SSL_CERT_FILE", true
	case errors.As(err, &host):
		return "the certificate is for another host name", "Check the address, and whether a proxy or portal answers instead", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet", "Check this machine's clock", true
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "the certificate is not valid", "Check the address, and whether a proxy or portal answers instead", true
	case errors.As(err, &record):
		return "the server does not speak TLS", "Check the address and its port", true
	case errors.As(err, &alert):
		return "the TLS handshake was refused", "Check the address, and whether a proxy or portal answers instead", true
	}
	return "", "", false
}
