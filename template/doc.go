// Package template words messages: events in, text leaves out.
//
// The words live in *.tmpl files, embedded and overridable by file name. A
// template makes text leaves only; the structure around them (blocks, cards, JSON)
// is built in Go, so that no task data and no template can break it.
//
// Its one invariant: whatever the task fields hold, the result is valid for its
// platform, within its limits, and mentions nobody the operator did not name.
//
// Start reading at [Message] and [Card], then template.go, render.go and view.go.
//
// # Overrides
//
// A file in TEMPLATE_DIR overrides those templates of the embedded file of the same
// name that it defines; the others stay:
//
//	words.en.tmpl words.zh.tmpl   the phrases of a language
//	card.tmpl                     what all cards share
//	slack.tmpl dingtalk.tmpl feishu.tmpl wecom.tmpl teams.tmpl discord.tmpl plain.tmpl
//	                              one platform's own
//
// Later ones in this list win. The syntax is that of Go's text/template, without
// method calls. An empty {{define "field-took"}}{{end}} removes a field; a helper
// of one's own is named "my-…". Line breaks and runs of spaces in the output become
// one space, so templates may be laid out freely.
//
// A card asks for these, with this dot and this many bytes at most:
//
//	title         view    250   what happened, in a line; the console's URL is not counted
//	push          view    300   the same without markup, and the cause: push notifications
//	text          view  1,000   the same, and what to do next: screen readers, plain text
//	row           row     200   one object
//	more          view     90   what the rows do not show: .Hidden, .Complete, .Canceled
//	reason        reason  450   why rows failed, and what to do next
//	more-reasons  view     60   how many reasons (.Hidden) are not shown
//	body          view  1,000   in place of reasons, for messages without any
//	footnote      view    200   what to check if a success does not show
//	context       view    300   the small print
//	button        view     60   the label of the link to the console
//	field-X       view    300   a fact, left out when empty; X is one of
//	label-X       view     60   types domains took changed process task
//	sample        view     60   in front of messages that are only samples
//
// The types view, row and reason in view.go list what there is to show. All their
// strings are already cut and escaped for the platform: nothing in them can be markup,
// and they must not be escaped again.
//
// # Functions
//
// Beside those of text/template (eq, and, len, printf, slice …) there are
//
//	num 2500                     2,500
//	plural .Rows "task" "tasks"  the number with the form that goes with it
//	join " · " .Region .When     those that are not empty, with this in between
//	default "none" .Process      the first when the second is empty
//	trunc 20 .Name               the first 20 characters and …, escapes kept whole
//
// # Mistakes
//
// [Load] parses the overrides, runs them on every sample of [Samples] and [Hostile] for
// every dialect, and reports all mistakes with file and line. For a message on which
// an override fails, or makes a leaf too long, the embedded words are used, and
// Options.Warn hears of it.
package template
