package setup

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
)

// What is right in form, and probably not what was meant. Nothing here is refused: a
// region may be younger than this list, and a name may be anybody's.

// regions are those that the SDK's endpoints name (alibaba-cloud-sdk-go v1.63.107, sdk/endpoints
// and services/*/endpoint.go).
var regions = []string{
	"cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu", "cn-hangzhou", "cn-shanghai",
	"cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu", "cn-hongkong",
	"ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"us-east-1", "us-west-1", "eu-west-1", "eu-central-1", "me-east-1", "me-central-1",
}

// likelyRegion is the region that was probably meant by one that is none; "" when it is
// one, or like none. A number nobody knows may be a new region's.
func likelyRegion(text string) string {
	likely := ""
	for _, r := range regions {
		switch {
		case r == text, strings.TrimRight(r, digits) == strings.TrimRight(text, digits) && strings.HasSuffix(strings.TrimRight(r, digits), "-"):
			return ""
		case likely == "" && watch.Distance(text, r) <= 2:
			likely = r
		}
	}
	return likely
}

const digits = "0123456789"

// exampleBuckets are names in documents: a bucket's name is unique in the world, so that
// nobody else has them.
var exampleBuckets = []string{"my-bucket", "your-bucket", "mybucket", "yourbucket", "examplebucket", "example-bucket", "bucket-name", "your-bucket-name", "my-bucket-name"}

// endpointRegion finds the region in the host of an OSS endpoint, internal ones included.
var endpointRegion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^oss-([a-z]{2}-[a-z0-9-]+?)(-internal)?\.aliyuncs\.com$`)
})

func (w *Program) checkPlaces() (findings []watch.Finding) {
	unknown := func(item, region string) {
		if likely := likelyRegion(region); likely != "" {
			findings = append(findings, finding(item, sink.Warn, "there is no region "+region, "Did you mean "+likely+"?"))
		}
	}
	if strings.Contains(w.Config.Product.Host, "REGION") {
		unknown("VOD_REGION", w.Config.Region)
	}
	u, err := url.Parse(w.Config.Checkpoint)
	if err != nil || u.Scheme != "oss" {
		return findings
	}
	region := u.Query().Get("region")
	unknown("CHECKPOINT", region)
	if endpoint, err := url.Parse(u.Query().Get("endpoint")); err == nil {
		if m := endpointRegion().FindStringSubmatch(endpoint.Hostname()); m != nil && m[1] != region {
			findings = append(findings, finding("CHECKPOINT", sink.Warn, fmt.Sprintf("its region is %s, and its endpoint is in %s", region, m[1]), "Write the region of the bucket in both"))
		}
	}
	if slices.Contains(exampleBuckets, u.Host) {
		findings = append(findings, finding("CHECKPOINT", sink.Warn, "names the bucket of an example, "+u.Host, "Write the name of your bucket"))
	}
	return findings
}
