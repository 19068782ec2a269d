package notifier

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // messages go out, but something is worse than it could be
	Bad  Level = "bad"  // messages will be refused
)

// Finding is one thing that check looked at.
type Finding struct {
	Item   string // what was looked at, such as "token"
	Level  Level
	Detail string
	Hint   string // what a person can do about it, a full sentence; may be ""
}

// Checker is a sink that can be looked at without posting anything.
type Checker interface {
	Check(ctx context.Context) []Finding
}

// Previewer is a sink that can show the exact JSON it would post.
type Previewer interface {
	Body(d Delivery) ([]byte, error)
}

// Check looks at the URL's shape; the network is not used.
func (w *Webhook) Check(context.Context) []Finding {
	findings := []Finding{checkHome("url", w.URL)}
	if w.Secret == "" {
		return append(findings, Finding{Item: "secret", Level: Warn, Detail: "bodies are not signed",
			Hint: "Set a secret (whsec_…) so that the receiver can tell them from forged ones"})
	}
	if key, _ := signingKey(w.Secret); len(key) < 24 { // "between 24 bytes and 64 bytes" (Standard Webhooks, read 2026-11)
		return append(findings, Finding{Item: "secret", Level: Warn, Detail: "is short: " + strconv.Itoa(len(key)) + " bytes",
			Hint: "Use 24 random bytes or more, such as whsec_ and what openssl rand -base64 24 prints"})
	}
	return append(findings, Finding{Item: "secret", Level: OK, Detail: "bodies are signed"})
}

// Check looks at the URL's shape; the network is not used.
func (s *SlackHook) Check(context.Context) []Finding {
	return []Finding{checkHome("url", s.URL, "hooks.slack.com/services/", "hooks.slack-gov.com/services/")}
}

// Check looks at the URL's and the secret's shape; the network is not used.
func (r *Robot) Check(context.Context) []Finding {
	findings := []Finding{checkHome("url", r.URL, r.homes...)}
	switch {
	case r.sign == nil:
	case r.Secret == "":
		findings = append(findings, Finding{Item: "secret", Level: Warn, Detail: "messages are not signed",
			Hint: "Set the secret if the robot's security settings ask for a signature"})
	case !strings.HasPrefix(string(r.Secret), r.secretBegins):
		findings = append(findings, Finding{Item: "secret", Level: Warn, Detail: "does not begin with " + r.secretBegins,
			Hint: "Copy the secret from the robot's security settings once more"})
	default:
		findings = append(findings, Finding{Item: "secret", Level: OK, Detail: "messages are signed"})
	}
	return findings
}

// checkHome names the URL's host and says whether the platform's robots live
// there. Another host may be a relay of the operator's own.
func checkHome(item string, value Secret, homes ...string) Finding {
	if err := checkField(item, value); err != nil {
		return Finding{Item: item, Level: Bad, Detail: err.Error()}
	}
	u, err := url.Parse(string(value))
	if err != nil {
		return Finding{Item: item, Level: Bad, Detail: item + " is not a URL"}
	}
	f := Finding{Item: item, Level: OK, Detail: "goes to " + u.Hostname()}
	for _, home := range homes {
		if strings.HasPrefix(u.Hostname()+u.Path, home) && (u.RawQuery != "" || len(u.Hostname()+u.Path) > len(home)) {
			return f
		}
	}
	if len(homes) > 0 {
		f.Level, f.Hint = Warn, "The platform's own URLs begin with https://"+homes[0]
	}
	return f
}
