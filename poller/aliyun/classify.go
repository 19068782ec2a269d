package aliyun

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"refreshwatch/poller"
)

// rule gives a family of error codes its class. A family is the code itself and
// every "code.Something".
type rule struct {
	family string
	class  poller.Class
	hint   string
}

// rules are tried in order. The VOD page of the operation names Throttling,
// OperationDenied, OperationDenied.Suspended and InvalidTaskId.Malformed; the
// others are the gateway's, or those of the siblings CDN and DCDN (read 2026-11).
// Throttling came as 503, 429 and 400: the code counts, not the status.
var rules = [...]rule{
	{"Throttling", poller.Transient, ""},
	{"TooManyRequests", poller.Transient, ""},
	{"ServiceUnavailable", poller.Transient, ""},
	{"InternalError", poller.Transient, ""},
	// Something on the way repeated a request. Each attempt has a nonce of its own.
	{"SignatureNonceUsed", poller.Transient, ""},

	{"InvalidSecurityToken.Expired", poller.Credentials, hintExpired},
	{"InvalidSecurityToken", poller.Denied, "Check ALIBABA_CLOUD_SECURITY_TOKEN: it is malformed or belongs to another access key."},
	{"MissingSecurityToken", poller.Denied, "Set ALIBABA_CLOUD_SECURITY_TOKEN: this access key is a temporary one and needs its token."},
	{"InvalidAccessKeyId.Inactive", poller.Denied, "Enable the access key in the RAM console, or set another in ALIBABA_CLOUD_ACCESS_KEY_ID."},
	{"InvalidAccessKeyId", poller.Denied, "Check ALIBABA_CLOUD_ACCESS_KEY_ID: the API does not know this access key."},
	{"SignatureDoesNotMatch", poller.Denied, "Check ALIBABA_CLOUD_ACCESS_KEY_SECRET: it does not belong to the access key."},
	{"IncompleteSignature", poller.Denied, "Check ALIBABA_CLOUD_ACCESS_KEY_SECRET: it does not belong to the access key."},
	{"InvalidTimeStamp", poller.Denied, hintClock},
	{"IllegalTimestamp", poller.Denied, hintClock},
	{"Forbidden", poller.Denied, hintPermission},
	{"NoPermission", poller.Denied, hintPermission},
	{"OperationDenied.Suspended", poller.Denied, "Pay the overdue bill of the account: ApsaraVideo VOD is suspended."},
	{"OperationDenied", poller.Denied, "Activate ApsaraVideo VOD for this account in the VOD console."},
}

const (
	hintExpired    = "The security token has expired: on Function Compute the next invocation brings a new one, elsewhere renew ALIBABA_CLOUD_SECURITY_TOKEN."
	hintClock      = "Set this machine's clock: it is off by more than 15 minutes."
	hintPermission = `Grant the RAM user or role the action vod:DescribeVodRefreshTasks with the policy {"Version":"1","Statement":[{"Effect":"Allow","Action":"vod:DescribeVodRefreshTasks","Resource":"*"}]}.`
)

func noCredentials() *poller.Error {
	return &poller.Error{
		Class: poller.Denied, Code: "NoCredentials", Err: errors.New("the access key is missing"),
		Hint: "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; on Function Compute give the function a role.",
	}
}

// refusal is the body of an answer that is not 200.
type refusal struct {
	code, message, requestID string
}

// readRefusal takes the fields that are strings; others count as missing. A body
// that is no JSON object, such as a proxy's HTML, is no refusal of the API.
func readRefusal(body []byte) refusal {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return refusal{}
	}
	read := func(name string) (s string) {
		_ = json.Unmarshal(fields[name], &s)
		return s
	}
	return refusal{code: read("Code"), message: read("Message"), requestID: read("RequestId")}
}

// classify reads an answer that is not 200.
func classify(got answer, q poller.Query, creds Credentials) *poller.Error {
	said := readRefusal(got.body)
	e := &poller.Error{
		Code:      token(said.code, creds),
		RequestID: token(said.requestID, creds),
	}
	switch {
	case got.status >= 300 && got.status < 400:
		e.Class, e.Code = poller.Denied, "Redirect"
		e.Err = fmt.Errorf("the answer is a redirect (HTTP %d), which is never followed", got.status)
		e.Hint = "Check VOD_ENDPOINT and the proxy settings: what answers there is not the API."
	case got.status < 300:
		e.Class, e.Code = poller.Transient, "BadAnswer"
		e.Err = fmt.Errorf("HTTP %d instead of 200", got.status)
	case e.Code == "":
		e.Code = "HTTP" + strconv.Itoa(got.status)
		e.Class, e.Hint = silent(got.status)
		e.Err = errors.New("the answer is not the API's own")
	default:
		e.Class, e.Hint = verdict(got.status, e.Code, said.message)
		e.Err = message(e.Code, said.message, creds)
	}
	if q.TaskID != "" && in(e.Code, "InvalidTaskId") {
		e.Class = poller.Rejected
		e.Err = fmt.Errorf("%w: %v", poller.ErrNoSuchTask, e.Err)
	}
	return e
}

// silent classifies a status without an error code. Not the API but something
// before it answered (a proxy, a load balancer): nothing was decided about the
// question, so a later run may get through.
func silent(status int) (poller.Class, string) {
	if status == http.StatusProxyAuthRequired {
		return poller.Denied, "Check HTTPS_PROXY: the proxy wants a login."
	}
	return poller.Transient, ""
}

// verdict classifies a code. An unknown one is judged by the status: 5xx and 429
// may pass, 401 and 403 need a person, other 4xx refuse the question itself.
func verdict(status int, code, message string) (poller.Class, string) {
	// Seen under InvalidParameter at ECS (reported): the text is what tells.
	if strings.Contains(message, "SecurityToken.Expired") {
		return poller.Credentials, hintExpired
	}
	for _, r := range rules {
		if in(code, r.family) {
			return r.class, r.hint
		}
	}
	switch {
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return poller.Transient, ""
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return poller.Denied, "Look the code up at https://api.aliyun.com/troubleshoot?product=vod."
	}
	return poller.Rejected, ""
}

func in(code, family string) bool {
	return code == family || strings.HasPrefix(code, family+".")
}

// badAnswer is a 200 that cannot be taken for a page.
func badAnswer(got answer, err error, creds Credentials) *poller.Error {
	said := readRefusal(got.body)
	if code := token(said.code, creds); code != "" {
		err = fmt.Errorf("%w; it carries the error code %s", err, code)
	}
	return &poller.Error{Class: poller.Transient, Code: "BadAnswer", RequestID: token(said.requestID, creds), Err: err}
}
