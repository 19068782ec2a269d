package checkpointtest

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash/crc64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answer does what is asked, at one moment: no two requests overlap within it.
func (s *OSS) answer(r *http.Request, req OSSRequest, body []byte) ossAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.authenticate(r); !ok {
		return a
	}
	switch {
	case s.denied[req.Op] || req.Op == "HeadObject" && s.denied["GetObject"]:
		return refuse(http.StatusForbidden, "AccessDenied", "0003-00000001", "You have no right to access this object because of bucket acl.")
	case req.Op == "NoSuchBucket":
		return refuse(http.StatusNotFound, "NoSuchBucket", "0015-00000101", "The specified bucket does not exist.")
	}
	switch req.Op {
	case "PutObject":
		return s.putObject(r, req.Key, body)
	case "GetObject", "HeadObject":
		return s.getObject(req.Key)
	case "DeleteObject":
		delete(s.objects, req.Key)
		return ossAnswer{status: http.StatusNoContent}
	case "ListObjects":
		return s.listObjects(r.URL.Query())
	case "GetBucketVersioning":
		return s.getBucketVersioning()
	}
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "", "The specified method is not allowed against this resource.")
}

// putObject knows no condition but x-oss-forbid-overwrite, and not even that one
// in a versioned bucket (PutObject, 2026-11).
func (s *OSS) putObject(r *http.Request, key string, body []byte) ossAnswer {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if r.Header.Get(name) != "" {
			return refuse(http.StatusBadRequest, "NotImplemented", "0017-00000245", "A header you provided implies functionality that is not implemented.")
		}
	}
	sum := md5.Sum(body)
	if want := r.Header.Get("Content-MD5"); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
		return refuse(http.StatusBadRequest, "InvalidDigest", "", "The Content-MD5 you specified was invalid.")
	}
	_, exists := s.objects[key]
	switch r.Header.Get("x-oss-forbid-overwrite") {
	case "true":
		if exists && s.versioning == "" && !s.lax {
			return refuse(http.StatusConflict, "FileAlreadyExists", "0026-00000002", "The object you specified already exists and can not be overwritten.")
		}
	case "", "false":
	default:
		return refuse(http.StatusBadRequest, "InvalidArgument", "0017-00000279", "The value of x-oss-forbid-overwrite is invalid.")
	}
	s.objects[key] = object{data: slices.Clone(body), modified: s.now()}
	s.writes++
	return ok(map[string]string{"ETag": etag(body), "x-oss-hash-crc64ecma": crc(body)}, nil)
}

func (s *OSS) getObject(key string) ossAnswer {
	o, exists := s.objects[key]
	if !exists && s.reticent {
		return refuse(http.StatusForbidden, "AccessDenied", "0003-00000001", "You have no right to access this object.")
	}
	if !exists {
		return refuse(http.StatusNotFound, "NoSuchKey", "0026-00000001", "The specified key does not exist.")
	}
	return ok(map[string]string{
		"Content-Type":         "application/octet-stream",
		"Content-Length":       strconv.Itoa(len(o.data)),
		"ETag":                 etag(o.data),
		"Last-Modified":        o.modified.Format(http.TimeFormat),
		"x-oss-hash-crc64ecma": crc(o.data),
		"x-oss-object-type":    "Normal",
	}, o.data)
}

func (s *OSS) getBucketVersioning() ossAnswer {
	body := "<VersioningConfiguration>"
	if s.versioning != "" {
		body += "<Status>" + s.versioning + "</Status>"
	}
	body += "</VersioningConfiguration>"
	return ok(map[string]string{"Content-Type": "application/xml"}, []byte(xml.Header+body))
}

type listEntry struct {
	Key, LastModified, ETag, Type, StorageClass string
	Size                                        int
}

type listPage struct {
	XMLName                             xml.Name `xml:"ListBucketResult"`
	Name, Prefix, StartAfter, Delimiter string
	ContinuationToken                   string `xml:",omitempty"`
	NextContinuationToken               string `xml:",omitempty"`
	EncodingType                        string `xml:",omitempty"`
	MaxKeys, KeyCount                   int
	IsTruncated                         bool
	Contents                            []listEntry
	CommonPrefixes                      []struct{ Prefix string }
}

// listObjects is ListObjectsV2: 100 keys a page unless asked for up to 1000.
func (s *OSS) listObjects(q url.Values) ossAnswer {
	p := listPage{
		Name: s.Bucket, Prefix: q.Get("prefix"), StartAfter: q.Get("start-after"), Delimiter: q.Get("delimiter"),
		ContinuationToken: q.Get("continuation-token"), EncodingType: q.Get("encoding-type"), MaxKeys: 100,
	}
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return refuse(http.StatusBadRequest, "InvalidArgument", "", "Argument max-keys must be an integer between 1 and 1000.")
		}
		p.MaxKeys = n
	}
	p.MaxKeys = min(p.MaxKeys, s.pageSize)
	after := p.StartAfter
	if p.ContinuationToken != "" {
		last, err := hex.DecodeString(p.ContinuationToken)
		if err != nil {
			return refuse(http.StatusBadRequest, "InvalidArgument", "", "The continuation token provided is incorrect.")
		}
		after = string(last)
	}
	s.fillPage(&p, after)
	body, err := xml.Marshal(p)
	if err != nil {
		panic(err) // plain fields always marshal
	}
	return ok(map[string]string{"Content-Type": "application/xml"}, append([]byte(xml.Header), body...))
}

func (s *OSS) fillPage(p *listPage, after string) {
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		rest, under := strings.CutPrefix(key, p.Prefix)
		if !under || key <= after {
			continue
		}
		group, last := "", key
		if p.Delimiter != "" && !s.flat {
			if before, _, found := strings.Cut(rest, p.Delimiter); found {
				group = p.Prefix + before + p.Delimiter
				last = group + "\xff" // after all of the group
			}
		}
		if p.KeyCount == p.MaxKeys {
			p.IsTruncated, p.NextContinuationToken = true, hex.EncodeToString([]byte(after))
			return
		}
		p.KeyCount++
		after = last
		if group != "" {
			p.CommonPrefixes = append(p.CommonPrefixes, struct{ Prefix string }{p.encode(group)})
			continue
		}
		o := s.objects[key]
		p.Contents = append(p.Contents, listEntry{
			Key: p.encode(key), LastModified: isoTime(o.modified.Truncate(time.Second)), ETag: etag(o.data),
			Type: "Normal", StorageClass: "Standard", Size: len(o.data),
		})
	}
}

func (p *listPage) encode(key string) string {
	if p.EncodingType == "url" {
		return url.QueryEscape(key)
	}
	return key
}

func etag(data []byte) string { return fmt.Sprintf(`"%X"`, md5.Sum(data)) }

func crc(data []byte) string {
	return strconv.FormatUint(crc64.Checksum(data, crc64.MakeTable(crc64.ECMA)), 10)
}
