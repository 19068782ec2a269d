package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// Options is what Open needs beside the URL.
type Options struct {
	// Credentials is asked before every request to OSS; see OSSConfig. Not needed
	// for file://.
	Credentials func(context.Context) (id, secret, token string, err error)
	// Dial replaces the way to the network; nil is the real one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Open returns the store that the setting CHECKPOINT names:
//
//	file:///dir
//	oss://bucket/prefix?region=cn-shanghai&endpoint=https://oss-cn-shanghai-internal.aliyuncs.com
//
// endpoint is optional, and may be http:// only on the loopback. Open touches
// neither disk nor network. Its errors name the part that is wrong and never
// repeat the URL, in which somebody may have put a secret.
func Open(rawURL string, o Options) (Store, error) {
	s, err := open(rawURL, o)
	if err != nil {
		return nil, fmt.Errorf("CHECKPOINT: %w", err)
	}
	return s, nil
}

func open(rawURL string, o Options) (Store, error) {
	u, err := url.Parse(rawURL)
	switch {
	case rawURL == "":
		return nil, errors.New("is empty: write file:///dir or oss://bucket/prefix?region=cn-shanghai")
	case err != nil:
		return nil, errors.New("is not a URL: write file:///dir or oss://bucket/prefix?region=cn-shanghai")
	case u.User != nil:
		return nil, errors.New("must not hold credentials: those of the function's role or of ALIBABA_CLOUD_ACCESS_KEY_ID are used")
	case u.Fragment != "":
		return nil, errors.New("has a part after #: write a # in a name as %23")
	}
	switch u.Scheme {
	case "file":
		return openFile(u)
	case "oss":
		return openOSS(u, o)
	case "":
		return nil, errors.New("has no scheme: did you mean file:// and an absolute path?")
	}
	return nil, fmt.Errorf("unknown scheme %q: known are file and oss", u.Scheme)
}

func openFile(u *url.URL) (Store, error) {
	switch {
	case u.RawQuery != "":
		return nil, errors.New("file:// knows no ?parameters: write a ? in a name as %3F")
	case u.Host != "" && u.Host != "localhost":
		return nil, fmt.Errorf("the path must be absolute, and %q stands where a host would: write file:/// with three slashes", u.Host)
	case u.Opaque != "" || !filepath.IsAbs(u.Path):
		return nil, errors.New("the path must be absolute: write file:///dir")
	case filepath.Clean(u.Path) == "/":
		return nil, errors.New("the root of the file system is no place: write file:///dir")
	}
	return NewFile(filepath.Clean(u.Path)), nil
}

// The characters of buckets and regions, and those of a prefix that are safe in both
// a URL and a RAM policy.
const (
	small    = "abcdefghijklmnopqrstuvwxyz0123456789-"
	portable = small + "ABCDEFGHIJKLMNOPQRSTUVWXYZ._"
)

// madeOf reports whether s is not empty and has these characters only.
func madeOf(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }

func isBucket(s string) bool {
	return madeOf(s, small) && len(s) >= 3 && len(s) <= 63 && strings.Trim(s, "-") == s
}

func isRegion(s string) bool {
	country, rest, _ := strings.Cut(s, "-")
	return len(country) == 2 && madeOf(country, small[:26]) && madeOf(rest, small)
}

func isPrefix(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if !madeOf(part, portable) {
			return false
		}
	}
	return true
}

func openOSS(u *url.URL, o Options) (Store, error) {
	c := OSSConfig{
		Bucket:      u.Host,
		Prefix:      strings.Trim(u.Path, "/"),
		Credentials: o.Credentials,
		Dial:        o.Dial,
	}
	query, err := ossQuery(u.RawQuery)
	if err != nil {
		return nil, err
	}
	c.Region, c.Endpoint = query.Get("region"), query.Get("endpoint")
	switch {
	case !isBucket(c.Bucket):
		return nil, fmt.Errorf("%q is no bucket: write oss://bucket/prefix", c.Bucket)
	case c.Prefix == "":
		return nil, fmt.Errorf("the prefix is missing: write oss://%s/refreshwatch", c.Bucket)
	case !isPrefix(c.Prefix) || len(c.Prefix) > 512:
		return nil, errors.New("the prefix may hold letters, digits, . _ - and single slashes, 512 at most")
	case c.Region == "":
		return nil, errors.New("region is missing: add ?region=cn-shanghai, the bucket's own")
	case strings.HasPrefix(c.Region, "oss-"):
		return nil, fmt.Errorf("region %q is an endpoint's name: did you mean %q?", c.Region, strings.TrimPrefix(c.Region, "oss-"))
	case !isRegion(c.Region):
		return nil, fmt.Errorf("region %q is none: write it as in cn-shanghai", c.Region)
	case c.Credentials == nil:
		return nil, errors.New("oss:// takes credentials, and there are none")
	}
	if c.Endpoint != "" {
		if c.PathStyle, err = checkEndpoint(c.Endpoint, c.Bucket); err != nil {
			return nil, fmt.Errorf("endpoint %w", err)
		}
	}
	return NewOSS(c), nil
}

// ossQuery refuses what it does not know: a misspelt endpoint would send requests
// elsewhere.
func ossQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("the part after ? cannot be read: write ?region=cn-shanghai")
	}
	for key, values := range query {
		if known := []string{"region", "endpoint"}; !slices.Contains(known, key) {
			return nil, fmt.Errorf("unknown parameter %q: known are %s", key, strings.Join(known, " and "))
		}
		if len(values) > 1 {
			return nil, fmt.Errorf("parameter %q is given twice", key)
		}
	}
	return query, nil
}

// checkEndpoint tells whether the endpoint takes the bucket in the path, as a
// server on the loopback does.
func checkEndpoint(raw, bucket string) (pathStyle bool, err error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return false, errors.New("is no URL: write https://oss-cn-shanghai.aliyuncs.com")
	case u.User != nil:
		return false, errors.New("must not hold credentials")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return false, errors.New("must end after its host")
	case strings.HasPrefix(u.Hostname(), bucket+"."):
		return false, errors.New("must not repeat the bucket: write only what follows it")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return false, errors.New("must be https://, as http:// is for the loopback only")
	case u.Scheme != "http" && u.Scheme != "https":
		return false, errors.New("must begin with https://")
	}
	return loopback(u.Hostname()), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
