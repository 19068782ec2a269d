package aliyun

import "context"

// Credentials sign the requests. Token is empty for a user's long-lived key.
type Credentials struct {
	AccessKeyID string
	Secret      string
	Token       string
}

// KeySource is where the key of a request comes from. It may be used from several
// goroutines.
type KeySource interface {
	// Key is called before each request: on Function Compute every invocation
	// brings a new one. Its error is a [*poller.Error], or wraps that of ctx.
	Key(ctx context.Context) (Credentials, error)
	// Refused is called when the API does not accept a key that Key returned, and
	// reports whether the next one may be another.
	Refused(Credentials) bool
}

// KeyFunc is a KeySource that keeps nothing.
type KeyFunc func() Credentials

// Key calls f.
func (f KeyFunc) Key(context.Context) (Credentials, error) { return f(), nil }

// Refused is always false.
func (f KeyFunc) Refused(Credentials) bool { return false }
