package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"

	"refreshwatch/poller"
)

// transportError is what a request without an answer means. Before the request was
// written the receiver has seen nothing: it can be sent again. Afterwards anything
// may have happened. The texts are ours either way: those of the network may quote
// the URL, a certificate or a proxy.
func transportError(host string, err error, written bool) *Error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // drops the URL
	}
	if errors.Is(err, errRefusedAddress) {
		return &Error{Class: Refused, Code: "refused_address", Err: fmt.Errorf("host %s: %w", host, errRefusedAddress)}
	}
	problem, next, known := poller.NetworkProblem(err)
	switch {
	case errors.Is(err, context.Canceled):
		problem, next, known = "the request was canceled", "", true
	case !known:
		problem = "the answer cannot be read"
	}
	e := &Error{Class: Unknown, Code: networkCode(err), Hint: next, Err: fmt.Errorf("host %s: %s", host, problem)}
	if !written {
		if !known {
			problem = "the connection failed"
		}
		e.Class, e.Err = Later, fmt.Errorf("host %s was not reached: %s", host, problem)
	}
	return e
}

// networkCode is the short name of a network failure.
func networkCode(err error) string {
	var dns *net.DNSError
	var netErr net.Error
	var proxy *poller.ProxyRefused
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &proxy), errors.Is(err, poller.ErrProxySetting), errors.As(err, &op) && op.Op == "proxyconnect":
		return "proxy"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "dns"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection_lost"
	default:
		return "transport"
	}
}
