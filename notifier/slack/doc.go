// Package slack sends messages to Slack: with a bot token ([Sink], chat.postMessage)
// or through an incoming webhook ([Webhook]).
//
// Both post the same card: a title, and the details under it in an attachment, for
// its colour bar is the only one Slack has. Only the bot can look a message up whose
// outcome is unknown; an incoming webhook has no history to ask.
//
// Its one invariant: what Slack refuses for its layout is sent once more as plain
// text, so that no message is lost to a layout that Slack does not take.
//
// Start reading at [Sink.Send], then card.go for the layout, transport.go and
// codes.go for Slack's answers, lookup.go for the history.
package slack
