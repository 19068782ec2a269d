package setup

import (
	"slices"
	"strings"

	"refreshwatch/notifier/bot"
	"refreshwatch/notifier/sink"
	"refreshwatch/notifier/slack"
	"refreshwatch/notifier/webhook"
)

// Kinds is the one table of sink kinds, in the contract's order.
func Kinds() []sink.Kind {
	return append([]sink.Kind{slack.Bot(), slack.IncomingWebhook(), webhook.Kind()}, bot.Kinds()...)
}

// kindOf is the row of that type, in any case; nil when there is none.
func kindOf(name string) *sink.Kind {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k sink.Kind) bool { return strings.EqualFold(k.Type, name) })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}
