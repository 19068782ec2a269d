package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What a package of ours may import of ours:
//
//	poller ← template ← notifier ← function/watch ← function/setup ← function/cli ← function
//	template ← notifier/sink ← notifier
//	notifier/sink ← notifier/{slack,bot,webhook} ← function/setup
//
// The API and the stores are known to setup and watch only; the simulated API, which
// serves all products, is for tests and for the command line's demo.
var mayImport = map[string][]string{
	"poller":                           nil,
	"poller/checkpoint":                nil,
	"poller/checkpoint/checkpointtest": {"poller/checkpoint"},
	"poller/aliyun":                    {"poller", "poller/aliyun/internal/quiet"},
	"poller/aliyun/internal/quiet":     nil,
	"poller/aliyun/apitest":            {"poller", "poller/aliyun"},
	"template":                         {"poller"},
	"notifier":                         {"notifier/sink", "poller", "template"},
	"notifier/sink":                    {"poller", "template"},
	"notifier/slack":                   {"notifier/sink", "poller", "template"},
	"notifier/bot":                     {"notifier/sink", "poller", "template"},
	"notifier/webhook":                 {"notifier/sink", "poller"},
	"notifier/notifiertest":            {"notifier/sink", "poller", "template"},
	"function/watch":                   {"notifier", "notifier/sink", "poller", "poller/checkpoint", "poller/aliyun", "template"},
	"function/setup": {"function/watch", "notifier", "notifier/sink", "notifier/slack", "notifier/bot", "notifier/webhook",
		"poller", "poller/checkpoint", "poller/aliyun", "template"},
	"function/cli":    {"function/setup", "function/watch", "notifier", "notifier/sink", "poller", "poller/aliyun", "poller/aliyun/apitest", "template"},
	"function":        {"function/cli", "function/setup", "function/watch", "notifier", "notifier/sink"},
	"function/fctest": nil,
}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "refreshwatch/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg, _ := strings.CutPrefix(words[0], "refreshwatch/")
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("package %s is new: say here what it may import", pkg)
		}
		for _, path := range words[1:] {
			ours, ok := strings.CutPrefix(path, "refreshwatch/")
			if ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s", pkg, ours)
			}
			if path == "testing" && pkg == "poller/aliyun/apitest" {
				t.Errorf("%s imports testing, and the demo links it", pkg)
			}
		}
	}
}
