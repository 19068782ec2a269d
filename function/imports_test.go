package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What a package of ours may import of ours. poller ← template ← notifier ←
// function; the simulated API is for tests and the demo.
var mayImport = map[string][]string{
	"poller":                           nil,
	"poller/checkpoint":                nil,
	"poller/aliyun":                    {"poller", "poller/aliyun/internal/quiet"},
	"poller/aliyun/internal/quiet":     nil,
	"poller/aliyun/apitest":            {"poller"},
	"template":                         {"poller"},
	"notifier":                         {"poller", "template"},
	"notifier/notifiertest":            {"notifier"},
	"function":                         {"notifier", "poller", "poller/checkpoint", "poller/aliyun", "poller/aliyun/apitest", "template"},
	"function/fctest":                  nil,
	"poller/checkpoint/checkpointtest": {"poller/checkpoint"},
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
