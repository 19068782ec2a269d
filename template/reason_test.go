package template

import (
	"strings"
	"testing"
)

// TestTroubleNamesWhoCanFixIt: an error code of the API, or of ours, is sorted by what a
// person can do about it; one that nobody knows by nothing.
func TestTroubleNamesWhoCanFixIt(t *testing.T) {
	for kind, codes := range map[string]string{
		"throttled":  "Throttling Throttling.User TooManyRequests",
		"token":      "InvalidSecurityToken.Expired",
		"key":        "InvalidAccessKeyId.NotFound SignatureDoesNotMatch NoCredentials",
		"permission": "Forbidden.RAM NoPermission",
		"closed":     "OperationDenied OperationDenied.Suspended",
		"clock":      "InvalidTimeStamp.Expired",
		"network":    "Transport BadAnswer",
		"service":    "ServiceUnavailable InternalError",
		"":           "NeverHeardOf",
	} {
		for code := range strings.FieldsSeq(codes) {
			if got := troubleOf(code); got != kind {
				t.Errorf("%s: %q, want %q", code, got, kind)
			}
		}
	}
}
