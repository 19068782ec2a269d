package setup

import (
	"context"
	"strings"
	"sync/atomic"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
)

// Keyring holds the credentials of the invocation under way. They change from one
// to the next; clients ask for them at every request.
type Keyring struct {
	key  atomic.Pointer[Key]
	role *aliyun.AssumedRole // that the key assumes, as a profile says; nil for none
}

// Use replaces the key.
func (k *Keyring) Use(key Key) { k.key.Store(&key) }

// newKeyring begins with the configured key, and assumes what its profile says. The
// mistakes are those of the profile's roles.
func newKeyring(c Config) (*Keyring, error) {
	k := &Keyring{}
	k.Use(c.Key)
	for _, role := range c.Profile.Roles {
		assumed, err := aliyun.NewAssumedRole(aliyun.AssumeConfig{
			Role: role, Keys: k.source(), KeyFrom: c.Profile.from(), Region: c.Region, UserAgent: watch.UserAgent(),
		})
		if err != nil {
			return k, err
		}
		k.role = assumed
	}
	return k, nil
}

func (k *Keyring) source() aliyun.KeySource {
	if k.role != nil {
		return k.role
	}
	return aliyun.KeyFunc(func() aliyun.Credentials {
		key := *k.key.Load()
		return aliyun.Credentials{AccessKeyID: key.ID, Secret: string(key.Secret), Token: string(key.Token)}
	})
}

// origin is whose tasks are watched: the account where the role or Function Compute
// names it, else a long-lived key. A temporary key tells nothing, the next one differs.
func (w *Program) origin() watch.Origin {
	key := *w.Keys.key.Load()
	o := watch.Origin{Product: w.Config.Product.Name, Account: w.Config.Role.Account()}
	if strings.Contains(w.Config.Product.Host, "REGION") {
		o.Region = w.Config.Region
	}
	if roles := w.Config.Profile.Roles; o.Account == "" && len(roles) > 0 {
		o.Account = roles[len(roles)-1].Account()
	}
	if o.Account == "" {
		o.Account = key.Account
	}
	if o.Account == "" && key.Token == "" {
		o.KeyID = key.ID
	}
	return o
}

// isEmpty reports whether there is no key to begin with.
func (k *Keyring) isEmpty() bool {
	key := k.key.Load()
	return key.ID == "" || key.Secret == ""
}

// oss is the key for the checkpoint: the program's own, also where the tasks are
// listed as a role of another account.
func (k *Keyring) oss(ctx context.Context) (id, secret, token string, err error) {
	if k.isEmpty() {
		return "", "", "", errNoKey
	}
	key, err := k.source().Key(ctx)
	return key.AccessKeyID, key.Secret, key.Token, err
}

var errNoKey = &poller.Mistake{Setting: "credentials", Problem: "there are none",
	Next: "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or ALIBABA_CLOUD_PROFILE; on Function Compute give the function a role"}
