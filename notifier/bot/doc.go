// Package bot sends messages to the bots of chat platforms: DingTalk, Feishu (Lark)
// and WeCom.
//
// A platform is a row of the table in platforms.go: its card, its signature, what
// its answers mean, its limits. What all of them share is here: a card that is too
// large shrinks, one that is refused for its layout is sent once more as plain text,
// and the rate is kept.
//
// Its one invariant: a code in the body decides whether a message was accepted; the
// HTTP status does so nowhere, for the platforms answer 200 to nearly everything.
//
// Start reading at platforms.go, then [Sink.Send], cards.go and codes.go.
package bot
