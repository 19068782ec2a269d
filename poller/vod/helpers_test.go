package vod_test

import (
	"strings"
	"testing"

	"refreshwatch/poller/vod"
)

func checkMistake(t *testing.T, c vod.Config, err error, want string) {
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
