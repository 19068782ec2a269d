package apitest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"refreshwatch/poller"
)

// maxSkew is how far a request's Timestamp may be off (RPC signature 1.0, read 2026-11).
const maxSkew = 15 * time.Minute

// refusal is an error the API answers with.
type refusal struct {
	status  int
	code    string
	message string
	class   poller.Class // what a careful client makes of it
}

func invalid(code, message string) *refusal {
	return &refusal{http.StatusBadRequest, code, message, poller.Rejected}
}

func missing(name string) *refusal {
	return invalid("Missing"+name, name+" is mandatory for this action.")
}

// authenticate checks what every RPC of the vendor needs, in the gateway's order.
func (s *Server) authenticate(r *http.Request, now time.Time) *refusal {
	if r.Method != http.MethodPost && r.Method != http.MethodGet || r.URL.Path != "/" {
		return &refusal{http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found.", poller.Rejected}
	}
	if err := r.ParseForm(); err != nil {
		return invalid("InvalidParameter", "Specified parameters cannot be read.")
	}
	action := r.Form.Get("Action")
	_, version, known := productOf(action)
	if action != "" && !known {
		return &refusal{http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", poller.Rejected}
	}
	for _, required := range [][2]string{ // in this order: without an action there is no version
		{"Action", action}, {"Version", version}, {"Format", "JSON"},
		{"SignatureMethod", "HMAC-SHA1"}, {"SignatureVersion", "1.0"},
	} {
		name, want := required[0], required[1]
		switch got := r.Form.Get(name); {
		case got == "" && name != "Format": // which would then be XML
			return missing(name)
		case got != want:
			return invalid("Invalid"+name, "Specified parameter "+name+" is not valid.")
		}
	}
	for _, check := range []func(url.Values, string, time.Time) *refusal{s.checkKey, s.checkTime, s.checkNonce, s.checkSignature, s.checkToken} {
		if refused := check(r.Form, r.Method, now); refused != nil {
			return refused
		}
	}
	return nil
}

func (s *Server) checkKey(form url.Values, _ string, _ time.Time) *refusal {
	id := form.Get("AccessKeyId")
	if id == "" {
		return missing("AccessKeyId")
	}
	if _, known := s.keys[id]; !known {
		return &refusal{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", poller.Denied}
	}
	return nil
}

func (s *Server) checkTime(form url.Values, _ string, now time.Time) *refusal {
	at, err := time.Parse(timeLayout, form.Get("Timestamp"))
	if err != nil {
		return &refusal{http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.", poller.Denied}
	}
	if at.Sub(now).Abs() > maxSkew {
		return &refusal{http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", poller.Denied}
	}
	return nil
}

func (s *Server) checkNonce(form url.Values, _ string, now time.Time) *refusal {
	nonce := form.Get("SignatureNonce")
	if nonce == "" {
		return missing("SignatureNonce")
	}
	if _, used := s.nonces[nonce]; used {
		return &refusal{http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.", poller.Transient}
	}
	s.nonces[nonce] = now
	if len(s.nonces)%10_000 == 0 { // an old timestamp is refused anyhow
		for old, at := range s.nonces {
			if now.Sub(at) > 2*maxSkew {
				delete(s.nonces, old)
			}
		}
	}
	return nil
}

func (s *Server) checkSignature(form url.Values, method string, _ time.Time) *refusal {
	text := stringToSign(method, form)
	want := sign(text, s.keys[form.Get("AccessKeyId")].secret)
	if hmac.Equal([]byte(want), []byte(form.Get("Signature"))) {
		return nil
	}
	return &refusal{http.StatusBadRequest, "SignatureDoesNotMatch",
		"Specified signature is not matched with our calculation. server string to sign is:" + text, poller.Denied}
}

func (s *Server) checkToken(form url.Values, _ string, now time.Time) *refusal {
	key := s.keys[form.Get("AccessKeyId")]
	got, want, expires := form.Get("SecurityToken"), key.token, key.expires
	switch {
	case got == "" && want != "":
		return &refusal{http.StatusBadRequest, "MissingSecurityToken", "SecurityToken is mandatory for this action.", poller.Denied}
	case got != "" && want == "":
		return &refusal{http.StatusBadRequest, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", poller.Denied}
	case got != want:
		return &refusal{http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatches with the AccessKey.", poller.Denied}
	case want != "" && !expires.IsZero() && !now.Before(expires):
		return &refusal{http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.", poller.Credentials}
	}
	return nil
}

// stringToSign is RPC signature 1.0: all parameters but the signature, empty ones
// included, sorted and escaped, then escaped again.
func stringToSign(method string, form url.Values) string {
	var pairs []string
	for name, values := range form {
		if name != "Signature" {
			pairs = append(pairs, escape(name)+"="+escape(values[0]))
		}
	}
	slices.Sort(pairs)
	return method + "&%2F&" + escape(strings.Join(pairs, "&"))
}

func sign(text, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// escape is RFC 3986, which differs from Go's query escaping in three characters.
func escape(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(s))
}
