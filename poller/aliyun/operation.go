package aliyun

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"refreshwatch/poller"
)

// operation is one action of an RPC API, and what a person reads when it is refused.
type operation struct {
	scheme, host    string
	version, action string
	rules           []rule            // before the common ones
	terms           *strings.Replacer // what stands in braces in a hint
	hidden          secrets           // beside the key's
	holdsKey        bool              // an answer may hold a key, so no text shows any of it
}

func (op operation) secrets(key Credentials) secrets {
	return append(secretsOf(key), op.hidden...)
}

func (op operation) advice(hint string) string { return op.terms.Replace(hint) }

// operation is one action of a product, called with the program's own key or as a role.
func (p Product) operation(endpoint *url.URL, action, permission, keyFrom string, as Role) operation {
	address := p.EndpointVariable()
	if strings.Contains(p.Host, "REGION") {
		address += " or VOD_REGION"
	}
	who, rules := "the RAM user or role", []rule(nil)
	if as.ARN != "" {
		who, rules = "the role "+as.ARN, roleRules[:]
	}
	return operation{
		scheme: endpoint.Scheme, host: endpoint.Host, version: p.Version, action: action, rules: rules, hidden: secrets{as.ExternalID},
		terms: terms(ownKey(keyFrom), []string{
			"{title}", p.Title, "{product}", p.Name, "{address}", address,
			"{who}", who, "{permission}", permission, "{policy}", policy(permission, "*"),
		}),
	}
}

// roleRules replace the advice on keys, which nobody has set.
var roleRules = [...]rule{
	{"InvalidSecurityToken", poller.Credentials, hintRoleKey},
	{"InvalidAccessKeyId", poller.Credentials, hintRoleKey},
}

const hintRoleKey = "The API refuses the temporary key of {who}; the next run requests another one."

func terms(lists ...[]string) *strings.Replacer {
	return strings.NewReplacer(slices.Concat(lists...)...)
}

// ownKey says what to check about the program's own access key: where it came from, or
// the variables if that is "".
func ownKey(from string) []string {
	if from == "" {
		return []string{"{id}", "ALIBABA_CLOUD_ACCESS_KEY_ID", "{secret}", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "{token}", "ALIBABA_CLOUD_SECURITY_TOKEN"}
	}
	return []string{"{id}", from, "{secret}", from, "{token}", from}
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
