package aliyun

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"refreshwatch/poller"
)

// Role is a RAM role that a key may assume, in its own account or in another one.
type Role struct {
	ARN        string // acs:ram::<account>:role/<name>; "" for none
	ExternalID string // what the role's trust policy asks for; may be empty
	Setting    string // what named the role: "WATCH_ROLE_ARN", or a profile
	Endpoint   string // of STS; "" for [STSEndpoint]; http:// for loopback only
}

// Account is the id of the account that the role belongs to, "" for none.
func (r Role) Account() string {
	account, _, _ := strings.Cut(strings.TrimPrefix(r.ARN, "acs:ram::"), ":")
	if strings.Trim(account, "0123456789") != "" {
		return ""
	}
	return account
}

// AssumedRole is a role's temporary key: requested by the first use, kept until
// shortly before its end, requested anew when the API refuses it. (AssumeRole, STS
// 2015-04-01; help.aliyun.com/zh/ram, read 2026-11)
type AssumedRole struct {
	caller *caller
	alone  bool // the caller serves nobody else: retries are up to this type
	base   KeySource
	op     operation
	params map[string]string

	turn chan struct{} // holds one token: whoever has it may look at the rest
	key  Credentials
	// By this machine's wall clock, which also counts while an instance is frozen.
	renew, end time.Time
}

const (
	// AssumeRole gives 15 minutes to the role's own maximum, which is an hour at least.
	// A cap on chained sessions is documented nowhere: where an hour is refused, the
	// shortest session is requested.
	sessionSeconds  = "3600"
	shortestSeconds = "900"
	// renewBefore is when a key is replaced, so that none ends during a run.
	renewBefore = 15 * time.Minute

	// STSEndpoint is STS's public address.
	STSEndpoint = "https://sts.aliyuncs.com"
	stsQPS      = 10 // the account may send 100 (AssumeRole, read 2026-11)
)

// AssumeConfig is what a role is assumed with.
type AssumeConfig struct {
	Role      Role
	Keys      KeySource // whose key asks
	KeyFrom   string    // as in Config
	Region    string
	UserAgent string
	Transport http.RoundTripper // as in Config
}

// NewAssumedRole makes the key of a role; nothing is sent yet. Its errors are
// [*poller.Mistake].
func NewAssumedRole(c AssumeConfig) (*AssumedRole, error) {
	a, err := assume(newCaller(c.Region, c.UserAgent, stsQPS, c.Transport), c.Role, c.Keys, c.KeyFrom)
	if err != nil {
		return nil, err
	}
	a.alone = true
	return a, nil
}

func assume(c *caller, role Role, keys KeySource, keyFrom string) (*AssumedRole, error) {
	setting := cmp.Or(role.Setting, "WATCH_ROLE_ARN")
	if err := poller.At(setting, CheckRoleARN(role.ARN)); err != nil {
		return nil, err
	}
	endpoint, err := stsEndpoint(role.Endpoint)
	if err != nil {
		return nil, err
	}
	a := &AssumedRole{
		caller: c, base: keys, turn: make(chan struct{}, 1),
		op: operation{
			scheme: endpoint.Scheme, host: endpoint.Host, version: "2015-04-01", action: "AssumeRole",
			rules: assumeRules[:], hidden: secrets{role.ExternalID}, holdsKey: true,
			terms: terms(ownKey(keyFrom), []string{
				"{title}", "STS", "{product}", "Sts", "{address}", "STS_ENDPOINT", "{setting}", setting, "{role}", role.ARN,
				"{who}", "the RAM user or role", "{permission}", "sts:AssumeRole", "{policy}", policy("sts:AssumeRole", role.ARN),
			}),
		},
		params: map[string]string{"RoleArn": role.ARN, "RoleSessionName": "refreshwatch", "DurationSeconds": sessionSeconds},
	}
	if role.ExternalID != "" {
		a.params["ExternalId"] = role.ExternalID
	}
	a.turn <- struct{}{}
	return a, nil
}

// assumeRules are the refusals of AssumeRole (help.aliyun.com/zh/ram, read 2026-11).
// Whether the permission is missing or the role does not trust the caller, STS does
// not say.
var assumeRules = [...]rule{
	{"NoPermission", poller.Denied, hintAssume},
	{"Forbidden", poller.Denied, hintAssume},
	{"EntityNotExist", poller.Denied, "Check {setting}: the role {role} does not exist."},
	{"InvalidParameter.ExternalId", poller.Denied, "Check the external id: 2 to 1224 letters, digits and characters of _+=,.@:/-."},
	{"InvalidParameter", poller.Denied, "Check {setting}: STS does not accept it."},
}

const hintAssume = "Grant {who} the permission sts:AssumeRole with the policy {policy}, and name its account or role, with the same external id, in the trust policy of {role}."

// CheckRoleARN judges the ARN of a role. Its error is a [*poller.Mistake] without a
// setting.
func CheckRoleARN(arn string) error {
	account, name, ok := strings.Cut(strings.TrimPrefix(arn, "acs:ram::"), ":role/")
	if !ok || !strings.HasPrefix(arn, "acs:ram::") || account == "" || name == "" || strings.Trim(account, "0123456789") != "" ||
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != "" {
		return &poller.Mistake{Problem: "not the ARN of a RAM role", Next: "Write it like acs:ram::1234567890123456:role/refreshwatch"}
	}
	return nil
}

// CheckExternalID judges an external ID, which may be a secret (AssumeRole, STS
// 2015-04-01, read 2026-11). Its error is a [*poller.Mistake] without a setting.
func CheckExternalID(id string) error {
	if id != "" && (len(id) < 2 || len(id) > 1224 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@:/-") != "") {
		return &poller.Mistake{Problem: "not an external ID", Next: "Write 2 to 1224 letters, digits and characters of _+=,.@:/-"}
	}
	return nil
}

// Key is the role's key of the moment. A renewal that fails for a passing reason does
// no harm while the old key is valid.
func (a *AssumedRole) Key(ctx context.Context) (Credentials, error) {
	select {
	case <-a.turn:
	case <-ctx.Done():
		return Credentials{}, outOfTime(ctx, assuming, errNoTime)
	}
	defer func() { a.turn <- struct{}{} }()
	now := time.Now().Round(0)
	if now.Before(a.renew) {
		return a.key, nil
	}
	attempt := func() error { return a.request(ctx) }
	var err error
	if valid := now.Before(a.end); a.alone && !valid {
		err = a.caller.retry(ctx, attempt)
	} else if err = attempt(); valid && !needsPerson(err) {
		err = nil
	}
	if err != nil {
		return Credentials{}, outOfTime(ctx, assuming, a.failed(err))
	}
	return a.key, nil
}

// failed says of an error that it is STS's, and about which role.
func (a *AssumedRole) failed(err error) error {
	var e *poller.Error
	var known *poller.RoleError
	if !errors.As(err, &e) || errors.As(err, &known) {
		return err
	}
	about := *e
	about.Err = &poller.RoleError{Role: a.params["RoleArn"], Err: e.Err}
	return &about
}

const assuming = "assume the role"

func needsPerson(err error) bool {
	var e *poller.Error
	return errors.As(err, &e) && e.Class != poller.Transient
}

// Refused drops the key, unless another one has replaced it already.
func (a *AssumedRole) Refused(key Credentials) bool {
	<-a.turn
	defer func() { a.turn <- struct{}{} }()
	if a.key == key {
		a.key, a.renew, a.end = Credentials{}, time.Time{}, time.Time{}
	}
	return true
}

// request asks STS once; whoever needs the key repeats it.
func (a *AssumedRole) request(ctx context.Context) error {
	base, err := a.base.Key(ctx)
	if err != nil {
		return err
	}
	got, err := a.caller.call(ctx, a.op, a.params, base)
	if isTooLong(err) && a.params["DurationSeconds"] != shortestSeconds {
		a.params["DurationSeconds"] = shortestSeconds
		got, err = a.caller.call(ctx, a.op, a.params, base)
	}
	if refusesKey(err) && a.base.Refused(base) {
		if base, err = a.base.Key(ctx); err == nil {
			got, err = a.caller.call(ctx, a.op, a.params, base)
		}
	}
	if err != nil {
		return err
	}
	key, life, err := readKey(got)
	if err != nil {
		return unreadable(got, err, a.op, a.op.secrets(base))
	}
	now := time.Now().Round(0)
	a.key, a.renew, a.end = key, now.Add(life-min(renewBefore, life/4)), now.Add(life)
	return nil
}

func isTooLong(err error) bool {
	var e *poller.Error
	return errors.As(err, &e) && e.Code == "InvalidParameter.DurationSeconds"
}

// readKey reads the answer of AssumeRole. The key's life counts from the moment of
// the answer by STS's clock, not by ours.
func readKey(got answer) (key Credentials, life time.Duration, err error) {
	var a struct {
		Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken, Expiration string }
	}
	if json.Unmarshal(got.body, &a) != nil {
		return Credentials{}, 0, errors.New("the answer is not JSON of a known shape")
	}
	c := a.Credentials
	end, timeErr := time.Parse(time.RFC3339, c.Expiration)
	asked := got.serverTime
	if asked.IsZero() {
		asked = got.at
	}
	switch {
	case c.AccessKeyID == "" || c.AccessKeySecret == "" || c.SecurityToken == "":
		return Credentials{}, 0, errors.New("the key is incomplete")
	case timeErr != nil || !end.After(asked):
		return Credentials{}, 0, errors.New("the key's Expiration is not a time to come")
	}
	return Credentials{AccessKeyID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken}, end.Sub(asked), nil
}
