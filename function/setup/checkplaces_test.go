package setup

import (
	"strings"
	"testing"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun"
)

func TestLikelyRegion(t *testing.T) {
	for text, want := range map[string]string{
		"cn-hangzhouu": "cn-hangzhou", "cn-shanghia": "cn-shanghai", "ap-southest-1": "ap-southeast-1", "cn-bejing": "cn-beijing",
		"cn-shanghai": "", "ap-southeast-9": "", "us-east-2": "", "xx-nowhere-1": "", "cn-shanghai-finance-1": "", "eu-central-12": "",
	} {
		if got := likelyRegion(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestCheckDoubtsPlaces(t *testing.T) {
	vod, _ := aliyun.ProductNamed("vod")
	cdn, _ := aliyun.ProductNamed("cdn")
	for _, tt := range []struct {
		product            aliyun.Product
		region, checkpoint string
		want               string // parts of the findings, in order
	}{
		{vod, "cn-hangzhouu", "file:///var/lib/x", "cn-hangzhou?"},
		{cdn, "cn-hangzhouu", "file:///var/lib/x", ""},
		{vod, "cn-shanghai", "oss://b/p?region=cn-shanghai&endpoint=https://oss-cn-hangzhou-internal.aliyuncs.com", "its endpoint is in cn-hangzhou"},
		{vod, "cn-shanghai", "oss://b/p?region=cn-shanghai&endpoint=https://oss-cn-hangzhou.aliyuncs.com", "its endpoint is in cn-hangzhou"},
		{vod, "cn-shanghai", "oss://b/p?region=cn-shanghai&endpoint=https://oss-cn-shanghai-internal.aliyuncs.com", ""},
		{vod, "cn-shanghai", "oss://b/p?region=cn-shanghai&endpoint=https://oss-accelerate.aliyuncs.com", ""},
		{vod, "cn-shanghai", "oss://b/p?region=cn-shanghai&endpoint=http://127.0.0.1:9000", ""},
		{vod, "cn-shanghai", "oss://my-bucket/p?region=cn-shangai", "cn-shanghai?|of an example, my-bucket"},
	} {
		w := &Program{Config: Config{Product: tt.product, Region: tt.region, Checkpoint: tt.checkpoint}}
		var got []string
		for _, f := range w.checkPlaces() {
			got = append(got, f.Detail+" "+f.Hint)
			if f.Level != sink.Warn {
				t.Errorf("%+v", f)
			}
		}
		want := strings.FieldsFunc(tt.want, func(r rune) bool { return r == '|' })
		if len(got) != len(want) {
			t.Errorf("%s %s: %v", tt.region, tt.checkpoint, got)
			continue
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s %s: %v, want %s", tt.region, tt.checkpoint, got, want[i])
			}
		}
	}
}

// On Function Compute the role brings the key: that this machine has none is no mistake
// of the configuration. Half a key is one.
func TestCheckOfflineWithoutKey(t *testing.T) {
	none := map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "", "HOME": t.TempDir()}
	r := checked(t, watch.Request{Offline: true}, none)
	if got := item(r, "credentials"); got.Level != sink.OK || !strings.Contains(got.Detail, "Function Compute") {
		t.Errorf("%+v", got)
	}
	if r, err := check(t, watch.Request{}, none); err == nil || item(r, "credentials").Level != sink.Bad {
		t.Errorf("online: %v, %+v", err, r.Checks)
	}
	if r, err := check(t, watch.Request{Offline: true}, map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET": ""}); err == nil || item(r, "credentials").Level != sink.Bad {
		t.Errorf("half a key: %v, %+v", err, r.Checks)
	}
}
