package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// isHelp reports whether a word asks for the whole help.
func isHelp(word string) bool {
	return slices.Contains([]string{"help", "-h", "-help", "--help"}, word)
}

// help prints the whole help, or that of one command or topic.
func help(args []string, sh Shell) int {
	if len(args) == 0 || isHelp(args[0]) {
		fmt.Fprint(sh.Out, helpText(sh.words))
		return 0
	}
	if c, ok := findCommand(args[0]); ok {
		fmt.Fprint(sh.Out, c.help(sh.words, sh.terminalWidth()))
		return 0
	}
	if args[0] == policy {
		return policyTopic(sh)
	}
	return helpTopic(args[0], sh)
}

func helpText(w words) string {
	var b strings.Builder
	b.WriteString(w.say("refreshwatch sends notifications when refresh and prefetch tasks finish.") + "\n\n")
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(t, "  refreshwatch %s\t%s\n", c.name, w.translate(c.summary))
	}
	t.Flush()
	b.WriteString("\n" + w.say("Try it:") + `
  export ALIBABA_CLOUD_ACCESS_KEY_ID=… ALIBABA_CLOUD_ACCESS_KEY_SECRET=…
  refreshwatch check
  refreshwatch backfill -since 24h -status Failed,Timeout -dry-run

` + w.say(`"refreshwatch help COMMAND" describes a command and its flags, "refreshwatch help TOPIC" a topic:`) + "\n\n")
	t = tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, topic := range topics() {
		fmt.Fprintf(t, "  %s\t%s\n", topic.name, w.translate(topic.summary))
	}
	fmt.Fprintf(t, "  %s\t%s\n", policy, w.say("the least permission policy for what is configured"))
	t.Flush()
	return b.String()
}

// help describes the command, its flags, and examples.
func (c command) help(w words, columns int) string {
	var b strings.Builder
	fs := flagsOf(c, &options{})
	b.WriteString("refreshwatch " + c.name)
	if len(fs.lines) > 0 {
		b.WriteString(" " + w.say("[flags]"))
	}
	if c.args != "" {
		b.WriteString(" " + c.args)
	}
	b.WriteString("\n\n" + reflow(w.paragraphs(c.about), columns))
	if len(fs.lines) > 0 {
		b.WriteString("\n")
		var flags strings.Builder
		t := tabwriter.NewWriter(&flags, 0, 0, 3, ' ', 0)
		for _, line := range fs.lines {
			fmt.Fprintf(t, "  %s\t%s\n", line[0], w.translate(line[1]))
		}
		t.Flush()
		b.WriteString(reflow(flags.String(), columns))
	}
	if c.examples != "" {
		b.WriteString("\n" + w.translate(c.examples))
	}
	return b.String()
}
