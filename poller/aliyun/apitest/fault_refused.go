package apitest

import "refreshwatch/poller"

// Refusals are the errors the API or its gateway answers with. The document of the
// operation names Throttling, OperationDenied, OperationDenied.Suspended and
// InvalidTaskId.Malformed; the others are the gateway's, or those of the siblings
// CDN and DCDN (read 2026-11).
func Refusals() []Fault {
	return []Fault{
		Throttling(),
		Refused(400, "Throttling.User", "Request was denied due to user flow control.", poller.Transient),
		Refused(429, "Throttling.Api", "Request was denied due to api flow control.", poller.Transient),
		Refused(429, "TooManyRequests", "Too many requests.", poller.Transient),
		Refused(503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.", poller.Transient),
		Refused(500, "InternalError", "The request processing has failed due to some unknown error.", poller.Transient),
		Refused(400, "SignatureNonceUsed", "Specified signature nonce was used already.", poller.Transient),

		ExpiredToken(),
		Refused(400, "InvalidParameter", "The parameter is invalid: SecurityToken.Expired", poller.Credentials),

		OperationDenied(),
		Suspended(),
		NoPermission(),
		Refused(403, "NoPermission", "You are not authorized to do this action.", poller.Denied),
		Refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", poller.Denied),
		Refused(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.", poller.Denied),
		Refused(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", poller.Denied),
		Refused(400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatches with the AccessKey.", poller.Denied),
		Refused(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&AccessKeyId%3Dapitest-access-key-id%26Signature%3Dabc", poller.Denied),
		Refused(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", poller.Denied),
		Refused(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.", poller.Denied),

		MalformedTaskID(),
		Refused(400, "MissingStartTime", "StartTime is mandatory for this action.", poller.Rejected),
		Refused(400, "MissingParameter", "StartTime and EndTime can not be single.", poller.Rejected),
		Refused(400, "InvalidTime", "The time range cannot exceed the last 3 days.", poller.Rejected),
		Refused(400, "NeverHeardOf.Before", "A code no document names.", poller.Rejected),
	}
}

// Refused answers with an error of the API's shape.
func Refused(status int, code, message string, class poller.Class) Fault {
	return Fault{Name: code, Class: class, Code: code, refused: &refusal{status, code, message, class}}
}

// Throttling is the operation's own: too many requests of the account.
func Throttling() Fault {
	return Refused(503, "Throttling", "Request was denied due to request throttling.", poller.Transient)
}

func throttlingUser() *refusal {
	return &refusal{400, "Throttling.User", "Request was denied due to user flow control.", poller.Transient}
}

// OperationDenied is the answer to an account without VOD.
func OperationDenied() Fault {
	return Refused(403, "OperationDenied", "Your account does not open VOD service yet.", poller.Denied)
}

// Suspended is the answer to an account that owes money.
func Suspended() Fault {
	return Refused(403, "OperationDenied.Suspended", "Your VOD service is suspended.", poller.Denied)
}

// NoPermission is the answer to a RAM user or role without the action.
func NoPermission() Fault {
	return Refused(403, "Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM.", poller.Denied)
}

// MalformedTaskID is the answer to a TaskId the API cannot read.
func MalformedTaskID() Fault {
	return Refused(400, "InvalidTaskId.Malformed", "The specified TaskId is invalid.", poller.Rejected)
}

// ExpiredToken is the answer to a temporary key past its time.
func ExpiredToken() Fault {
	return Refused(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.", poller.Credentials)
}
