package cli

import (
	"strings"
	"testing"

	"refreshwatch/function/watch"
)

// An empty item of a list may be a variable that is not set, and must not be taken for
// no item: each list flag of each command says so, with its name.
func TestEmptyItemsOfLists(t *testing.T) {
	lists := 0
	for _, c := range commands() {
		flags := map[string]bool{"status": c.name == "list"}
		for _, f := range watch.Fields {
			if _, isList := f.Of(&watch.Request{}).(*[]string); isList && f.HasFlag(c.name) {
				flags[f.Flag] = true
			}
		}
		for name, has := range flags {
			if !has {
				continue
			}
			lists++
			for _, value := range []string{"", ",", " ", "a,", ",a", "a,,b", "a, ,b", ",a,,"} {
				_, err := parse(c, []string{"-" + name, value})
				if err == nil || !strings.Contains(err.Error(), "flag -"+name+": a value is empty") {
					t.Errorf("%s -%s %q: %v", c.name, name, value, err)
				}
			}
			if _, err := parse(c, []string{"-" + name, " a , b"}); err != nil {
				t.Errorf("%s -%s: %v", c.name, name, err)
			}
		}
	}
	if lists < 8 {
		t.Errorf("only %d list flags were tried", lists)
	}
}

// Who asks list for JSON as other commands are asked learns how it is spelled there.
func TestListHasAFormatForJSON(t *testing.T) {
	c, _ := findCommand("list")
	if _, err := parse(c, []string{"-since", "1h", "-json"}); err == nil || !strings.HasSuffix(err.Error(), "Did you mean -format?") {
		t.Error(err)
	}
}

// A command without flags says that it has none, instead of an empty list.
func TestCommandsWithoutFlags(t *testing.T) {
	for _, c := range commands() {
		if fs := flagsOf(c, &options{}); len(fs.lines) > 0 {
			continue
		}
		if _, err := parse(c, []string{"-json"}); err == nil || !strings.HasSuffix(err.Error(), c.name+" has no flags.") {
			t.Errorf("%s -json: %v", c.name, err)
		}
	}
}
