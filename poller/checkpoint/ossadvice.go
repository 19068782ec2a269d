package checkpoint

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

const nextCredentials = "On Function Compute give the function a role; elsewhere set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"

// advice is what a person can do about OSS's refusal.
// (help.aliyun.com/en/oss/user-guide/http-403-error-code; 2026-03)
func (b *bucket) advice(ctx context.Context, op, name string, se *oss.ServiceError) string {
	switch se.Code {
	case "AccessDenied", "PermanentRedirect":
		// A bucket of another region answers so, and names its endpoint.
		if bytes.Contains(se.Snapshot, []byte("<Endpoint>")) {
			return "The bucket is in another region: correct region= and endpoint= in CHECKPOINT"
		}
		if op == "GetObject" {
			return b.adviceOnReading(ctx, name)
		}
		return b.grant(op)
	case "NoSuchBucket":
		return "Create bucket " + b.name + ", or correct its name or region in CHECKPOINT"
	case "InvalidAccessKeyId", "InvalidSecurityToken", "SecurityTokenExpired", "AccessKeyIdAndSecurityTokenNotMatch":
		return "The credentials are wrong or expired: on Function Compute give the function a role, elsewhere set fresh ALIBABA_CLOUD_ variables"
	case "SignatureDoesNotMatch", "InvalidArgument":
		return "Check the AccessKey secret, and that region= in CHECKPOINT is the bucket's"
	case "RequestTimeTooSkewed":
		return "Set this machine's clock"
	case "UserDisable", "InDebt", "InDebtOverdue":
		return "The account is disabled or in debt"
	case "InvalidObjectState":
		return "Objects under CHECKPOINT were archived: exempt them from lifecycle rules"
	case "FileImmutable":
		return "The bucket has a retention policy (WORM); use another one"
	}
	return ""
}

// grant names the RAM actions, the missing one first.
func (b *bucket) grant(op string) string {
	objects := fmt.Sprintf("acs:oss:*:*:%s/%s/*", b.name, b.prefix)
	bucket := "acs:oss:*:*:" + b.name
	missing := fmt.Sprintf("Grant oss:%s on %s", op, objects)
	if op == "ListObjects" || op == "GetBucketVersioning" {
		missing = fmt.Sprintf("Grant oss:%s on %s", op, bucket)
	}
	return missing + " (in all it takes oss:GetObject, oss:PutObject and oss:DeleteObject on the objects, " +
		"oss:ListObjects and oss:GetBucketVersioning on the bucket)"
}

// adviceOnReading distinguishes the two reasons of a 403: the permission to read is
// missing, or the object is, and without an unconditional oss:ListObjects OSS does not
// say so by a 404 (as S3 does; not documented for OSS, 2026-11). What can be listed
// and read decides. Only the advice depends on it: a refusal is never taken for
// absence.
func (b *bucket) adviceOnReading(ctx context.Context, name string) string {
	unconditional := "oss:ListObjects on acs:oss:*:*:" + b.name + " without a condition: " +
		"the object does not exist, and without this permission OSS does not say so (404) but refuses (403)"
	listing, err := b.list(ctx)
	if err != nil || slices.ContainsFunc(listing.Entries, func(e Entry) bool { return e.Name == name }) {
		return b.grant("GetObject")
	}
	if len(listing.Entries) == 0 {
		return b.grant("GetObject") + ". If they are granted, grant " + unconditional
	}
	if !b.reads(ctx, listing.Entries[0].Name) {
		return b.grant("GetObject")
	}
	return "Grant " + unconditional
}

func (b *bucket) reads(ctx context.Context, name string) bool {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	_, err := b.client.HeadObject(ctx, &oss.HeadObjectRequest{Bucket: &b.name, Key: b.key(name)})
	return err == nil
}
