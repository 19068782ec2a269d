package template

import (
	"strings"

	"refreshwatch/poller"
)

// cause is why a row failed, as far as its status and description say.
type cause struct {
	kind   string // one of those below
	detail string // the origin's status, or the unknown description
}

// Kinds of causes; the words have advice for each.
const (
	noReason       = "none"
	internalError  = "internal-error"
	originTimeout  = "origin-timeout"
	originAnswered = "origin-status"
	notCarriedOut  = "not-carried-out" // status Timeout
	otherReason    = "other"
)

// causeOf is the cause of a failed row.
func causeOf(t poller.Task) cause {
	c := parseReason(t.Description)
	if t.Status == poller.Timeout && c.kind == noReason {
		c.kind = notCarriedOut
	}
	return c
}

// parseReason reads a description. VOD says "Origin Timeout" where DCDN says
// "OriginTimeout" (DescribeVodRefreshTasks, DescribeDcdnRefreshTasks, read 2026-11).
func parseReason(description string) cause {
	if len(description) > 64 { // longer than any the API documents
		return cause{kind: otherReason, detail: description}
	}
	bare := strings.ToLower(strings.Join(strings.Fields(description), ""))
	bare = strings.TrimSuffix(bare, ".")
	switch bare {
	case "":
		return cause{kind: noReason}
	case "internalerror":
		return cause{kind: internalError}
	case "origintimeout":
		return cause{kind: originTimeout}
	}
	status, found := strings.CutPrefix(bare, "originreturnstatuscode")
	if found && len(status) == 3 && '1' <= status[0] && status[0] <= '5' {
		return cause{kind: originAnswered, detail: strings.ToUpper(status)}
	}
	return cause{kind: otherReason, detail: description}
}

// troubleOf sorts the API's error codes by who can fix them; "" for those that say
// nothing by themselves (codes of VOD and its siblings, read 2026-11).
func troubleOf(code string) string {
	kinds := []struct{ prefix, kind string }{
		{"Throttling", "throttled"},
		{"TooManyRequests", "throttled"},
		{"InvalidSecurityToken", "token"},
		{"InvalidAccessKeyId", "key"},
		{"SignatureDoesNotMatch", "key"},
		{"Forbidden", "permission"},
		{"NoPermission", "permission"},
		{"EntityNotExist.Role", "no-role"},
		{"OperationDenied", "closed"},
		{"InvalidTimeStamp", "clock"},
		{"NoCredentials", "key"}, // ours
		{"Transport", "network"}, // ours
		{"BadAnswer", "network"}, // ours
		{"ServiceUnavailable", "service"},
		{"InternalError", "service"},
	}
	for _, k := range kinds {
		if strings.HasPrefix(code, k.prefix) {
			return k.kind
		}
	}
	return ""
}

// Reason is one spelling for all descriptions of the same cause of a failure; "" for a
// description that says nothing.
func Reason(description string) string {
	c := parseReason(description)
	switch c.kind {
	case internalError:
		return "Internal Error"
	case originTimeout:
		return "Origin Timeout"
	case originAnswered:
		return "Origin Return StatusCode " + c.detail
	}
	return strings.TrimSpace(c.detail)
}
