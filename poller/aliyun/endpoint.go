package aliyun

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// endpoint reads VOD_ENDPOINT, or makes the region's own. The value is never
// repeated in an error: it may hold a password.
func endpoint(address, region string) (scheme, host string, err error) {
	regionErr := checkRegion(region)
	if address == "" {
		return "https", "vod." + region + ".aliyuncs.com", regionErr
	}
	scheme, host, err = checkEndpoint(address)
	return scheme, host, errors.Join(regionErr, err)
}

func checkRegion(region string) error {
	if region == "" {
		return errors.New("VOD_REGION is empty; it names the region, such as cn-shanghai")
	}
	if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(region, "-") != region {
		return fmt.Errorf("VOD_REGION %q is no region's name, such as cn-shanghai", region)
	}
	return nil
}

func checkEndpoint(address string) (scheme, host string, err error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "", "", errors.New("VOD_ENDPOINT is no address; write https:// and the host")
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", "", errors.New("VOD_ENDPOINT must be https:// and the host alone, without user, path or query")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u.Scheme, u.Host, nil
	case u.Scheme == "http":
		return "", "", errors.New("VOD_ENDPOINT must be https://; http:// would send the key's id and the signature in clear text, and is accepted for loopback only")
	default:
		return "", "", errors.New("VOD_ENDPOINT must start with https://")
	}
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
