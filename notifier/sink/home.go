package sink

import (
	"net/url"
	"slices"
	"strings"

	"refreshwatch/poller"
)

// Home is where a platform's own URLs lead. The zero Home is for kinds that have no
// platform, such as the generic webhook.
type Home struct {
	Hosts []string // a host, or ".suffix" for all hosts under it
	Path  string   // what its paths begin with; something must follow unless Query is set
	Query string   // the parameter that holds the token; "" when the path does
}

// Example is how a URL begins there.
func (h Home) Example() string {
	host := h.Hosts[0]
	if strings.HasPrefix(host, ".") {
		host = "…" + host
	}
	if h.Query == "" {
		return "https://" + host + h.Path + "…"
	}
	return "https://" + host + h.Path + "?" + h.Query + "=…"
}

// Has reports whether the host is one of the platform's.
func (h Home) Has(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	return slices.ContainsFunc(h.Hosts, func(own string) bool {
		return host == own || strings.HasPrefix(own, ".") && strings.HasSuffix(host, own)
	})
}

// Check reports a URL at the platform's own host that lacks its token, or leads
// elsewhere than to a bot, as a [*poller.Mistake]. URLs at other hosts pass: they may
// be the operator's relay.
func (h Home) Check(u *url.URL) error {
	token, found := strings.CutPrefix(u.Path, h.Path)
	switch {
	case !h.Has(u):
		return nil
	case !found || h.Query != "" && h.Path != "" && token != "":
		return &poller.Mistake{Problem: "the path is not that of an incoming webhook", Next: "Copy the URL again; it begins with " + h.Example()}
	case h.Query != "" && u.Query().Get(h.Query) == "":
		return &poller.Mistake{Problem: "the URL has no " + h.Query, Next: "Copy the whole URL again; it begins with " + h.Example()}
	case h.Query == "" && strings.Trim(token, "/") == "":
		return &poller.Mistake{Problem: "the URL has no token", Next: "Copy the whole URL again; it begins with " + h.Example()}
	}
	return nil
}

// Misplaced reports a URL that belongs to another kind of the table, as a
// [*poller.Mistake] that names the variable to use instead.
func Misplaced(kinds []Kind, k Kind, settings Settings) error {
	u, err := ParseURL(string(settings["url"]))
	if err != nil || k.Home.Has(u) {
		return nil
	}
	for _, other := range kinds {
		if f, ok := other.Field("url"); ok && other.Type != k.Type && other.Home.Has(u) {
			return &poller.Mistake{Setting: "url", Problem: "this URL belongs to " + other.Title,
				Next: "Set " + f.Env + " instead; in CONFIG_FILE use type " + other.Type}
		}
	}
	return nil
}
