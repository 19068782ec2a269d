package bot

import (
	"net/url"
	"regexp"
	"strings"

	"refreshwatch/poller"
)

// refuseSigned refuses a URL that was copied from somebody's script with its
// signature: that expires after an hour.
func refuseSigned(u *url.URL) error {
	query := u.Query()
	if query.Has("sign") || query.Has("timestamp") {
		return &poller.Mistake{Problem: "the URL holds a signature (timestamp and sign), which expires after an hour",
			Next: "Remove &timestamp=… and &sign=… from it, and set the bot's secret instead"}
	}
	return nil
}

// refuseConnector refuses the URLs of Office 365 connectors: they have been off since
// May 2026.
func refuseConnector(u *url.URL) error {
	host := strings.ToLower(u.Hostname())
	if strings.HasSuffix(host, ".webhook.office.com") || host == "outlook.office.com" {
		return &poller.Mistake{Problem: "this URL belongs to the retired Office 365 connectors",
			Next: `Create a flow from the template "Post to a channel when a webhook request is received" and set its URL`}
	}
	return nil
}

// discordPath is a webhook's path, with or without the API's version.
var discordPath = regexp.MustCompile(`^/api/(v[0-9]+/)?webhooks/[0-9]+/[A-Za-z0-9_-]+/?$`)

func checkDiscord(u *url.URL) error {
	host := strings.ToLower(u.Hostname())
	own := host == "discord.com" || host == "discordapp.com" || strings.HasSuffix(host, ".discord.com")
	switch {
	case strings.HasSuffix(u.Path, "/slack"), strings.HasSuffix(u.Path, "/github"):
		return &poller.Mistake{Problem: "the URL ends in another service's format", Next: "Remove what follows the token: /slack or /github"}
	case own && !discordPath.MatchString(u.Path):
		return &poller.Mistake{Problem: "the URL is not that of a webhook, or lacks its token",
			Next: "Copy the whole URL again; it begins with https://discord.com/api/webhooks/…"}
	}
	return nil
}
