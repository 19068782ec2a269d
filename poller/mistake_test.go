package poller

import (
	"errors"
	"fmt"
	"testing"
)

func TestMistakeReadsAsSettingProblemNext(t *testing.T) {
	for _, c := range []struct {
		m    Mistake
		want string
	}{
		{Mistake{"SLACK_CHANNEL", `"#ops" is a name`, "Use the channel's ID (C…)"}, `SLACK_CHANNEL: "#ops" is a name. Use the channel's ID (C…).`},
		{Mistake{"", "not a duration", "Write it like 45m or 2h"}, "not a duration. Write it like 45m or 2h."},
		{Mistake{"WATCH_DOMAINS", "holds a scheme", `Did you mean "vod.example.com"?`}, `WATCH_DOMAINS: holds a scheme. Did you mean "vod.example.com"?`},
		{Mistake{"CHECKPOINT", "not set", ""}, "CHECKPOINT: not set"},
	} {
		if got := c.m.Error(); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.m, got, c.want)
		}
	}
}

func TestMistakesUnpackByType(t *testing.T) {
	a, b := &Mistake{Setting: "A", Problem: "one"}, &Mistake{Problem: "two"}
	plain := errors.New("three")
	err := fmt.Errorf("configuration: %w", errors.Join(a, errors.Join(fmt.Errorf("deeper: %w", b), plain)))
	var got []string
	for _, m := range Mistakes(err) {
		got = append(got, m.Error())
	}
	if want := "[A: one two three]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if all := Mistakes(nil); all != nil {
		t.Errorf("no error: got %v", all)
	}
}

func TestAtNamesOnlyWhatHasNoName(t *testing.T) {
	precise, vague := &Mistake{Setting: "FILE: line 3", Problem: "one"}, &Mistake{Problem: "two"}
	err := At("WATCH_DOMAINS", errors.Join(precise, vague))
	if got, want := err.Error(), "FILE: line 3: one\nWATCH_DOMAINS: two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if vague.Setting != "" {
		t.Error("At changed the mistake it was given")
	}
	if At("X", nil) != nil {
		t.Error("At(nil) must stay nil")
	}
}
