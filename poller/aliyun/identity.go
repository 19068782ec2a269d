package aliyun

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Identity is whom a key belongs to.
type Identity struct {
	Account string // the account's id
	ARN     string // of the user, or of the role and its session
}

const identityTimeout = 5 * time.Second

// IdentityOf asks STS once whose key it is; c.Role only says at which address. It takes
// no permission (GetCallerIdentity, STS 2015-04-01, read 2026-11).
func IdentityOf(ctx context.Context, c AssumeConfig) (Identity, error) {
	endpoint, err := parseEndpoint("STS_ENDPOINT", cmp.Or(c.Role.Endpoint, STSEndpoint))
	if err != nil {
		return Identity{}, err
	}
	ctx, stop := context.WithTimeout(ctx, identityTimeout)
	defer stop()
	key, err := c.Keys.Key(ctx)
	if err != nil {
		return Identity{}, err
	}
	op := operation{
		scheme: endpoint.Scheme, host: endpoint.Host, version: "2015-04-01", action: "GetCallerIdentity",
		terms: terms(ownKey(c.KeyFrom), []string{
			"{title}", "STS", "{product}", "Sts", "{address}", "STS_ENDPOINT",
			"{who}", "the RAM user or role", "{permission}", "sts:GetCallerIdentity", "{policy}", policy("sts:GetCallerIdentity", "*"),
		}),
	}
	caller := newCaller(c.Region, c.UserAgent, stsQPS, c.Transport)
	defer caller.close()
	got, err := caller.call(ctx, op, nil, key)
	if err != nil {
		return Identity{}, outOfTime(ctx, "read the account", err)
	}
	var answer struct{ AccountId, Arn string }
	if json.Unmarshal(got.body, &answer) != nil || answer.AccountId == "" || answer.Arn == "" {
		return Identity{}, unreadable(got, errors.New("there is no account in the answer"), op, op.secrets(key))
	}
	return Identity{Account: answer.AccountId, ARN: answer.Arn}, nil
}
