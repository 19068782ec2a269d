package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"net"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// hint says what a person can do about OSS's refusal.
// (help.aliyun.com/en/oss/user-guide/http-403-error-code; 2026-03)
func (b *bucket) hint(op string, se *oss.ServiceError) string {
	switch se.Code {
	case "AccessDenied", "PermanentRedirect":
		// A bucket of another region answers so, and names its endpoint.
		if bytes.Contains(se.Snapshot, []byte("<Endpoint>")) {
			return "the bucket is in another region: correct region= and endpoint= in CHECKPOINT"
		}
		return b.grant(op)
	case "NoSuchBucket":
		return "create bucket " + b.name + ", or correct its name or region in CHECKPOINT"
	case "InvalidAccessKeyId", "InvalidSecurityToken", "SecurityTokenExpired", "AccessKeyIdAndSecurityTokenNotMatch":
		return "the credentials are wrong or expired: on Function Compute give the function a role, elsewhere set fresh ALIBABA_CLOUD_ variables"
	case "SignatureDoesNotMatch", "InvalidArgument":
		return "check the AccessKey secret, and that region= in CHECKPOINT is the bucket's"
	case "RequestTimeTooSkewed":
		return "set this machine's clock"
	case "UserDisable", "InDebt", "InDebtOverdue":
		return "the account is disabled or in debt"
	case "InvalidObjectState":
		return "objects under CHECKPOINT were archived: exempt them from lifecycle rules"
	case "FileImmutable":
		return "the bucket has a retention policy (WORM); use another one"
	}
	return ""
}

// grant names the RAM actions, the missing one first.
func (b *bucket) grant(op string) string {
	objects := fmt.Sprintf("acs:oss:*:*:%s/%s/*", b.name, b.prefix)
	bucket := "acs:oss:*:*:" + b.name
	missing := fmt.Sprintf("grant oss:%s on %s", op, objects)
	if op == "ListObjects" || op == "GetBucketVersioning" {
		missing = fmt.Sprintf("grant oss:%s on %s", op, bucket)
	}
	return missing + " (in all it takes oss:GetObject, oss:PutObject and oss:DeleteObject on the objects, " +
		"oss:ListObjects and oss:GetBucketVersioning on the bucket)"
}

func (b *bucket) networkHint(err error) string {
	if errors.Is(err, errNoCredentials) {
		return "on Function Compute give the function a role; elsewhere set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "check bucket, region= and endpoint= in CHECKPOINT"
	}
	return ""
}
