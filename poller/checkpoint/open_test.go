package checkpoint_test

import (
	"context"
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
		"":                            "is empty",
		"%zz":                         "not a URL",
		"/var/lib/refreshwatch":       "no scheme: did you mean file://",
		"files:///var":                `unknown scheme "files": known are file and oss`,
		"oos://bucket/prefix":         `unknown scheme "oos": known are file and oss`,
		"redis://host/0":              `unknown scheme "redis": known are file and oss`,
		"file://relative/dir":         `"relative" stands where a host would`,
		"file:relative":               "must be absolute",
		"file://":                     "must be absolute",
		"file:///":                    "root of the file system",
		"file:///dir?mode=1":          "knows no ?parameters",
		"file:///dir#1":               "after #",
		"oss://id:hunter2@bucket/p":   "must not hold credentials",
		"oss:///prefix" + region:      `"" is no bucket`,
		"oss://B/prefix" + region:     `"B" is no bucket`,
		"oss://bucket" + region:       "prefix is missing",
		"oss://bucket/" + region:      "prefix is missing",
		"oss://bucket/a//b" + region:  "single slashes",
		"oss://bucket/a*" + region:    "prefix may hold",
		"oss://bucket/prefix":         "region is missing",
		"oss://bucket/prefix?region=": "region is missing",
		"oss://bucket/prefix?region=oss-cn-shanghai":                              `did you mean "cn-shanghai"?`,
		"oss://bucket/prefix?region=Shanghai":                                     `region "Shanghai" is none`,
		"oss://bucket/prefix?regoin=cn-shanghai":                                  `unknown parameter "regoin": known are region and endpoint`,
		"oss://bucket/prefix" + region + "&token=1":                               `unknown parameter "token"`,
		"oss://bucket/prefix" + region + "&region=cn-beijing":                     `"region" is given twice`,
		"oss://bucket/prefix?region=%zz":                                          "cannot be read",
		"oss://bucket/prefix" + region + "&endpoint=oss-cn-shanghai.aliyuncs.com": "endpoint is no URL",
		"oss://bucket/prefix" + region + "&endpoint=http://oss.example.com":       "must be https://",
		"oss://bucket/prefix" + region + "&endpoint=http://127.0.0.1.example.com": "must be https://",
		"oss://bucket/prefix" + region + "&endpoint=ftp://127.0.0.1":              "must begin with https://",
		"oss://bucket/prefix" + region + "&endpoint=https://u:hunter2@oss.com":    "must not hold credentials",
		"oss://bucket/prefix" + region + "&endpoint=https://oss.com/path":         "must end after its host",
		"oss://bucket/prefix" + region + "&endpoint=https://bucket.oss.com":       "must not repeat the bucket",
	} {
		_, err := checkpoint.Open(url, checkpoint.Options{Credentials: noCredentials})
		switch {
		case err == nil:
			t.Errorf("Open(%q) succeeds, want %q", url, want)
		case !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "CHECKPOINT: "):
			t.Errorf("Open(%q): %v; want CHECKPOINT and %q", url, err, want)
		case strings.Contains(err.Error(), "hunter2"):
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
