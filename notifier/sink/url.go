package sink

import (
	"net/netip"
	"net/url"
	"strconv"

	"refreshwatch/poller"
)

// ParseURL reads a URL that the operator set: https, or http to this machine, with a
// host and without a login. What is wrong is a [*poller.Mistake] that names no
// setting and never repeats the value, for many of these URLs are secrets.
func ParseURL(value string) (*url.URL, error) {
	if err := checkRunes(value, "()[]*'"); err != nil {
		return nil, err
	}
	u, err := url.Parse(value)
	if err != nil {
		return nil, &poller.Mistake{Problem: "not a URL", Next: likeURL}
	}
	if m := checkURL(u); m != nil {
		return nil, m
	}
	if isMetadataHost(u.Hostname()) { // a name that resolves to one is refused when it is dialed
		return nil, &poller.Mistake{Problem: "leads to a link-local or metadata address", Next: likeURL}
	}
	return u, nil
}

const likeURL = "Write it like https://host/path"

// checkURL is what is wrong with a URL; nil when nothing is.
func checkURL(u *url.URL) *poller.Mistake {
	switch {
	case u.Scheme == "" && u.Host == "":
		return &poller.Mistake{Problem: "not a URL", Next: likeURL}
	case u.Host == "" || u.Hostname() == "":
		return &poller.Mistake{Problem: "names no host", Next: likeURL}
	case isNumber(u.Hostname()):
		return &poller.Mistake{Problem: "the host is a number", Next: likeURL}
	case !IsPort(u.Port()):
		return &poller.Mistake{Problem: "names a port that cannot exist", Next: "Write one from 1 to 65535, or none"}
	case u.User != nil:
		return &poller.Mistake{Problem: "holds a user name or password", Next: "Remove what stands before the @"}
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && IsLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return &poller.Mistake{Problem: "http is accepted for loopback only", Next: "Use https"}
	default:
		return &poller.Mistake{Problem: "must begin with https://"}
	}
}

// IsPort reports whether a URL can name this port; "" is the scheme's own.
func IsPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// IsLoopback reports whether host, a name or an address, is this machine: the only
// one that is spoken to without https.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
