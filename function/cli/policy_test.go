package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func policyWith(t *testing.T, env map[string]string) (any, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := Run(t.Context(), []string{"help", "policy"}, Shell{Out: &out, Err: &errOut, Getenv: func(name string) string { return env[name] }})
	var policy any
	if err := json.Unmarshal(out.Bytes(), &policy); err != nil || code != 0 {
		t.Fatalf("exit code %d: %v\n%s%s", code, err, &out, &errOut)
	}
	return policy, out.String() + errOut.String()
}

// The policy that help prints is the one in the document.
func TestHelpPolicyIsTheDocuments(t *testing.T) {
	var documented any
	for _, block := range readReadme(t, operating).blocks(t, "json") {
		if strings.Contains(block, "oss:GetObject") {
			if err := json.Unmarshal([]byte(block), &documented); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, _ := policyWith(t, map[string]string{"CHECKPOINT": "oss://my-bucket/refreshwatch?region=cn-shanghai"})
	if d := cmp.Diff(documented, got); d != "" {
		t.Error(d)
	}
}

// It names what is configured, and no more than that.
func TestHelpPolicyFollowsTheSettings(t *testing.T) {
	for _, c := range []struct {
		env        map[string]string
		has, hasnt []string
	}{
		{map[string]string{}, []string{"vod:DescribeVodRefreshTasks", "my-bucket", "stands for the bucket"}, []string{"sts:"}},
		{map[string]string{"PRODUCT": "dcdn", "CHECKPOINT": "oss://state/a/b/?region=cn-shanghai"},
			[]string{`"dcdn:DescribeDcdnRefreshTasks"`, `"acs:oss:*:*:state/a/b/*"`, `"oss:Prefix": "a/b/*"`}, []string{"vod:", "my-bucket"}},
		{map[string]string{"CHECKPOINT": "oss://state?region=cn-shanghai"}, []string{`"acs:oss:*:*:state/*"`, `"oss:Prefix": "*"`}, nil},
		{map[string]string{"CHECKPOINT": "file:///var/lib/x"}, []string{"vod:DescribeVodRefreshTasks"}, []string{"oss:"}},
		{map[string]string{"PRODUCT": "cdn", "WATCH_ROLE_ARN": "acs:ram::1234567890123456:role/watch"},
			[]string{`"sts:AssumeRole"`, "acs:ram::1234567890123456:role/watch", "must trust the role above", "cdn:DescribeRefreshTasks"}, nil},
	} {
		_, text := policyWith(t, c.env)
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%v: no %s in\n%s", c.env, want, text)
			}
		}
		for _, not := range c.hasnt {
			if strings.Contains(text, not) {
				t.Errorf("%v: %s in\n%s", c.env, not, text)
			}
		}
	}
}
