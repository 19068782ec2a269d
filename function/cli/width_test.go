package cli

import (
	"strings"
	"testing"
)

// Help and check fit a narrow terminal, what continues a line below its own column; no
// word is lost, and nothing changes where nobody looks or everything fits.
func TestReflow(t *testing.T) {
	for _, c := range []struct {
		columns    int
		text, want string
	}{
		{0, "a text that is longer than nothing", "a text that is longer than nothing"},
		{20, "short\n  -flag   x\n", "short\n  -flag   x\n"},
		{20, "prose that was broken\nfor a wider terminal\n", "prose that was\nbroken for a wider\nterminal\n"},
		{20, "one paragraph\n\nand another paragraph here", "one paragraph\n\nand another\nparagraph here"},
		{30, "  -since D   the window reaches back this far", "  -since D   the window\n             reaches back this\n             far"},
		{20, "warn  sinks: none is configured", "warn  sinks: none is\n      configured"},
		{20, "      → Set SLACK_BOT_TOKEN and more", "      → Set\n      SLACK_BOT_TOKEN\n      and more"},
		{10, "一直等到\n任务结束为止", "一直等到任务结束为止"}, // a terminal breaks it anywhere
		{30, "- a list item that is too long to fit", "- a list item that is too long\n  to fit"},
	} {
		if got := reflow(c.text, c.columns); got != c.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", c.columns, got, c.want)
		}
		if got := reflow(c.text, c.columns); strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(c.text), "") {
			t.Errorf("%q lost words: %q", c.text, got)
		}
	}
	list, _ := findCommand("list")
	help, _, _ := strings.Cut(list.help(words{}, 40), "\n  refreshwatch") // examples stay as they are, to be copied
	if n := widest(help); n > 40 {
		t.Errorf("help list takes %d columns:\n%s", n, help)
	}
}
