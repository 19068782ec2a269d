package checkpoint

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// URLError says what is wrong with the URL given to [Open], and what to write
// instead. It names the part and never repeats the URL, in which somebody may have
// put a secret.
type URLError struct {
	Problem string
	Next    string // a sentence without its full stop
}

func (e *URLError) Error() string { return e.Problem + ". " + e.Next }

func wrong(problem, next string) error { return &URLError{problem, next} }

// Options is what Open needs beside the URL.
type Options struct {
	// Credentials is called before every request to OSS; see OSSConfig. Not needed
	// for file://.
	Credentials func(context.Context) (id, secret, token string, err error)
	// UserAgent is sent to OSS with the SDK's own; see OSSConfig.
	UserAgent string
	// Explain says in plain words why a connection to OSS failed; see OSSConfig.
	Explain func(error) (problem, next string, ok bool)
	// Dial replaces the way to the network; nil is the real one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Open returns the store that the setting CHECKPOINT names:
//
//	file:///dir
//	oss://bucket/prefix?region=cn-shanghai&endpoint=https://oss-cn-shanghai-internal.aliyuncs.com
//
// endpoint is optional, and may be http:// only on the loopback. Open touches
// neither disk nor network. Its errors are [*URLError].
func Open(rawURL string, o Options) (Store, error) {
	u, err := url.Parse(rawURL)
	switch {
	case rawURL == "":
		return nil, wrong("is empty", likeURL)
	case err != nil:
		return nil, wrong("is not a URL", likeURL)
	case u.User != nil:
		return nil, wrong("holds credentials", "Remove them: those of the function's role or of ALIBABA_CLOUD_ACCESS_KEY_ID are used")
	case u.Fragment != "":
		return nil, wrong("has a part after #", "Write a # in a name as %23")
	}
	switch u.Scheme {
	case "file":
		return openFile(u)
	case "oss":
		return openOSS(u, o)
	case "":
		return nil, wrong("has no scheme", "Did you mean file:// and an absolute path?")
	}
	if len(u.Scheme) == 1 { // a drive
		return nil, wrong("has no scheme", "Write a Windows path like file:///C:/ProgramData/refreshwatch")
	}
	return nil, wrong("has an unknown scheme", "Known: file, oss")
}

// likeURL is an example of each scheme.
const likeURL = "Write it like file:///var/lib/refreshwatch or oss://bucket/refreshwatch?region=cn-shanghai"

func openFile(u *url.URL) (Store, error) {
	switch {
	case u.RawQuery != "":
		return nil, wrong("has parameters after ?, which file:// does not take", "Write a ? in a name as %3F")
	case u.Host != "" && u.Host != "localhost":
		return nil, wrong("has a path that is not absolute", "Write file:/// with three slashes, such as file:///var/lib/refreshwatch")
	case u.Opaque != "":
		return nil, wrong("has a path that is not absolute", "Write it like file:///var/lib/refreshwatch")
	}
	path := filepath.Clean(filepath.FromSlash(withoutDriveSlash(u.Path)))
	switch {
	case !filepath.IsAbs(path):
		return nil, wrong("has a path that is not absolute", "Write it like file:///var/lib/refreshwatch")
	case filepath.Dir(path) == path:
		return nil, wrong("is the root of the file system", "Write it like file:///var/lib/refreshwatch")
	}
	return NewFile(path), nil
}

// withoutDriveSlash makes "C:/dir" of "/C:/dir", the path of file:///C:/dir.
func withoutDriveSlash(path string) string {
	if runtime.GOOS == "windows" && len(path) > 2 && path[0] == '/' && path[2] == ':' {
		return path[1:]
	}
	return path
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
		if !madeOf(part, portable) || part == "." || part == ".." { // clients and proxies resolve these
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
		UserAgent:   o.UserAgent,
		Explain:     o.Explain,
		Dial:        o.Dial,
	}
	query, err := ossQuery(u.RawQuery)
	if err != nil {
		return nil, err
	}
	c.Region, c.Endpoint = query.Get("region"), query.Get("endpoint")
	switch {
	case !isBucket(c.Bucket):
		return nil, wrong("names no bucket", "Write it like oss://bucket/refreshwatch?region=cn-shanghai, with the bucket's name alone")
	case c.Prefix == "":
		return nil, wrong("has no prefix", "Write one after the bucket: oss://"+c.Bucket+"/refreshwatch?region=cn-shanghai")
	case !isPrefix(c.Prefix) || len(c.Prefix) > 512:
		return nil, wrong("has an unusable prefix", "Use letters, digits, . _ - and single slashes, at most 512")
	case c.Region == "":
		return nil, wrong("has no region", "Add the bucket's own, such as ?region=cn-shanghai")
	case strings.HasPrefix(c.Region, "oss-"):
		return nil, wrong("has an endpoint's name as its region", "Did you mean region="+strings.TrimPrefix(c.Region, "oss-")+"?")
	case !isRegion(c.Region):
		return nil, wrong("has a region that is none", "Write it like region=cn-shanghai")
	case c.Credentials == nil:
		return nil, wrong("needs credentials, and there are none", "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	}
	if c.Endpoint != "" {
		if c.PathStyle, err = checkEndpoint(c.Endpoint, c.Bucket); err != nil {
			return nil, err
		}
	}
	return NewOSS(c), nil
}

// ossQuery refuses what it does not know: a misspelt endpoint would send requests
// elsewhere.
func ossQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, wrong("has parameters that cannot be read", "Write ?region=cn-shanghai")
	}
	for key, values := range query {
		if known := []string{"region", "endpoint"}; !slices.Contains(known, key) {
			return nil, wrong("has an unknown parameter", "Known: "+strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return nil, wrong("has the parameter "+key+" more than once", "Keep one")
		}
	}
	return query, nil
}

// checkEndpoint reports whether the endpoint takes the bucket in the path, as a
// server on the loopback does.
func checkEndpoint(raw, bucket string) (pathStyle bool, err error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return false, wrong("has an endpoint that is not a URL", "Write it like endpoint=https://oss-cn-shanghai.aliyuncs.com")
	case !isPort(u.Port()):
		return false, wrong("has an endpoint with a port that cannot exist", "Write one from 1 to 65535, or none")
	case u.User != nil:
		return false, wrong("has an endpoint with credentials", "Remove what stands before the @")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return false, wrong("has an endpoint with more than a host", "Let it end after the host")
	case strings.HasPrefix(u.Hostname(), bucket+"."):
		return false, wrong("has an endpoint that repeats the bucket", "Write only what follows it")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return false, wrong("has an endpoint with http, which is accepted for loopback only", "Use https")
	case u.Scheme != "http" && u.Scheme != "https":
		return false, wrong("has an endpoint with an unknown scheme", "Begin it with https://")
	}
	return loopback(u.Hostname()), nil
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
