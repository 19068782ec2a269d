package aliyun

import (
	"fmt"
	"net/url"
	"strings"

	"refreshwatch/poller"
)

// operation is one action of an RPC API, and what a person reads when it is refused.
type operation struct {
	scheme, host    string
	version, action string
	rules           []rule            // beside the common ones
	terms           *strings.Replacer // what stands in braces in a hint
}

func (op operation) advice(hint string) string { return op.terms.Replace(hint) }

// list is the operation that lists a product's tasks, and quota the one that tells
// what is left of a day.
func (p Product) list(endpoint *url.URL) operation {
	return p.operation(endpoint, p.Action, p.Permission())
}

func (p Product) operation(endpoint *url.URL, action, permission string) operation {
	address := p.EndpointVariable()
	if strings.Contains(p.Host, "REGION") {
		address += " or VOD_REGION"
	}
	return operation{
		scheme: endpoint.Scheme, host: endpoint.Host, version: p.Version, action: action,
		terms: strings.NewReplacer(append(ownKey(),
			"{title}", p.Title, "{product}", p.Name, "{address}", address,
			"{who}", "the RAM user or role", "{permission}", permission, "{policy}", policy(permission, "*"),
		)...),
	}
}

// ownKey names the settings of the program's own access key.
func ownKey() []string {
	return []string{"{id}", "ALIBABA_CLOUD_ACCESS_KEY_ID", "{secret}", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "{token}", "ALIBABA_CLOUD_SECURITY_TOKEN"}
}

// policy is a RAM policy that grants one action.
func policy(permission, resource string) string {
	return fmt.Sprintf(`{"Version":"1","Statement":[{"Effect":"Allow","Action":%q,"Resource":%q}]}`, permission, resource)
}

// parseEndpoint takes an address that the settings' reader has checked; setting is
// the variable it came from. The value is never repeated: it may hold a password.
func parseEndpoint(setting, address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, &poller.Mistake{Setting: setting, Problem: "not an address", Next: "Write https:// and the host"}
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, &poller.Mistake{Setting: setting, Problem: "more than an address", Next: "Write https:// and the host, without user, path or query"}
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, &poller.Mistake{Setting: setting, Problem: "not an https address", Next: "Begin it with https://"}
	}
	return u, nil
}
