package setup

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// proxies judges the variables that lead every request through a proxy. Go's library
// drops a malformed one without a word (golang.org/x/net/http/httpproxy, Go 1.26): then
// nothing is reached from a network that has no other way out.
func (r *reader) proxies() {
	for _, names := range [][]string{{"HTTPS_PROXY", "https_proxy"}, {"HTTP_PROXY", "http_proxy"}} {
		if name := r.firstSet(names); name != "" {
			r.proxy(name)
		}
	}
	if name := r.firstSet([]string{"NO_PROXY", "no_proxy"}); name != "" {
		r.noProxy(name)
	}
}

// firstSet is the one of the names that counts, as the library sees it.
func (r *reader) firstSet(names []string) string {
	i := slices.IndexFunc(names, func(name string) bool { return r.environment(name) != "" })
	if i < 0 {
		return ""
	}
	return names[i]
}

const proxyForm = "Write it like http://host:port, or http://user:password@host:port with the password percent-encoded, or unset it"

// proxy judges the URL of one. It may hold a password, and is never repeated.
func (r *reader) proxy(variable string) {
	value := r.environment(variable)
	if m := checkShape(value, word); m != nil {
		r.wrong(variable, m.Problem, proxyForm)
		return
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" { // host:port alone is a usual form
		u, err = url.Parse("http://" + value)
	}
	switch {
	case err != nil:
		r.wrong(variable, "is not the URL of a proxy", proxyForm)
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		r.wrong(variable, "names a kind of proxy that is not known", "Write http://, https:// or socks5:// before host:port, or unset it")
	case u.Hostname() == "":
		r.wrong(variable, "names no host", proxyForm)
	case len(u.Path) > 1 || u.RawQuery != "" || u.Fragment != "":
		r.wrong(variable, "has more than a host and a port", proxyForm)
	}
}

// noProxy judges a list of hosts, addresses and networks. An entry of another form matches
// nothing.
func (r *reader) noProxy(variable string) {
	for entry := range strings.SplitSeq(r.environment(variable), ",") {
		if problem := noProxyProblem(strings.TrimSpace(entry)); problem != "" {
			r.wrong(variable, problem, "Write hosts, such as example.com or .example.com, addresses, or networks such as 10.0.0.0/8, with commas between them")
			return
		}
	}
}

func noProxyProblem(entry string) string {
	_, _, notNetwork := net.ParseCIDR(entry)
	host, _, notPort := net.SplitHostPort(entry)
	switch {
	case entry == "" || entry == "*" || notNetwork == nil:
		return ""
	case strings.Contains(entry, "://"):
		return "has an entry that is a URL"
	case strings.ContainsAny(entry, " \t;|"):
		return "has an entry with more than one host"
	case strings.Contains(entry, "/"):
		return "has an entry that is neither a host nor a network"
	case strings.Contains(strings.TrimPrefix(entry, "*."), "*"):
		return "has an entry with * where it matches nothing"
	case notPort == nil && host == "":
		return "has an entry that names no host"
	}
	return ""
}
