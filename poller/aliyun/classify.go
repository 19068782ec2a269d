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
	hint   string // an operation's terms fill in what stands in braces
}

// rules are tried in order. The page of DescribeVodRefreshTasks names Throttling,
// OperationDenied, OperationDenied.Suspended and InvalidTaskId.Malformed; the
// others are the gateway's, or those of CDN and DCDN (read 2026-11). Throttling
// comes as 503, 429 and 400: the code counts, not the status.
var rules = [...]rule{
	{"Throttling", poller.Transient, ""},
	{"TooManyRequests", poller.Transient, ""},
	{"ServiceUnavailable", poller.Transient, ""},
	{"InternalError", poller.Transient, ""},
	// Something on the way repeated a request. Each attempt has a nonce of its own.
	{"SignatureNonceUsed", poller.Transient, ""},

	{"InvalidSecurityToken.Expired", poller.Credentials, hintExpired},
	{"InvalidSecurityToken", poller.Denied, "Check {token}: it is malformed or belongs to another access key."},
	{"MissingSecurityToken", poller.Denied, "Set {token}: this access key is a temporary one and needs its token."},
	{"InvalidAccessKeyId.Inactive", poller.Denied, "Enable the access key in the RAM console, or set another in {id}."},
	{"InvalidAccessKeyId", poller.Denied, "Check {id}: the API does not know this access key."},
	{"SignatureDoesNotMatch", poller.Denied, "Check {secret}: it does not belong to the access key."},
	{"IncompleteSignature", poller.Denied, "Check {secret}: it does not belong to the access key."},
	{"InvalidTimeStamp", poller.Denied, hintClock},
	{"IllegalTimestamp", poller.Denied, hintClock},
	{"Forbidden", poller.Denied, hintPermission},
	{"NoPermission", poller.Denied, hintPermission},
	{"OperationDenied.Suspended", poller.Denied, "Pay the account's overdue bill: {title} is suspended."},
	{"OperationDenied", poller.Denied, "Activate {title} for this account in its console."},
}

const (
	hintExpired    = "The security token has expired: on Function Compute the next invocation brings a new one, elsewhere renew {token}."
	hintClock      = "Set this machine's clock: it is off by more than 15 minutes."
	hintPermission = "Grant {who} the permission {permission} with the policy {policy}."
	hintLookUp     = "Look the code up at https://api.aliyun.com/troubleshoot?product={product}."
	hintUnknown    = "Check that {address} and HTTPS_PROXY lead to the API. If they do, its answers have changed: update refreshwatch, or report this message."
)

func noCredentials() *poller.Error {
	return &poller.Error{
		Class: poller.Denied, Code: "NoCredentials", Err: errors.New("the access key is missing"),
		Hint: "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; on Function Compute give the function a role.",
	}
}

// classify reads an answer that is not a 200.
func classify(got answer, op operation, s secrets) *poller.Error {
	said := readRefusal(got.body)
	e := &poller.Error{Code: s.identifier(said.code), RequestID: s.identifier(said.requestID)}
	switch {
	case got.status >= 300 && got.status < 400:
		e.Class, e.Code = poller.Denied, "Redirect"
		e.Err = fmt.Errorf("the answer is a redirect (HTTP %d), which is never followed", got.status)
		e.Hint = op.advice("Check {address} and HTTPS_PROXY: what answers there is not the API.")
	case e.Code == "" || got.status < 300:
		return unexplained(got, fmt.Errorf("the answer is HTTP %d and not the API's own", got.status), op, s)
	default:
		e.Class, e.Hint = op.judge(got.status, e.Code, said.message)
		e.Err = s.message(said.message)
	}
	return e
}

// unreadable classifies a 200 that decode refused for err.
func unreadable(got answer, err error, op operation, s secrets) *poller.Error {
	said := readRefusal(got.body)
	code := s.identifier(said.code)
	if r, known := op.rule(code); known {
		return &poller.Error{
			Class: r.class, Code: code, RequestID: s.identifier(said.requestID),
			Err: s.message(said.message), Hint: op.advice(r.hint),
		}
	}
	if errors.Is(err, errIncomplete) {
		return &poller.Error{Class: poller.Transient, Code: "BadAnswer", Err: err}
	}
	return unexplained(got, err, op, s)
}

// unexplained is an answer without an error code. A busy or broken server, or a
// load balancer before it, answers otherwise in a later run. Whatever else it is, a
// proxy's page, a portal, a changed API, nobody has decided that it passes: a person
// has to see how the answer begins.
func unexplained(got answer, err error, op operation, s secrets) *poller.Error {
	e := &poller.Error{Class: poller.Transient, Code: "HTTP" + strconv.Itoa(got.status), RequestID: s.identifier(readRefusal(got.body).requestID), Err: err}
	if got.status < 300 {
		e.Code = "BadAnswer"
	}
	switch {
	case got.status == http.StatusProxyAuthRequired:
		e.Class, e.Hint = poller.Denied, "Check HTTPS_PROXY: the proxy requires a login."
	case got.status >= 500, got.status == http.StatusTooManyRequests, got.status == http.StatusRequestTimeout:
	case got.status < 300 && len(got.body) == 0:
		e.Err = errors.New("the answer is empty")
	default:
		if got.status < 300 {
			e.Code = "UnknownAnswer"
		}
		e.Class, e.Hint = poller.Unreadable, op.advice(hintUnknown)
		e.Err = err
		if !op.holdsKey {
			e.Err = fmt.Errorf("%w; it begins: %s", err, s.excerpt(got.body))
		}
	}
	return e
}

// refusal is the body of an answer that is not 200.
type refusal struct {
	code, message, requestID string
}

// readRefusal takes the fields that are strings; others count as missing. A body
// that is no JSON object, such as a proxy's HTML, is no refusal of the API.
func readRefusal(body []byte) refusal {
	var raw struct{ Code, Message, RequestID json.RawMessage }
	if json.Unmarshal(body, &raw) != nil {
		return refusal{}
	}
	read := func(raw json.RawMessage) (s string) {
		_ = json.Unmarshal(raw, &s)
		return s
	}
	return refusal{code: read(raw.Code), message: read(raw.Message), requestID: read(raw.RequestID)}
}

// judge classifies a code. An unknown one is judged by the status: 5xx and 429
// pass, 401 and 403 need a person, other 4xx refuse the query itself.
func (op operation) judge(status int, code, message string) (poller.Class, string) {
	// ECS was seen to answer so under InvalidParameter (reported): only the message
	// shows an expired token.
	if strings.Contains(message, "SecurityToken.Expired") {
		return poller.Credentials, op.advice(hintExpired)
	}
	if r, known := op.rule(code); known {
		return r.class, op.advice(r.hint)
	}
	switch {
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return poller.Transient, ""
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return poller.Denied, op.advice(hintLookUp)
	}
	return poller.Rejected, op.advice(hintLookUp)
}

// rule is the first that knows the code; an operation's own come first.
func (op operation) rule(code string) (rule, bool) {
	for _, list := range [][]rule{op.rules, rules[:]} {
		for _, r := range list {
			if in(code, r.family) {
				return r, true
			}
		}
	}
	return rule{}, false
}

func in(code, family string) bool {
	return code == family || strings.HasPrefix(code, family+".")
}
