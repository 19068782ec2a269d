package checkpointtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// authenticate verifies a V4 signature in the Authorization header, written from
// the documentation alone (help.aliyun.com/en/oss, "Include a V4 signature in the
// Authorization header", 2026-11), so that it does not share a mistake with the SDK.
//
//	Authorization: OSS4-HMAC-SHA256 Credential=<id>/<date>/<region>/oss/aliyun_v4_request,
//	               AdditionalHeaders=<names;...>,Signature=<hex>
//
// The caller holds mu.
func (s *OSS) authenticate(r *http.Request) (ossAnswer, bool) {
	fail := func(code, ec, message string) (ossAnswer, bool) {
		return refuse(http.StatusForbidden, code, ec, message), false
	}
	fields, isV4 := strings.CutPrefix(r.Header.Get("Authorization"), "OSS4-HMAC-SHA256 ")
	if !isV4 {
		return fail("AccessDenied", "0003-00000201", "Anonymous access is forbidden for this operation.")
	}
	auth := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(field), "=")
		auth[k] = v
	}
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("x-oss-date"))
	if err != nil {
		return fail("AccessDenied", "", "The x-oss-date header is invalid.")
	}
	scope := strings.Join([]string{signed.Format("20060102"), s.Region, "oss", "aliyun_v4_request"}, "/")
	id, gotScope, _ := strings.Cut(auth["Credential"], "/")
	switch {
	case id != s.credential.ID:
		return fail("InvalidAccessKeyId", "0002-00000902", "The OSS Access Key Id you provided does not exist in our records: "+id)
	case r.Header.Get("x-oss-security-token") != s.credential.Token:
		return fail("InvalidSecurityToken", "0002-00000603", "The security token you provided is invalid.")
	case s.now().Sub(signed).Abs() > 15*time.Minute:
		return fail("RequestTimeTooSkewed", "0002-00000504", "The difference between the request time and the current time is too large.")
	case gotScope != scope:
		return refuse(http.StatusBadRequest, "InvalidArgument", "0002-00000227", "Invalid signing region, product or date in Authorization header: "+gotScope), false
	}
	canonical := canonicalRequest(r, strings.FieldsFunc(auth["AdditionalHeaders"], func(c rune) bool { return c == ';' }))
	sum := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{"OSS4-HMAC-SHA256", r.Header.Get("x-oss-date"), scope, hex.EncodeToString(sum[:])}, "\n")
	key := []byte("aliyun_v4" + s.credential.Secret)
	for _, part := range append(strings.Split(scope, "/"), toSign) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if !hmac.Equal([]byte(auth["Signature"]), []byte(hex.EncodeToString(key))) {
		// The real one repeats all of it, too.
		return fail("SignatureDoesNotMatch", "0002-00000201", fmt.Sprintf(
			"The request signature we calculated does not match the signature you provided. OSSAccessKeyId %s, SignatureProvided %s, StringToSign %s, CanonicalRequest %s",
			id, auth["Signature"], toSign, canonical))
	}
	return ossAnswer{}, true
}

// canonicalRequest is verb, resource, query, headers, the additional headers'
// names and the payload's hash, each escaped and sorted as the document says.
func canonicalRequest(r *http.Request, additional []string) string {
	query := r.URL.Query()
	var params []string
	for k, values := range query {
		for _, v := range values {
			param := escape(k, false)
			if v != "" {
				param += "=" + escape(v, false)
			}
			params = append(params, param)
		}
	}
	slices.Sort(params)
	headers := map[string]string{}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-oss-") || name == "content-type" || name == "content-md5" || slices.Contains(additional, name) {
			headers[name] = strings.TrimSpace(strings.Join(values, ","))
		}
	}
	if slices.Contains(additional, "host") {
		headers["host"] = r.Host
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lines.WriteString(name + ":" + headers[name] + "\n")
	}
	return strings.Join([]string{
		r.Method,
		escape(r.URL.Path, true),
		strings.Join(params, "&"),
		lines.String(),
		strings.Join(additional, ";"),
		r.Header.Get("x-oss-content-sha256"),
	}, "\n")
}

// escape is percent-encoding of everything but letters, digits and -_.~ (RFC 3986),
// and slashes where a path is meant.
func escape(s string, isPath bool) string {
	s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	if isPath {
		s = strings.ReplaceAll(s, "%2F", "/")
	}
	return s
}
