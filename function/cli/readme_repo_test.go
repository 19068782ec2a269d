package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the documents say about the repository itself is held to it as well.

// README.md is for the first ten minutes; what is longer belongs beside what it
// describes.
func TestReadmeIsShort(t *testing.T) {
	const most = 12 << 10 // bytes
	if size := len(readReadme(t, firstPage)); size > most {
		t.Errorf("README.md has %d bytes, at most %d", size, most)
	}
}

// Each command with go test in the documents runs a test or benchmark that exists,
// with flags that exist.
func TestReadmeTestCommands(t *testing.T) {
	commands := regexp.MustCompile("(?m)(?:^ *|`)go test ([^`\n]+)").FindAllStringSubmatch(allText(t), -1)
	for _, m := range commands {
		checkTestCommand(t, strings.Fields(strings.ReplaceAll(strings.ReplaceAll(m[1], `\|`, "|"), "'", "")))
	}
	if len(commands) < 8 {
		t.Errorf("only %d commands were found", len(commands))
	}
}

func checkTestCommand(t *testing.T, args []string) {
	t.Helper()
	var packages []string
	for len(args) > 0 && strings.HasPrefix(args[0], ".") {
		packages, args = append(packages, args[0]), args[1:]
	}
	source := testSource(t, packages)
	for i, arg := range args {
		value := ""
		if i+1 < len(args) {
			value = args[i+1]
		}
		switch {
		case arg == "-run" && value != "^$":
			wantMatch(t, source, `func Test`, value)
		case arg == "-bench":
			wantMatch(t, source, `func Benchmark`, value)
		case strings.HasPrefix(arg, "-") && !slices.Contains([]string{"-run", "-v", "-benchmem", "-short", "-race"}, arg):
			for _, name := range packages { // go test hands it to each of them
				if !strings.Contains(testSource(t, []string{name}), `("`+strings.TrimPrefix(arg, "-")+`", `) {
					t.Errorf("go test %v: %s has no flag %s", packages, name, arg)
				}
			}
		}
	}
}

func wantMatch(t *testing.T, source, kind, pattern string) {
	t.Helper()
	for _, alternative := range strings.Split(pattern, "|") {
		if !regexp.MustCompile(kind + `\w*` + alternative).MatchString(source) {
			t.Errorf("no %s… matches %s", kind, alternative)
		}
	}
}

// testSource is the test code of packages, which may end in "/...".
func testSource(t *testing.T, packages []string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range packages {
		dir, below := strings.CutSuffix(name, "/...")
		files, err := filepath.Glob(filepath.Join(moduleRoot(t), dir, "*_test.go"))
		if below {
			deeper, _ := filepath.Glob(filepath.Join(moduleRoot(t), dir, "*", "*_test.go"))
			files = append(files, deeper...)
		}
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no tests (%v)", name, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}

// Every direct dependency has a reason, and no other has.
func TestReadmeDependencies(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(moduleRoot(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var direct []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		direct = append(direct, m[1])
	}
	listed := names(readReadme(t, contributing).section(t, "Dependencies").table(t, 0), 0)
	for _, module := range direct {
		if !slices.ContainsFunc(listed, func(name string) bool { return strings.Contains(module, name) }) {
			t.Errorf("%s is required, but has no reason in the table", module)
		}
	}
	for _, name := range listed {
		if !slices.ContainsFunc(direct, func(module string) bool { return strings.Contains(module, name) }) {
			t.Errorf("%s is in the table, but not required", name)
		}
	}
}

// The table of overrides names each embedded template, and no other.
func TestReadmeTemplates(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), "template", "*.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	if diff := cmp.Diff(files, names(readReadme(t, wording).table(t, 0), 0)); diff != "" {
		t.Errorf("embedded (-), in the table (+):\n%s", diff)
	}
}

// The files that contributing names are there; <name> stands for a new one.
func TestReadmeFiles(t *testing.T) {
	named := 0
	for _, m := range code1.FindAllStringSubmatch(string(readReadme(t, contributing).prose()), -1) {
		name := m[1]
		if !strings.Contains(name, "/") || strings.ContainsAny(name, " <") || filepath.Ext(name) == "" {
			continue
		}
		named++
		if _, err := os.Stat(filepath.Join(moduleRoot(t), filepath.FromSlash(name))); err != nil {
			t.Error(err)
		}
	}
	if named < 15 {
		t.Errorf("only %d files were found", named)
	}
}

// A tag of an action can be moved to other code; a commit cannot.
func TestWorkflowsArePinned(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), ".github", "workflows", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^.*\buses:.*$`).FindAllString(string(text), -1) {
			if !regexp.MustCompile(`uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`).MatchString(m) {
				t.Errorf("%s: not pinned to a commit with its version beside it:%s", filepath.Base(file), m)
			}
		}
	}
}
