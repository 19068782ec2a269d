package checkpoint_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"refreshwatch/poller/checkpoint"
)

func noCredentials(context.Context) (id, secret, token string, err error) { return "", "", "", nil }

func TestOpenAccepts(t *testing.T) {
	for _, url := range []string{
		"file:///var/lib/refreshwatch",
		"file://localhost/var/lib/refreshwatch",
		"file:///with%20space/",
		"oss://bucket/prefix?region=cn-shanghai",
		"oss://bucket/prefix/?region=cn-shanghai",
		"oss://my-bucket-1/refresh/watch.v1?region=ap-southeast-1&endpoint=https://oss-ap-southeast-1-internal.aliyuncs.com",
		"oss://bucket/prefix?region=cn-shanghai&endpoint=http://127.0.0.1:9000",
		"oss://bucket/prefix?region=cn-shanghai&endpoint=http://localhost:9000/",
		"oss://bucket/prefix?region=cn-shanghai&endpoint=http://[::1]:9000",
		"oss://bucket/prefix?region=cn-shanghai&endpoint=https%3A%2F%2Foss-cn-shanghai.aliyuncs.com",
	} {
		if s, err := checkpoint.Open(url, checkpoint.Options{Credentials: noCredentials}); err != nil || s == nil {
			t.Errorf("Open(%q) = %v, %v", url, s, err)
		}
	}
}

func TestOpenNamesTheWrongPart(t *testing.T) {
	const region = "?region=cn-shanghai"
	for url, want := range map[string]string{
		"":                                           "is empty. Write it like",
		"%zz":                                        "is not a URL. Write it like",
		"/var/lib/refreshwatch":                      "has no scheme. Did you mean file://",
		`C:\refreshwatch`:                            "Write a Windows path like file:///C:/",
		"files:///var":                               "unknown scheme. Known: file, oss",
		"oos://bucket/prefix":                        "unknown scheme",
		"redis://host/0":                             "unknown scheme",
		"hunter2:x":                                  "unknown scheme",
		"file://hunter2/dir":                         "not absolute. Write file:/// with three slashes",
		"file:relative":                              "not absolute",
		"file://":                                    "not absolute",
		"file:///":                                   "root of the file system",
		"file:///dir?mode=1":                         "parameters after ?",
		"file:///dir#1":                              "after #",
		"oss://id:hunter2@bucket/p":                  "holds credentials",
		"oss:///prefix" + region:                     "names no bucket",
		"oss://B/prefix" + region:                    "names no bucket",
		"oss://hunter2.X/p" + region:                 "names no bucket",
		"oss://bucket" + region:                      "has no prefix",
		"oss://bucket/" + region:                     "has no prefix",
		"oss://bucket/a//b" + region:                 "single slashes",
		"oss://bucket/a*" + region:                   "unusable prefix",
		"oss://bucket/../a" + region:                 "unusable prefix",
		"oss://bucket/a/." + region:                  "unusable prefix",
		"oss://bucket/a/%2e%2e" + region:             "unusable prefix",
		"oss://bucket/prefix":                        "has no region",
		"oss://bucket/prefix?region=":                "has no region",
		"oss://bucket/prefix?hunter2=1":              "unknown parameter. Known: region, endpoint",
		"oss://bucket/prefix?region=oss-cn-shanghai": "Did you mean region=cn-shanghai?",
		"oss://bucket/prefix?region=Hunter2":         "a region that is none",
		"oss://bucket/prefix" + region + "&token=1":  "unknown parameter",
		"oss://bucket/prefix" + region + "&region=cn-beijing":                     "region more than once",
		"oss://bucket/prefix?region=%zz":                                          "cannot be read",
		"oss://bucket/prefix" + region + "&endpoint=oss-cn-shanghai.aliyuncs.com": "endpoint that is not a URL",
		"oss://bucket/prefix" + region + "&endpoint=http://oss.example.com":       "loopback only. Use https",
		"oss://bucket/prefix" + region + "&endpoint=http://127.0.0.1.example.com": "loopback only. Use https",
		"oss://bucket/prefix" + region + "&endpoint=ftp://127.0.0.1":              "Begin it with https://",
		"oss://bucket/prefix" + region + "&endpoint=https://u:hunter2@oss.com":    "endpoint with credentials",
		"oss://bucket/prefix" + region + "&endpoint=https://oss.com/path":         "end after the host",
		"oss://bucket/prefix" + region + "&endpoint=https://oss.com:65536":        "port that cannot exist",
		"oss://bucket/prefix" + region + "&endpoint=https://bucket.oss.com":       "repeats the bucket",
	} {
		_, err := checkpoint.Open(url, checkpoint.Options{Credentials: noCredentials})
		var wrong *checkpoint.URLError
		switch {
		case err == nil:
			t.Errorf("Open(%q) succeeds, want %q", url, want)
		case !strings.Contains(err.Error(), want) || !errors.As(err, &wrong) || wrong.Next == "":
			t.Errorf("Open(%q): %v; want a URLError with a next step and %q", url, err, want)
		case strings.Contains(strings.ToLower(err.Error()), "hunter2"):
			t.Errorf("Open(%q) repeats a secret: %v", url, err)
		}
	}
}

func TestOpenOSSTakesCredentials(t *testing.T) {
	_, err := checkpoint.Open("oss://bucket/prefix?region=cn-shanghai", checkpoint.Options{})
	if err == nil || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("Open without credentials: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("file:///dir")
	f.Add("oss://bucket/prefix?region=cn-shanghai&endpoint=https://oss.example.com")
	f.Fuzz(func(t *testing.T, url string) {
		s, err := checkpoint.Open(url, checkpoint.Options{Credentials: noCredentials})
		if (s == nil) == (err == nil) {
			t.Errorf("Open(%q) = %v, %v", url, s, err)
		}
	})
}
