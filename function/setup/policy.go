package setup

import (
	"encoding/json"
	"net/url"
	"strings"
)

// Policies are the least permission policies that the configured product and checkpoint
// take, as RAM reads them.
type Policies struct {
	Own     string // of the function's role, or of the user on a laptop
	Watched string // of the role in WATCH_ROLE_ARN; "" without it
}

type statement struct {
	Effect    string `json:"Effect"`
	Action    any    `json:"Action"`
	Resource  string `json:"Resource"`
	Condition any    `json:"Condition,omitempty"`
}

// LeastPolicies reads PRODUCT, CHECKPOINT and WATCH_ROLE_ARN. Without a checkpoint on
// OSS the bucket is called my-bucket.
func LeastPolicies(getenv func(string) string) (Policies, error) {
	r := newReader(getenv)
	product := r.product()
	role := r.text("WATCH_ROLE_ARN", word)
	checkpoint := r.text("CHECKPOINT", name)
	if err := r.err(); err != nil {
		return Policies{}, err
	}
	list := statement{Effect: "Allow", Action: []string{product.Permission(), product.QuotaPermission()}, Resource: "*"}
	var p Policies
	own := []statement{list}
	if role != "" {
		own = []statement{{Effect: "Allow", Action: "sts:AssumeRole", Resource: role}}
		p.Watched = policyText([]statement{list})
	}
	if !strings.HasPrefix(checkpoint, "file:") {
		own = append(own, bucketStatements(checkpoint)...)
	}
	p.Own = policyText(own)
	return p, nil
}

// bucketStatements are what keeping a checkpoint under a prefix takes.
func bucketStatements(checkpoint string) []statement {
	bucket, prefix := "my-bucket", "refreshwatch"
	if u, err := url.Parse(checkpoint); err == nil && u.Scheme == "oss" && u.Host != "" {
		bucket, prefix = u.Host, strings.Trim(u.Path, "/")
	}
	folder := strings.TrimPrefix(prefix+"/*", "/")
	return []statement{
		{Effect: "Allow", Action: []string{"oss:GetObject", "oss:PutObject", "oss:DeleteObject"}, Resource: "acs:oss:*:*:" + bucket + "/" + folder},
		{Effect: "Allow", Action: "oss:ListObjects", Resource: "acs:oss:*:*:" + bucket, Condition: map[string]any{"StringLike": map[string]string{"oss:Prefix": folder}}},
		{Effect: "Allow", Action: "oss:GetBucketVersioning", Resource: "acs:oss:*:*:" + bucket},
	}
}

func policyText(statements []statement) string {
	text, _ := json.MarshalIndent(map[string]any{"Version": "1", "Statement": statements}, "", "  ") // strings only
	return string(text)
}
