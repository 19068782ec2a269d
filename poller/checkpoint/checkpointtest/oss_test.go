package checkpointtest

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/google/go-cmp/cmp"
)

// tamper is a client whose requests are changed after they were signed.
type tamper struct{ change func(*http.Request) }

func (c tamper) Do(r *http.Request) (*http.Response, error) {
	if c.change != nil {
		c.change(r)
	}
	return (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
}

// sdk is the vendor's own client, the judge of what this server accepts.
func sdk(s *OSS, c Credential, change func(*http.Request)) *oss.Client {
	return oss.NewClient(&oss.Config{
		Region: &s.Region, Endpoint: oss.Ptr(s.URL()), HttpClient: tamper{change}, RetryMaxAttempts: oss.Ptr(1),
		CredentialsProvider: credentials.NewStaticCredentialsProvider(c.ID, c.Secret, c.Token),
		AdditionalHeaders:   []string{"cache-control"},
	})
}

func startOSS(t *testing.T) (*OSS, *oss.Client) {
	t.Helper()
	s, err := StartOSS()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, sdk(s, s.Credential(), nil)
}

func put(t *testing.T, c *oss.Client, key, text string, header map[string]string) error {
	t.Helper()
	_, err := c.PutObject(t.Context(), &oss.PutObjectRequest{
		Bucket: oss.Ptr("test-bucket"), Key: &key, Body: strings.NewReader(text),
		RequestCommon: oss.RequestCommon{Headers: header},
	})
	return err
}

// refusedAs compares a refusal with "status code EC"; nil with "".
func refusedAs(t *testing.T, what string, err error, status int, code, ec string) {
	t.Helper()
	se, ok := errors.AsType[*oss.ServiceError](err)
	if !ok || se.StatusCode != status || se.Code != code || se.EC != ec {
		t.Errorf("%s: %v; want %d %s, EC %s", what, err, status, code, ec)
	}
}

func TestOSSSignatures(t *testing.T) {
	s, c := startOSS(t)
	right := s.Credential()
	odd := "a b+c/%41~ü?&=.txt" // every kind of character that is escaped somewhere
	if err := put(t, c, odd, "text", map[string]string{"x-oss-meta-note": " spaces ", "Cache-Control": "private"}); err != nil {
		t.Fatalf("a right signature: %v", err)
	}
	if got := s.Object(odd); string(got) != "text" {
		t.Errorf("stored %q, objects are %q", got, s.Keys(""))
	}
	s.SetCredential(Credential{ID: "LTAI", Secret: "long-lived"})
	if err := put(t, sdk(s, s.Credential(), nil), "k", "x", nil); err != nil {
		t.Errorf("without a token: %v", err)
	}
	s.SetCredential(right)

	writes := s.Writes()
	wrong := right
	wrong.Secret += "x"
	refusedAs(t, "wrong secret", put(t, sdk(s, wrong, nil), "k", "x", nil), 403, "SignatureDoesNotMatch", "0002-00000201")
	wrong = right
	wrong.Token = ""
	refusedAs(t, "no token", put(t, sdk(s, wrong, nil), "k", "x", nil), 403, "InvalidSecurityToken", "0002-00000603")
	for what, change := range map[string]func(*http.Request){
		"another key":      func(r *http.Request) { r.URL.Path += "2" },
		"another method":   func(r *http.Request) { r.Method = http.MethodDelete },
		"another query":    func(r *http.Request) { r.URL.RawQuery = "acl" },
		"another type":     func(r *http.Request) { r.Header.Set("Content-Type", "text/html") },
		"overwrite":        func(r *http.Request) { r.Header.Set("x-oss-forbid-overwrite", "false") },
		"no overwrite":     func(r *http.Request) { r.Header.Del("x-oss-forbid-overwrite") },
		"another addition": func(r *http.Request) { r.Header.Set("Cache-Control", "no-store") },
		"a shortened hash": func(r *http.Request) {
			auth := r.Header.Get("Authorization")
			r.Header.Set("Authorization", auth[:len(auth)-1])
		},
	} {
		err := put(t, sdk(s, right, change), "k", "x", map[string]string{"x-oss-forbid-overwrite": "true", "Cache-Control": "private"})
		refusedAs(t, what, err, 403, "SignatureDoesNotMatch", "0002-00000201")
	}
	anonymous := func(r *http.Request) { r.Header.Del("Authorization") }
	refusedAs(t, "anonymous", put(t, sdk(s, right, anonymous), "k", "x", nil), 403, "AccessDenied", "0003-00000201")
	if s.Writes() != writes {
		t.Errorf("%d refused writes took effect", s.Writes()-writes)
	}
}

func TestOSSPutConditions(t *testing.T) {
	s, c := startOSS(t)
	forbid := map[string]string{"x-oss-forbid-overwrite": "true"}
	for _, name := range []string{"If-Match", "If-None-Match"} {
		refusedAs(t, name, put(t, c, "k", "x", map[string]string{name: "*"}), 400, "NotImplemented", "0017-00000245")
	}
	refusedAs(t, "yes", put(t, c, "k", "x", map[string]string{"x-oss-forbid-overwrite": "yes"}), 400, "InvalidArgument", "0017-00000279")
	refusedAs(t, "digest", put(t, c, "k", "x", map[string]string{"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}), 400, "InvalidDigest", "")
	if err := put(t, c, "k", "one", forbid); err != nil {
		t.Fatal(err)
	}
	refusedAs(t, "second", put(t, c, "k", "two", forbid), 409, "FileAlreadyExists", "0026-00000002")
	if err := put(t, c, "k", "three", nil); err != nil || string(s.Object("k")) != "three" {
		t.Errorf("overwrite: %v, %q", err, s.Object("k"))
	}
	for _, status := range []string{"Enabled", "Suspended"} {
		s.SetVersioning(status)
		if err := put(t, c, "k", status, forbid); err != nil || string(s.Object("k")) != status {
			t.Errorf("%s: versioned buckets ignore the header, but %v", status, err)
		}
		res, err := c.GetBucketVersioning(t.Context(), &oss.GetBucketVersioningRequest{Bucket: &s.Bucket})
		if err != nil || oss.ToString(res.VersionStatus) != status {
			t.Errorf("versioning %q, %v; want %q", oss.ToString(res.VersionStatus), err, status)
		}
	}
}

func TestOSSForbidOverwriteRace(t *testing.T) {
	s, c := startOSS(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		errs := make([]error, 16)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = put(t, c, key, "x", map[string]string{"x-oss-forbid-overwrite": "true"}) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			refusedAs(t, "loser", err, 409, "FileAlreadyExists", "0026-00000002")
		}
		if won != 1 {
			t.Errorf("%d of 16 won", won)
		}
	}
	if s.Writes() != 4 {
		t.Errorf("%d writes, want 4", s.Writes())
	}
}

func TestOSSObjects(t *testing.T) {
	s, c := startOSS(t)
	s.SetObject("k", []byte("text"))
	get, err := c.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: &s.Bucket, Key: oss.Ptr("k")})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(get.Body)
	if err != nil || string(body) != "text" || oss.ToString(get.HashCRC64) == "" || get.Headers.Get("x-oss-request-id") == "" {
		t.Errorf("GetObject = %q, %v, %v", body, err, get.Headers)
	}
	head, err := c.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: &s.Bucket, Key: oss.Ptr("k")})
	if err != nil || head.ContentLength != 4 {
		t.Errorf("HeadObject = %+v, %v", head, err)
	}
	for range 2 { // deleting what is absent is no error
		if _, err := c.DeleteObject(t.Context(), &oss.DeleteObjectRequest{Bucket: &s.Bucket, Key: oss.Ptr("k")}); err != nil {
			t.Errorf("DeleteObject: %v", err)
		}
	}
	_, err = c.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: &s.Bucket, Key: oss.Ptr("k")})
	refusedAs(t, "GetObject", err, 404, "NoSuchKey", "0026-00000001")
	_, err = c.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr("other"), Key: oss.Ptr("k")})
	refusedAs(t, "GetObject", err, 404, "NoSuchBucket", "0015-00000101")
}

func TestOSSListing(t *testing.T) {
	s, c := startOSS(t)
	for _, key := range []string{"p/1", "p/2", "p/2/a", "p/2/b", "p/3", "p/ü +", "q/1", "p"} {
		s.SetObject(key, []byte(key))
	}
	for _, size := range []int32{1, 2, 3, 100} {
		req := &oss.ListObjectsV2Request{Bucket: &s.Bucket, Prefix: oss.Ptr("p/"), Delimiter: oss.Ptr("/"), MaxKeys: size}
		var keys []string
		for {
			page, err := c.ListObjectsV2(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if page.KeyCount > int(size) || page.KeyCount != len(page.Contents)+len(page.CommonPrefixes) {
				t.Errorf("a page of %d, asked for %d", page.KeyCount, size)
			}
			for _, o := range page.Contents {
				keys = append(keys, *o.Key)
			}
			for _, p := range page.CommonPrefixes {
				keys = append(keys, *p.Prefix)
			}
			if !page.IsTruncated {
				break
			}
			req.ContinuationToken = page.NextContinuationToken
		}
		slices.Sort(keys)
		if diff := cmp.Diff([]string{"p/1", "p/2", "p/2/", "p/3", "p/ü +"}, keys); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}
