package setup

import (
	"context"
	"fmt"
	"strings"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
)

// What check says of who asks, and whom: people have several accounts, keys and regions.

func (w *Program) checkCredentials(offline bool) watch.Finding {
	key := *w.Keys.key.Load()
	switch {
	case w.Keys.isEmpty() && w.Config.Profile.Problem != nil:
		return failed("credentials", w.Config.Profile.Problem)
	case w.Keys.isEmpty() && offline:
		return finding("credentials", sink.OK, "none on this machine; on Function Compute the role brings them", "")
	case w.Keys.isEmpty():
		return finding("credentials", sink.Bad, errNoKey.Problem, errNoKey.Next)
	case key.Account != "":
		return finding("credentials", sink.OK, fmt.Sprintf("a temporary key of account %s, from %s", poller.Printable(key.Account), key.From), "")
	case key.Token != "":
		return finding("credentials", sink.OK, fmt.Sprintf("a temporary key, ID %s, from %s", ending(key.ID), key.From), "")
	}
	return finding("credentials", sink.OK, fmt.Sprintf("a long-lived key, ID %s, from %s", ending(key.ID), key.From), "")
}

// ending is how people tell their keys apart: the last four characters of the id, as the
// console shows them.
func ending(id string) string {
	const shown, shortest = 4, 12 // of a shorter one they would be too much
	if len(id) < shortest {
		return "(not shown)"
	}
	return "…" + poller.Printable(id[len(id)-shown:])
}

func (w *Program) checkProduct() watch.Finding {
	product := w.Config.Product
	if !strings.Contains(product.Host, "REGION") {
		return finding("product", sink.OK, fmt.Sprintf("%s, at %s", product.Title, w.Config.Endpoint), "")
	}
	return finding("product", sink.OK, fmt.Sprintf("%s in %s, at %s", product.Title, w.Config.Region, w.Config.Endpoint), "")
}

// checkAccount names the account and the user or role, where no setting does. Beside
// an API on this machine, which plain http stands for, the real STS has no say.
func (w *Program) checkAccount(ctx context.Context) []watch.Finding {
	named := w.Config.Role.ARN != "" || len(w.Config.Profile.Roles) > 0
	if sts := w.Config.Role.Endpoint; named || sts == aliyun.STSEndpoint && strings.HasPrefix(w.Config.Endpoint, "http://") {
		return nil
	}
	who, err := w.API.Identity(ctx)
	if err != nil {
		f := failed("account", err)
		f.Level = sink.Warn
		return []watch.Finding{f}
	}
	return []watch.Finding{finding("account", sink.OK, fmt.Sprintf("%s, used by %s", poller.Printable(who.Account), poller.Printable(who.ARN)), "")}
}

// checkRoles assumes what the profile and WATCH_ROLE_ARN name, each on its own, so that
// a refusal is not taken for the API's.
func (w *Program) checkRoles(ctx context.Context) []watch.Finding {
	var findings []watch.Finding
	if w.Keys.role != nil {
		roles := w.Config.Profile.Roles
		_, err := w.Keys.role.Key(ctx)
		findings = append(findings, assumed("role of the profile", roles[len(roles)-1], err))
	}
	if role := w.Config.Role; role.ARN != "" && (len(findings) == 0 || findings[0].Level == sink.OK) {
		findings = append(findings, assumed("role", role, w.API.Assume(ctx)))
	}
	return findings
}

func assumed(item string, role aliyun.Role, err error) watch.Finding {
	if err != nil {
		return failed(item, err)
	}
	return finding(item, sink.OK, fmt.Sprintf("%s is assumed, in account %s", role.ARN, role.Account()), "")
}
