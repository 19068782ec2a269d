package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

const (
	roleARN    = "acs:ram::1234567890123456:role/refreshwatch"
	externalID = "external-id-hunter2"
)

// foreign is a server whose tasks only the role may list.
func foreign() apitest.Options {
	o := options()
	o.RoleOnly = true
	o.Roles = []apitest.Role{{ARN: roleARN, ExternalID: externalID}}
	return o
}

func roleClient(t *testing.T, s http.RoundTripper, edit func(*aliyun.Role)) *aliyun.Client {
	t.Helper()
	role := aliyun.Role{ARN: roleARN, ExternalID: externalID}
	if edit != nil {
		edit(&role)
	}
	return newClient(t, aliyun.Config{Transport: s, MaxQPS: 100, Role: role})
}

// actions are the operations of the log, in order.
func actions(s *apitest.Server) string {
	var list []string
	for _, r := range s.Requests() {
		as := ""
		if r.As != "" {
			as = " as role"
		}
		list = append(list, strings.TrimPrefix(r.Action, "DescribeVod")+as)
	}
	return strings.Join(list, ", ")
}

func TestTasksAreListedAsTheRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		s := apitest.New(foreign())
		add(t, s, tasks(now, 2, apitest.Finish(time.Second))...)
		if _, err := client(t, s).List(t.Context(), lastDay(now), 1); err == nil {
			t.Fatal("the own key may list the tasks, so nothing is proven")
		}
		c := roleClient(t, s, nil)
		for range 3 {
			if got, err := c.List(t.Context(), lastDay(now), 1); err != nil || len(got.Tasks) != 2 {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
		if _, err := c.Quota(t.Context()); err != nil {
			t.Errorf("quota: %v", err)
		}
		want := "RefreshTasks, AssumeRole, RefreshTasks as role, RefreshTasks as role, RefreshTasks as role, RefreshQuota as role"
		if got := actions(s); got != want {
			t.Errorf("asked %s\nwant  %s", got, want)
		}
	})
}

// A key is renewed a quarter of an hour before its end, whatever this machine's clock
// says; one of a short session after three quarters.
func TestRoleKeysAreRenewed(t *testing.T) {
	for _, skew := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			o := foreign()
			o.Skew = skew
			s := apitest.New(o)
			c := roleClient(t, s, nil)
			assumed := func() (n int) {
				for _, r := range s.Requests() {
					if r.Action == "AssumeRole" {
						n++
					}
				}
				return n
			}
			for _, step := range []struct {
				wait time.Duration
				want int
			}{{0, 1}, {44 * time.Minute, 1}, {2 * time.Minute, 2}, {44 * time.Minute, 2}, {24 * time.Hour, 3}} {
				time.Sleep(step.wait)
				if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil || assumed() != step.want {
					t.Errorf("skew %v, after %v: %v, role assumed %d times, want %d", skew, step.wait, err, assumed(), step.want)
				}
			}
		})
	}
}

// While the old key is valid, STS may be away; then its failure is the failure.
func TestRenewalMayFailForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New(foreign())
		c := roleClient(t, s, nil)
		list := func() *poller.Error {
			_, err := c.List(t.Context(), lastDay(time.Now()), 1)
			var e *poller.Error
			errors.As(err, &e)
			return e
		}
		if e := list(); e != nil {
			t.Fatal(e)
		}
		s.Fault(apitest.BadGateway().When(func(r apitest.Request) bool { return r.Action == "AssumeRole" }))
		time.Sleep(50 * time.Minute)
		if e := list(); e != nil {
			t.Errorf("ten minutes before the key's end: %v", e)
		}
		time.Sleep(15 * time.Minute)
		if e := list(); e == nil || e.Class != poller.Transient || e.Code != "HTTP502" {
			t.Errorf("after the key's end: %v", e)
		}
		s.Heal()
		if e := list(); e != nil {
			t.Errorf("once STS is back: %v", e)
		}
	})
}

// A key that the API refuses is replaced at once, and one time.
func TestRefusedRoleKeyIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New(foreign())
		c := roleClient(t, s, nil)
		if err := c.Assume(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.RevokeSessions()
		if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil {
			t.Errorf("got %v, want the tasks with another key", err)
		}
		if got, want := actions(s), "AssumeRole, RefreshTasks, AssumeRole, RefreshTasks as role"; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		s.Fault(apitest.ExpiredToken().When(func(r apitest.Request) bool { return r.As != "" }))
		before := len(s.Requests())
		_, err := c.List(t.Context(), lastDay(time.Now()), 1)
		var e *poller.Error
		if !errors.As(err, &e) || e.Class != poller.Credentials || !strings.Contains(e.Hint, roleARN) {
			t.Errorf("a key that is always refused: %v", err)
		}
		if n := len(s.Requests()) - before; n != 3 {
			t.Errorf("%d requests, want one, another key, and one more", n)
		}
	})
}

// Each step that can be refused says what to do, for its own account.
func TestRefusalsOfARole(t *testing.T) {
	for _, row := range []struct {
		name   string
		server func(*apitest.Options)
		role   func(*aliyun.Role)
		fault  *apitest.Fault
		code   string
		hint   string
	}{
		{"wrong external id", nil, func(r *aliyun.Role) { r.ExternalID = "another-hunter2" }, nil, "NoPermission", "sts:AssumeRole"},
		{"no external id", nil, func(r *aliyun.Role) { r.ExternalID = "" }, nil, "NoPermission", "trust policy of " + roleARN},
		{"another's role", func(o *apitest.Options) { o.Roles[0].Caller = "acs:ram::9:role/other" }, nil, nil, "NoPermission", "with the same external id"},
		{"no such role", func(o *apitest.Options) { o.Roles = nil }, nil, nil, "EntityNotExist.Role", "Check WATCH_ROLE_ARN"},
		{"session too long", func(o *apitest.Options) { o.Roles[0].Longest = 10 * time.Minute }, nil, nil, "InvalidParameter.DurationSeconds", "WATCH_ROLE_ARN"},
		{"forbidden", nil, nil, at(apitest.Refused(400, "Forbidden.RAM", "no", poller.Denied), "AssumeRole"), "Forbidden.RAM", "trust policy of " + roleARN},
		{"malformed external id", nil, nil, at(apitest.Refused(400, "InvalidParameter.ExternalId", "no", poller.Denied), "AssumeRole"), "InvalidParameter.ExternalId", "2 to 1224 letters"},
		{"list: the role's key is unknown", nil, nil, at(apitest.Refused(400, "InvalidAccessKeyId.NotFound", "no", poller.Credentials), "DescribeVodRefreshTasks"), "InvalidAccessKeyId.NotFound", "the next run requests another one"},
		{"own key unknown", func(o *apitest.Options) { o.AccessKeyID, o.Secret = "another", "x" }, nil, nil, "InvalidAccessKeyId.NotFound", "ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{"own token expired", func(o *apitest.Options) { o.TokenExpires = time.Unix(1, 0) }, nil, nil, "InvalidSecurityToken.Expired", "ALIBABA_CLOUD_SECURITY_TOKEN"},
		{"list: not permitted", nil, nil, at(apitest.NoPermission(), "DescribeVodRefreshTasks"), "Forbidden.RAM", "Grant the role " + roleARN + " the permission vod:DescribeVodRefreshTasks"},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := foreign()
			if row.server != nil {
				row.server(&o)
			}
			s := apitest.New(o)
			if row.fault != nil {
				s.Fault(*row.fault)
			}
			_, err := roleClient(t, s, row.role).List(t.Context(), lastDay(time.Now()), 1)
			var e *poller.Error
			if !errors.As(err, &e) || e.Code != row.code || !strings.Contains(e.Hint, row.hint) {
				t.Errorf("%s: %v, want %s with a hint about %s", row.name, err, row.code, row.hint)
			}
			if about := (*poller.RoleError)(nil); errors.As(err, &about) == strings.HasPrefix(row.name, "list: ") || about != nil && (about.Role != roleARN || !strings.Contains(err.Error(), "assume the role "+roleARN+": ")) {
				t.Errorf("%s: %v: does it say that it is STS's? %+v", row.name, err, about)
			}
			if strings.Contains(wholeText(err), "hunter2") || strings.ContainsAny(e.Hint, "{}") && !strings.Contains(e.Hint, `{"Version"`) {
				t.Errorf("%s: %s", row.name, wholeText(err))
			}
		})
	}
}

func at(f apitest.Fault, action string) *apitest.Fault {
	f = f.When(func(r apitest.Request) bool { return r.Action == action })
	return &f
}

// Where sessions of an hour are refused, shorter ones are requested, and nothing else is
// asked twice.
func TestShortSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := foreign()
		o.Roles[0].Longest = 30 * time.Minute
		s := apitest.New(o)
		c := roleClient(t, s, nil)
		for range 4 {
			if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(12 * time.Minute)
		}
		if got, want := actions(s), "AssumeRole, AssumeRole, "+strings.Repeat("RefreshTasks as role, AssumeRole, ", 3)+"RefreshTasks as role"; got != want {
			t.Errorf("asked %s\nwant  %s", got, want)
		}
	})
}

func TestCheckExternalID(t *testing.T) {
	for id, want := range map[string]bool{
		"": true, "ab": true, "a1_+=,.@:/-Z": true, strings.Repeat("x", 1224): true,
		"a": false, strings.Repeat("x", 1225): false, "a b": false, "a!b": false, "中文": false, "a#b": false,
	} {
		err := aliyun.CheckExternalID(id)
		if (err == nil) != want || err != nil && len(id) > 3 && strings.Contains(err.Error(), id) {
			t.Errorf("%.20q: %v", id, err)
		}
	}
}

// Many goroutines need the key at the same time: one asks for it.
func TestOneRequestForTheKeyOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := foreign()
		o.Latency = 300 * time.Millisecond
		s := apitest.New(o)
		c := roleClient(t, s, nil)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := strings.Count(actions(s), "AssumeRole"); n != 1 {
			t.Errorf("the role was assumed %d times", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := roleClient(t, s, nil).List(ctx, lastDay(time.Now()), 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("too little time for STS: %v", err)
		}
	})
}

// Every fault in front of STS and behind it: no secret in any error, those of the
// session included, and the API is asked again when STS fails for a passing reason.
func TestNoFaultLeaksARolesKey(t *testing.T) {
	for _, action := range []string{"AssumeRole", "DescribeVodRefreshTasks"} {
		for _, f := range apitest.Faults() {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New(foreign())
				s.Fault(*at(f, action))
				eye := &spy{next: s}
				_, err := roleClient(t, eye, nil).List(t.Context(), lastDay(time.Now()), 1)
				if err == nil {
					return // AssumeRole has fewer fields to damage
				}
				text := wholeText(err)
				eye.check(t, text)
				for _, secret := range append(s.Issued(), externalID, key.Secret, key.Token) {
					if strings.Contains(text, secret) {
						t.Errorf("%s, %s: %q is in %s", action, f.Name, secret, text)
					}
				}
				if ctxErr := errors.Is(err, context.DeadlineExceeded); ctxErr {
					t.Errorf("%s, %s: %v", action, f.Name, err)
				}
			})
		}
	}
}

// An answer that holds a key and cannot be read is not shown, in no spelling.
func TestUnreadableKeysAreNotShown(t *testing.T) {
	for _, body := range []string{
		`{"RequestId":"R-1","Credentials":{"AccessKeyId":"STS.hunter2","AccessKeySecret":"hunter2","SecurityToken":"hunter2"}}`,
		`{"RequestId":"R-1","Credentials":{"AccessKeyId":"STS.hunter2","AccessKeySecret":"hunter2","SecurityToken":"hunter2","Expiration":"2001-01-01T00:00:00Z"}}`,
		`<AssumeRoleResponse><Credentials><AccessKeySecret>hunter2</AccessKeySecret></Credentials></AssumeRoleResponse>`,
		`{"Credentials":["hunter2"]}`, `hunter2`,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := roleClient(t, carrier(func(*http.Request) (*http.Response, error) { return respond(200, body), nil }), nil)
			_, err := c.List(t.Context(), lastDay(time.Now()), 1)
			var e *poller.Error
			if !errors.As(err, &e) || e.Class != poller.Unreadable || strings.Contains(wholeText(err), "hunter2") {
				t.Errorf("%s: %s", body, wholeText(err))
			}
		})
	}
}

// A role that is assumed by another role's session, as a profile may ask for; its key
// is used for anything.
func TestChainOfRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const first = "acs:ram::1111111111111111:role/first"
		o := foreign()
		o.Roles = []apitest.Role{{ARN: first}, {ARN: roleARN, Caller: first, ExternalID: externalID}}
		s := apitest.New(o)
		base, err := aliyun.NewAssumedRole(aliyun.AssumeConfig{
			Role: aliyun.Role{ARN: first, Setting: "profile prod"}, Region: "cn-shanghai", Transport: s,
			Keys: aliyun.KeyFunc(func() aliyun.Credentials { return key }),
		})
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, aliyun.Config{Transport: s, MaxQPS: 100, Keys: base, Role: aliyun.Role{ARN: roleARN, ExternalID: externalID}})
		if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil {
			t.Fatal(err)
		}
		if got, want := actions(s), "AssumeRole, AssumeRole as role, RefreshTasks as role"; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		s.RevokeSessions() // of both
		if _, err := c.List(t.Context(), lastDay(time.Now()), 1); err != nil {
			t.Errorf("after both sessions were revoked: %v", err)
		}
		s.Fault(apitest.BadGateway().Times(2))
		s.RevokeSessions()
		if k, err := base.Key(t.Context()); err != nil || k.Token == "" {
			t.Errorf("a key for others: %v", err)
		}
		if _, err := aliyun.NewAssumedRole(aliyun.AssumeConfig{Role: aliyun.Role{ARN: "hunter2", Setting: "profile prod"}, Region: "cn-shanghai"}); err == nil || !strings.HasPrefix(err.Error(), "profile prod: not the ARN of a RAM role") || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("a bad ARN: %v", err)
		}
	})
}
