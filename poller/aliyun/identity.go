package aliyun

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"
)

// Identity is whom a key belongs to.
type Identity struct {
	Account string // the account's id
	ARN     string // of the user, or of the role and its session
}

const identityTimeout = 5 * time.Second

// Identity asks STS once whose key the client uses. It takes no permission
// (GetCallerIdentity, STS 2015-04-01, read 2026-11).
func (c *Client) Identity(ctx context.Context) (Identity, error) {
	ctx, stop := context.WithTimeout(ctx, identityTimeout)
	defer stop()
	key, err := c.keys.Key(ctx)
	if err != nil {
		return Identity{}, err
	}
	got, err := c.call(ctx, c.identity, nil, key)
	if err != nil {
		return Identity{}, outOfTime(ctx, "read the account", err)
	}
	var answer struct{ AccountId, Arn string }
	if json.Unmarshal(got.body, &answer) != nil || answer.AccountId == "" || answer.Arn == "" {
		return Identity{}, unreadable(got, errors.New("there is no account in the answer"), c.identity, c.identity.secrets(key))
	}
	return Identity{Account: answer.AccountId, ARN: answer.Arn}, nil
}

func identityOperation(endpoint *url.URL, keyFrom string) operation {
	return operation{
		scheme: endpoint.Scheme, host: endpoint.Host, version: "2015-04-01", action: "GetCallerIdentity",
		terms: terms(ownKey(keyFrom), []string{
			"{title}", "STS", "{product}", "Sts", "{address}", "STS_ENDPOINT",
			"{who}", "the RAM user or role", "{permission}", "sts:GetCallerIdentity", "{policy}", policy("sts:GetCallerIdentity", "*"),
		}),
	}
}

func stsEndpoint(configured string) (*url.URL, error) {
	return parseEndpoint("STS_ENDPOINT", cmp.Or(configured, STSEndpoint))
}
