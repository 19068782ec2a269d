package apitest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Alibaba's own example of RPC signature 1.0 (DescribeRegions, testid, testsecret).
func TestSignatureCheckValue(t *testing.T) {
	form := url.Values{}
	for name, value := range map[string]string{
		"Timestamp": "2016-02-23T12:46:24Z", "Format": "XML", "AccessKeyId": "testid", "Action": "DescribeRegions",
		"SignatureMethod": "HMAC-SHA1", "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
		"Version": "2014-05-26", "SignatureVersion": "1.0", "Signature": "ignored",
	} {
		form.Set(name, value)
	}
	if got, want := sign(stringToSign("GET", form), "testsecret"), "OLeaidS1JvxuMvnyHOwuJ+uX5qY="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// signed is a request as a correct client sends it, changed by edit before and
// by spoil after it was signed.
func signed(now time.Time, edit, spoil func(url.Values)) *http.Request {
	form := url.Values{}
	for name, value := range map[string]string{
		"Action": "DescribeVodRefreshTasks", "Version": "2017-03-21", "Format": "JSON", "AccessKeyId": AccessKeyID,
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": fmt.Sprint(rand.Uint64()),
		"Timestamp": now.UTC().Format(timeLayout),
		"StartTime": now.UTC().Add(-time.Hour).Format(timeLayout), "EndTime": now.UTC().Format(timeLayout),
	} {
		form.Set(name, value)
	}
	if edit != nil {
		edit(form)
	}
	form.Set("Signature", sign(stringToSign("POST", form), Secret))
	if spoil != nil {
		spoil(form)
	}
	return httptest.NewRequest("POST", "/?"+form.Encode(), nil)
}

// send returns the status and the fields of the answer.
func send(t *testing.T, s *Server, r *http.Request) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	fields := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &fields); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, fields
}

func set(name, value string) func(url.Values) {
	return func(form url.Values) { form.Set(name, value) }
}

func unset(names ...string) func(url.Values) {
	return func(form url.Values) {
		for _, name := range names {
			form.Del(name)
		}
	}
}

func TestRules(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(timeLayout) }
	for _, c := range []struct {
		name        string
		edit, spoil func(url.Values)
		strict      bool
		status      int
		code        string // "" for a page
	}{
		{name: "good", status: 200},
		{name: "strict and good", strict: true, status: 200},
		{name: "defaults", edit: unset("StartTime", "EndTime"), strict: true, status: 200},
		{name: "no action", edit: unset("Action"), status: 400, code: "MissingAction"},
		{name: "another action", edit: set("Action", "DescribeScdnRefreshTasks"), status: 404, code: "InvalidAction.NotFound"},
		{name: "another product's action", edit: set("Action", "DescribeRefreshTasks"), status: 400, code: "InvalidVersion"},
		{name: "no such role", edit: func(f url.Values) {
			f.Set("Action", "AssumeRole")
			f.Set("Version", "2015-04-01")
			f.Set("RoleArn", "acs:ram::1:role/nobody")
		}, status: 404, code: "EntityNotExist.Role"},
		{name: "another version", edit: set("Version", "2014-05-26"), status: 400, code: "InvalidVersion"},
		{name: "XML by default", edit: unset("Format"), status: 400, code: "InvalidFormat"},
		{name: "no key", edit: unset("AccessKeyId"), status: 400, code: "MissingAccessKeyId"},
		{name: "unknown key", edit: set("AccessKeyId", "x"), status: 404, code: "InvalidAccessKeyId.NotFound"},
		{name: "no nonce", edit: unset("SignatureNonce"), status: 400, code: "MissingSignatureNonce"},
		{name: "old", edit: set("Timestamp", at(-15*time.Minute-time.Second)), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "early", edit: set("Timestamp", at(15*time.Minute+time.Second)), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "just in time", edit: set("Timestamp", at(-15*time.Minute)), status: 200},
		{name: "no time", edit: unset("Timestamp"), status: 400, code: "InvalidTimeStamp.Format"},
		{name: "changed on the way", spoil: set("PageNumber", "2"), status: 400, code: "SignatureDoesNotMatch"},
		{name: "unsigned", spoil: unset("Signature"), status: 400, code: "SignatureDoesNotMatch"},
		{name: "a token nobody issued", edit: set("SecurityToken", "x"), status: 400, code: "InvalidSecurityToken.Malformed"},

		{name: "page size 51", edit: set("PageSize", "51"), status: 400, code: "InvalidPageSize"},
		{name: "page size 0", edit: set("PageSize", "0"), status: 400, code: "InvalidPageSize"},
		{name: "page size a word", edit: set("PageSize", "all"), status: 400, code: "InvalidPageSize"},
		{name: "page 0", edit: set("PageNumber", "0"), status: 400, code: "InvalidPageNumber"},
		{name: "pending", edit: set("Status", "Pending"), status: 400, code: "InvalidStatus.ValueNotSupported"},
		{name: "small letters", edit: set("Status", "complete"), status: 400, code: "InvalidStatus.ValueNotSupported"},
		{name: "a type nobody knows", edit: set("ObjectType", "movie"), status: 400, code: "InvalidObjectType.ValueNotSupported"},
		{name: "two ids", edit: set("TaskId", "1,2"), status: 400, code: "InvalidTaskId.Malformed"},
		{name: "end before start", edit: set("EndTime", at(-2*time.Hour)), status: 400, code: "InvalidEndTime.Mismatch"},
		{name: "end at start", edit: set("EndTime", at(-time.Hour)), status: 400, code: "InvalidEndTime.Mismatch"},
		{name: "start no time", edit: set("StartTime", "yesterday"), status: 400, code: "InvalidStartTime.Malformed"},
		{name: "end with an offset", edit: set("EndTime", "2026-11-23T12:00:00+08:00"), status: 400, code: "InvalidEndTime.Malformed"},

		{name: "status alone", edit: set("Status", "Complete"), status: 200},
		{name: "strict, status alone", edit: set("Status", "Complete"), strict: true, status: 400, code: "MissingParameter.ObjectType"},
		{name: "strict, domain alone", edit: set("DomainName", "a.example.com"), strict: true, status: 400, code: "MissingParameter.ObjectType"},
		{name: "no end", edit: unset("EndTime"), status: 200},
		{name: "strict, no end", edit: unset("EndTime"), strict: true, status: 400, code: "MissingParameter"},
		{name: "strict, no start", edit: unset("StartTime"), strict: true, status: 400, code: "MissingParameter"},
		{name: "four days", edit: set("StartTime", at(-96*time.Hour)), status: 200},
		{name: "strict, just too long", edit: set("StartTime", at(-72*time.Hour-time.Second)), strict: true, status: 400, code: "InvalidTime"},
	} {
		s := New(Options{Now: func() time.Time { return now }, Strict: c.strict})
		status, fields := send(t, s, signed(now, c.edit, c.spoil))
		code, _ := fields["Code"].(string)
		if status != c.status || code != c.code || fields["RequestId"] == "" {
			t.Errorf("%s: got %d %v, want %d %s", c.name, status, fields, c.status, c.code)
		}
		if c.code != "" && (fields["HostId"] == nil || fields["Message"] == nil || fields["Recommend"] == nil) {
			t.Errorf("%s: %v lacks a field of an error", c.name, fields)
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%s: %d requests in the log", c.name, n)
		}
	}
}

func TestNonceCannotBeReplayed(t *testing.T) {
	s := New(Options{})
	once := set("SignatureNonce", "once")
	if status, fields := send(t, s, signed(time.Now(), once, nil)); status != 200 {
		t.Fatal(fields)
	}
	if status, fields := send(t, s, signed(time.Now(), once, nil)); status != 400 || fields["Code"] != "SignatureNonceUsed" {
		t.Errorf("got %d %v", status, fields)
	}
}

func TestFormParametersCountLikeQueryParameters(t *testing.T) {
	r := signed(time.Now(), nil, nil)
	post := httptest.NewRequest("POST", "/", strings.NewReader(r.URL.RawQuery))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, fields := send(t, New(Options{}), post); status != 200 || fields["PageSize"] != 20.0 {
		t.Errorf("got %d %v, want a page of 20", status, fields)
	}
}
