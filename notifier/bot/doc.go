// Package bot sends messages to the bots of chat platforms: DingTalk, Feishu (Lark),
// WeCom, Microsoft Teams (Workflows) and Discord.
//
// A platform is a row of the table in platforms.go: its card, its signature, what
// its answers mean, its limits. What all of them share is here: a card that is too
// large, or refused for its layout, is sent as plain text, and the rate is kept.
//
// Its one invariant: a message counts as accepted only when the platform's answer says
// so in its own form, or in one of the usual forms of relays ([sink.Accepted]). Most
// platforms answer HTTP 200 to nearly everything and say in a code what happened; only
// a Teams flow says it by its status.
//
// Start reading at platforms.go, then [Sink.Send], cards.go, answers.go and codes.go.
package bot
