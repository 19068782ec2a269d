package aliyun_test

import (
	"math"
	"strings"
	"testing"

	"refreshwatch/poller/aliyun"
)

func TestNewNamesEachMistake(t *testing.T) {
	keys := aliyun.KeyFunc(func() aliyun.Credentials { return key })
	for _, row := range []struct {
		config aliyun.Config
		want   string // "" for none
	}{
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4}, ""},
		{aliyun.Config{Region: "ap-southeast-1", MaxQPS: 0.5, Endpoint: "https://vod.example.com:8443/"}, ""},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "http://127.0.0.1:8080"}, ""},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "http://[::1]:8080"}, ""},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "http://localhost"}, ""},
		{aliyun.Config{MaxQPS: 4}, "VOD_REGION"},
		{aliyun.Config{Region: "cn/../shanghai", MaxQPS: 4}, "VOD_REGION"},
		{aliyun.Config{Region: "cn-shanghai"}, "VOD_MAX_QPS"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: -1}, "VOD_MAX_QPS"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 0.001}, "VOD_MAX_QPS"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: math.NaN()}, "VOD_MAX_QPS"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "https://user:hunter2@vod.example.com"}, "VOD_ENDPOINT"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "https://vod.example.com/path"}, "VOD_ENDPOINT"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "vod.example.com"}, "VOD_ENDPOINT"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "ftp://vod.example.com"}, "VOD_ENDPOINT"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Endpoint: "https://\x7fhunter2"}, "VOD_ENDPOINT"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Product: product("cdn"), Endpoint: "https://user:hunter2@cdn.example.com"}, "CDN_ENDPOINT"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: -4, Product: product("dcdn")}, "DCDN_MAX_QPS"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Role: aliyun.Role{ARN: "acs:ram::1234567890123456:role/refresh.watch"}}, ""},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Role: aliyun.Role{ARN: "acs:ram::1234567890123456:user/ann"}}, "WATCH_ROLE_ARN"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Role: aliyun.Role{ARN: "acs:ram::hunter2:role/x"}}, "WATCH_ROLE_ARN"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Role: aliyun.Role{ARN: "refreshwatch", Setting: "ALIBABA_CLOUD_PROFILE"}}, "ALIBABA_CLOUD_PROFILE"},
		{aliyun.Config{Region: "cn-shanghai", MaxQPS: 4, Role: aliyun.Role{ARN: "acs:ram::1:role/x", Endpoint: "sts"}}, "STS_ENDPOINT"},
		{aliyun.Config{Region: "", MaxQPS: -1, Endpoint: "https://"}, "VOD_ENDPOINT VOD_REGION VOD_MAX_QPS"},
	} {
		row.config.Keys = keys
		_, err := aliyun.New(row.config)
		checkMistake(t, row.config, err, row.want)
	}
}

func product(name string) aliyun.Product {
	p, ok := aliyun.ProductNamed(name)
	if !ok {
		panic(name)
	}
	return p
}

func checkMistake(t *testing.T, c aliyun.Config, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("%q %q %v: %v", c.Region, c.Endpoint, c.MaxQPS, err)
		}
		return
	}
	if err == nil {
		t.Errorf("%q %q %v: accepted, want an error naming %s", c.Region, c.Endpoint, c.MaxQPS, want)
		return
	}
	for name := range strings.FieldsSeq(want) {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q %q %v: %v does not name %s", c.Region, c.Endpoint, c.MaxQPS, err, name)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v repeats a password", err)
	}
}
