package sink

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"refreshwatch/poller"
)

// newTransport makes the connections.
func newTransport(timeout time.Duration, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	dialer := &net.Dialer{Timeout: timeout, Control: refuseAddress}
	return &http.Transport{
		Proxy:                  guardedProxy(proxy),
		OnProxyConnectResponse: proxyAnswered,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    timeout,
		// Short: a connection that was kept over a pause of the function is dead,
		// and a POST on it has an unknown outcome. The transport compares wall
		// clocks, so a frozen instance notices.
		IdleConnTimeout:        5 * time.Second,
		MaxResponseHeaderBytes: AnswerCap,
	}
}

// lookUpTime bounds the look-up of a host that is reached through a proxy.
const lookUpTime = 2 * time.Second

// guardedProxy sends https through the proxy. The proxy resolves the name, so
// [refuseAddress] does not see where it leads: the name is resolved here as well,
// and a name that only the proxy knows is let through.
func guardedProxy(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		if req.URL.Scheme != "https" {
			return nil, nil // this machine
		}
		u, err := proxy(req)
		switch {
		case err != nil:
			return nil, poller.ErrProxySetting // the other one quotes the variable
		case u == nil:
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(req.Context(), lookUpTime)
		defer cancel()
		addresses, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", req.URL.Hostname())
		for _, ip := range addresses { // none where only the proxy resolves names
			if isMetadata(ip) {
				return nil, errRefusedAddress
			}
		}
		return u, nil
	}
}

func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return &poller.ProxyRefused{Status: res.StatusCode}
	}
	return nil
}

var errRefusedAddress = errors.New("the name resolves to a link-local or metadata address, which receivers never have")

// refuseAddress checks the address that is really dialed, after the name was
// resolved, so that no DNS answer leads to the instance's credentials.
func refuseAddress(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || isMetadata(at.Addr()) {
		return errRefusedAddress
	}
	return nil
}

// isMetadata reports whether ip is link-local, as the metadata services of most
// clouds are, or Alibaba Cloud's metadata service (100.100.100.200, read 2026-11).
func isMetadata(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return ip.IsLinkLocalUnicast() || ip == netip.AddrFrom4([4]byte{100, 100, 100, 200})
}

// isMetadataHost reports it of a host that is written as an address.
func isMetadataHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && isMetadata(ip)
}

// isNumber reports whether host ends in a number and is no address as Go writes it:
// such as 2852039166 or 0xa9fea9fe, which some proxies and resolvers read as one.
func isNumber(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || strings.Trim(last, "0123456789") == "" && last != ""
}
