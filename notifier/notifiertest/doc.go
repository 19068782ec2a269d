// Package notifiertest is one receiver for all sinks, over loopback: a Slack
// workspace with history and metadata, a Slack incoming webhook, a Standard
// Webhooks endpoint, and the bots of DingTalk, Feishu and WeCom.
//
// It behaves like the platforms: signatures and tokens are verified, bodies are
// held to the published limits, and what is refused is refused in the platform's
// own words. A test scripts [Fault]s on top of that and reads afterwards what
// arrived, and how often.
//
// Start reading at [Receiver], then fault.go. Limits and error codes carry their
// source beside them; the vendors' documents were read 2026-11.
package notifiertest
