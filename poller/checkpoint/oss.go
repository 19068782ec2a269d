package checkpoint

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

// OSSConfig is where on Alibaba Cloud OSS a document is kept.
type OSSConfig struct {
	Bucket   string
	Prefix   string // of the objects' names, without slashes at its ends
	Region   string // as in cn-shanghai
	Endpoint string // a URL; empty means the region's public one
	// PathStyle puts the bucket into the path, for servers without wildcard names.
	PathStyle bool
	// Credentials is called before every request, as those of a function change with
	// each invocation. Token is empty for a long-lived pair.
	Credentials func(context.Context) (id, secret, token string, err error)
	// UserAgent is appended to the SDK's own; may be empty.
	UserAgent string
	// Explain says in plain words why a connection failed; ok is false for an error
	// it does not know. nil knows none. The refusal of a proxy reaches it as an error
	// with a method ProxyStatus() int, the status of its answer to CONNECT.
	Explain func(error) (problem, next string, ok bool)
	// Dial replaces the way to the network; nil is the real one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// opTimeout bounds one call to OSS, its retry included. The caller's deadline may
// be nearer.
const opTimeout = 10 * time.Second

// NewOSS keeps the document in an OSS bucket.
//
// OSS has no compare-and-swap: PutObject knows no If-Match (EC 0017-00000245). It
// does have x-oss-forbid-overwrite, by which an object is created once, unless the
// bucket has ever had versioning on: then the header is ignored in silence.
// So the bucket is asked before the first write, and refused if in doubt.
// (help.aliyun.com/en/oss, PutObject; 2026-11)
func NewOSS(c OSSConfig) Store {
	cfg := &oss.Config{ // a literal: LoadDefaultConfig takes a log level from the environment, and logs headers
		Region:           &c.Region,
		UsePathStyle:     &c.PathStyle,
		RetryMaxAttempts: oss.Ptr(2),
		HttpClient:       newHTTPClient(c.Dial),
		CredentialsProvider: credentials.CredentialsProviderFunc(func(ctx context.Context) (credentials.Credentials, error) {
			id, secret, token, err := c.Credentials(ctx)
			if err == nil && (id == "" || secret == "") {
				err = errNoCredentials
			}
			return credentials.Credentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}, err
		}),
	}
	if c.Endpoint != "" {
		cfg.Endpoint = &c.Endpoint
	}
	if c.UserAgent != "" {
		cfg.UserAgent = &c.UserAgent
	}
	b := &bucket{client: oss.NewClient(cfg), name: c.Bucket, prefix: c.Prefix, explainNetwork: c.Explain}
	if b.explainNetwork == nil {
		b.explainNetwork = func(error) (problem, next string, ok bool) { return "", "", false }
	}
	return New(b)
}

type bucket struct {
	client         *oss.Client
	name, prefix   string
	explainNetwork func(error) (problem, next string, ok bool)

	mu  sync.Mutex
	fit bool // versioning was asked for, and is off
}

func (b *bucket) key(name string) *string { return oss.Ptr(b.prefix + "/" + name) }

func (b *bucket) Get(ctx context.Context, name string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	res, err := b.client.GetObject(ctx, &oss.GetObjectRequest{Bucket: &b.name, Key: b.key(name)})
	if se, ok := errors.AsType[*oss.ServiceError](err); ok && se.StatusCode == http.StatusNotFound && se.Code == "NoSuchKey" {
		now, err := clock(se.Headers)
		return Answer{Now: now}, b.explain(ctx, "GetObject", name, err)
	}
	if err != nil {
		return Answer{}, b.explain(ctx, "GetObject", name, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, b.explain(ctx, "GetObject", name, err)
	}
	if err := checkCRC(res.Headers, data); err != nil {
		return Answer{}, b.explain(ctx, "GetObject", name, err)
	}
	now, err := clock(res.Headers)
	return Answer{Data: data, Found: true, Now: now}, b.explain(ctx, "GetObject", name, err)
}

func (b *bucket) Create(ctx context.Context, name string, data []byte) (time.Time, error) {
	if err := b.refuseVersioned(ctx); err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	req := b.putRequest(name, data)
	req.ForbidOverwrite = oss.Ptr("true")
	// One attempt: after a first one whose answer was lost, the second would be
	// refused by our own object, and say that somebody else has won.
	res, err := b.client.PutObject(ctx, req, func(o *oss.Options) { o.RetryMaxAttempts = oss.Ptr(1) })
	if se, ok := errors.AsType[*oss.ServiceError](err); ok && se.StatusCode == http.StatusConflict && se.Code == "FileAlreadyExists" {
		return time.Time{}, ErrConflict
	}
	if err != nil {
		return time.Time{}, b.explain(ctx, "PutObject", name, err)
	}
	now, err := clock(res.Headers)
	return now, b.explain(ctx, "PutObject", name, err)
}

func (b *bucket) Put(ctx context.Context, name string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	_, err := b.client.PutObject(ctx, b.putRequest(name, data))
	return b.explain(ctx, "PutObject", name, err)
}

// putRequest has OSS verify the body before it stores it.
func (b *bucket) putRequest(name string, data []byte) *oss.PutObjectRequest {
	sum := md5.Sum(data)
	return &oss.PutObjectRequest{
		Bucket:      &b.name,
		Key:         b.key(name),
		ContentMD5:  oss.Ptr(base64.StdEncoding.EncodeToString(sum[:])),
		ContentType: oss.Ptr("application/octet-stream"),
		Body:        bytes.NewReader(data),
	}
}

func (b *bucket) List(ctx context.Context) (Listing, error) {
	l, err := b.list(ctx)
	if err != nil {
		return Listing{}, b.explain(ctx, "ListObjects", "", err)
	}
	return l, nil
}

func (b *bucket) list(ctx context.Context) (Listing, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	prefix := b.prefix + "/"
	req := &oss.ListObjectsV2Request{Bucket: &b.name, Prefix: &prefix, Delimiter: oss.Ptr("/"), MaxKeys: 1000}
	var l Listing
	for {
		page, err := b.client.ListObjectsV2(ctx, req)
		if err != nil {
			return Listing{}, err
		}
		if l.Now, err = clock(page.Headers); err != nil {
			return Listing{}, err
		}
		for _, o := range page.Contents {
			if o.Key == nil || o.LastModified == nil {
				return Listing{}, errors.New("an object has no name or time")
			}
			// A server that knows no delimiter lists what lies deeper, too: another checkpoint's.
			if name := strings.TrimPrefix(*o.Key, prefix); !strings.Contains(name, "/") {
				l.Entries = append(l.Entries, Entry{Name: name, Modified: *o.LastModified})
			}
		}
		if !page.IsTruncated {
			return l, nil
		}
		if oss.ToString(page.NextContinuationToken) == "" {
			return Listing{}, errors.New("a page ends without a way to the next")
		}
		req.ContinuationToken = page.NextContinuationToken
	}
}

func (b *bucket) Remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	_, err := b.client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: &b.name, Key: b.key(name)})
	return b.explain(ctx, "DeleteObject", name, err)
}

// refuseVersioned asks once for each bucket value that no object of it can be
// written over. Only a clear "never versioned" counts.
func (b *bucket) refuseVersioned(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fit {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	res, err := b.client.GetBucketVersioning(ctx, &oss.GetBucketVersioningRequest{Bucket: &b.name})
	if err != nil {
		return b.explain(ctx, "GetBucketVersioning", "", err)
	}
	if status := oss.ToString(res.VersionStatus); status != "" {
		return &Error{
			Op:   "GetBucketVersioning oss://" + b.name,
			Code: "Versioning" + word(status),
			Problem: fmt.Sprintf("versioning of bucket %s is %s, so OSS would let two runs write the same generation",
				b.name, strings.ToLower(word(status))),
			Next: "Use a bucket that never had versioning; once enabled it can only be suspended, never removed",
		}
	}
	b.fit = true
	return nil
}

// clock is OSS's own time in an answer, to the second.
func clock(h http.Header) (time.Time, error) {
	if h.Get("x-oss-request-id") == "" {
		return time.Time{}, errors.New("the answer is not from OSS: it has no x-oss-request-id")
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}, errors.New("the answer has no Date")
	}
	return now.UTC(), nil
}

// checkCRC verifies what the SDK verifies only for downloads to files.
func checkCRC(h http.Header, data []byte) error {
	want := h.Get("x-oss-hash-crc64ecma")
	got := strconv.FormatUint(crc64.Checksum(data, crc64.MakeTable(crc64.ECMA)), 10)
	if cmp.Or(want, got) != got {
		return fmt.Errorf("the document was damaged on its way: CRC-64 is %s, want %s", got, want)
	}
	return nil
}
