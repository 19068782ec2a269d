package fctest

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// Options is what a deployment sets, and what the platform adds to it. The zero
// value is a small function that works.
type Options struct {
	Timeout     time.Duration // from hand-over to SIGKILL; default 10s. The header says it in whole seconds, rounded up
	MemoryMB    int           // passed to the process, not enforced; default 128
	Name        string        // default "refreshwatch"
	Region      string        // default "cn-shanghai"
	AccountID   string        // default "1234567890123456"
	Credentials Credentials   // of the function's role; default a made-up set
}

// Credentials are the temporary keys of the function's role.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
}

// Invocation is one event and what may differ from one to the next.
type Invocation struct {
	Event       []byte
	RetryCount  int
	Credentials *Credentials // nil: the instance's

	// Header replaces headers of the hand-over; a nil value leaves one out.
	Header http.Header
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.MemoryMB == 0 {
		o.MemoryMB = 128
	}
	if o.Name == "" {
		o.Name = "refreshwatch"
	}
	if o.Region == "" {
		o.Region = "cn-shanghai"
	}
	if o.AccountID == "" {
		o.AccountID = "1234567890123456"
	}
	if o.Credentials == (Credentials{}) {
		o.Credentials = Credentials{"STS.fctest-id", "fctest-secret", "fctest-token"}
	}
	return o
}

// environ is the whole environment of the process: the platform's variables
// (Function Compute, "Environment variables", read 2026-11), then the deployment's.
//
// The keys are stale on purpose. Those of an instance age while the invocation's
// own stay fresh, so a function that reads its keys here must be caught.
func (o Options) environ(api, dir, handler, instance string, env []string) []string {
	return append([]string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"FC_RUNTIME_API=" + api,
		"FC_FUNC_CODE_PATH=" + dir,
		"FC_ACCOUNT_ID=" + o.AccountID,
		"FC_FUNCTION_HANDLER=" + handler,
		"FC_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(o.MemoryMB),
		"FC_FUNCTION_NAME=" + o.Name,
		"FC_REGION=" + o.Region,
		"FC_INSTANCE_ID=" + instance,
		"FC_FUNCTION_VERSION=LATEST",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=STS.stale-id",
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=stale-secret",
		"ALIBABA_CLOUD_SECURITY_TOKEN=stale-token",
	}, env...)
}

// header is what comes with one event.
func (o Options) header(inv Invocation, requestID, handler string, deadline time.Time) http.Header {
	cred := o.Credentials
	if inv.Credentials != nil {
		cred = *inv.Credentials
	}
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Type":           "application/octet-stream",
		"X-Fc-Request-Id":        requestID,
		"X-Fc-Function-Deadline": strconv.FormatInt(deadline.UnixMilli(), 10),
		"X-Fc-Function-Timeout":  strconv.Itoa(int(math.Ceil(o.Timeout.Seconds()))),
		"X-Fc-Function-Type":     "0", // handle an event; 1 to 3 are life-cycle hooks
		"X-Fc-Function-Name":     o.Name,
		"X-Fc-Function-Handler":  handler,
		"X-Fc-Function-Memory":   strconv.Itoa(o.MemoryMB),
		"X-Fc-Access-Key-Id":     cred.AccessKeyID,
		"X-Fc-Access-Key-Secret": cred.AccessKeySecret,
		"X-Fc-Security-Token":    cred.SecurityToken,
		"X-Fc-Region":            o.Region,
		"X-Fc-Account-Id":        o.AccountID,
		"X-Fc-Qualifier":         "LATEST",
		"X-Fc-Version-Id":        "LATEST",
		"X-Fc-Retry-Count":       strconv.Itoa(inv.RetryCount),
		"X-Fc-Service-Name":      "",
	} {
		h.Set(name, value)
	}
	for name, values := range inv.Header {
		if values == nil {
			h.Del(name)
			continue
		}
		h[http.CanonicalHeaderKey(name)] = values
	}
	return h
}
