package cli

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the documents say is held to what the program does: their examples are run,
// their tables compared with the code in both directions.

// The documents, each beside what it describes.
const (
	firstPage    = "README.md"
	operating    = "function/README.md"
	reference    = "function/REFERENCE.md"
	sinksAndSuch = "notifier/README.md"
	wording      = "template/README.md"
	contributing = ".github/CONTRIBUTING.md"
)

// readme is one of them, or the section under one of its headings.
type readme string

func readReadme(t *testing.T, name string) readme {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return readme(text)
}

// moduleRoot is the folder with go.mod, wherever this test lies below it.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above this test")
	return ""
}

// allReadmes are the names of all documents, from the module's root.
func allReadmes(t *testing.T) []string {
	t.Helper()
	root := moduleRoot(t)
	var names []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata" || entry.Name() == "target"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			name, err := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var headings = regexp.MustCompile(`(?m)^(#+) (.+)$`)

// section is what stands under a heading, with the smaller headings in it.
func (r readme) section(t *testing.T, title string) readme {
	t.Helper()
	begin, level := -1, 0
	for _, at := range headings.FindAllStringSubmatchIndex(string(r.prose()), -1) {
		depth := at[3] - at[2]
		switch {
		case begin < 0 && string(r[at[4]:at[5]]) == title:
			begin, level = at[1], depth
		case begin >= 0 && depth <= level:
			return r[begin:at[0]]
		}
	}
	if begin < 0 {
		t.Fatalf("no heading %q", title)
	}
	return r[begin:]
}

var fences = regexp.MustCompile("(?ms)^( *)```(\\w+)\n(.*?)^ *```$")

// prose is the text with the code blocks blanked out, at the same offsets.
func (r readme) prose() readme {
	return readme(fences.ReplaceAllStringFunc(string(r), func(block string) string { return strings.Repeat(" ", len(block)) }))
}

// blocks are the fenced code blocks in a language.
func (r readme) blocks(t *testing.T, language string) []string {
	t.Helper()
	var blocks []string
	for _, m := range fences.FindAllStringSubmatch(string(r), -1) {
		if m[2] == language {
			blocks = append(blocks, regexp.MustCompile(`(?m)^`+m[1]).ReplaceAllString(m[3], ""))
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("no %s block where one was", language)
	}
	return blocks
}

// table is the rows of the n-th table, each a list of cells without their padding.
func (r readme) table(t *testing.T, n int) [][]string {
	t.Helper()
	tables := regexp.MustCompile(`(?m)(?:^ *\|.*\|\n)+`).FindAllString(string(r), -1)
	if len(tables) <= n {
		t.Fatalf("%d tables, want more than %d", len(tables), n)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(tables[n]), "\n")[2:] { // below the head
		var row []string
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " |") {
			row = append(row, strings.TrimSpace(strings.Trim(cell, "|")))
		}
		rows = append(rows, row)
	}
	return rows
}

var code1 = regexp.MustCompile("`([^`]+)`")

// names are the words in code font in a column, sorted.
func names(rows [][]string, column int) []string {
	var all []string
	for _, row := range rows {
		for _, m := range code1.FindAllStringSubmatch(row[column], -1) {
			all = append(all, m[1])
		}
	}
	return sortedSet(all)
}

func sortedSet(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// allText is all documents in one.
func allText(t *testing.T) string {
	var all strings.Builder
	for _, name := range allReadmes(t) {
		all.WriteString(string(readReadme(t, name)))
	}
	return all.String()
}

// sources is the text of programFiles.
func sources(t *testing.T) string {
	var all strings.Builder
	for _, name := range programFiles(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// programFiles are the files with what the program says: code without tests and
// without what only tests use, and the words of messages.
func programFiles(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"function/*.go", "function/*/*.go", "notifier/*.go", "notifier/*/*.go", "template/*.tmpl"} {
		files, err := filepath.Glob(filepath.Join(moduleRoot(t), filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, slices.DeleteFunc(files, func(name string) bool {
			return strings.HasSuffix(name, "_test.go") || slices.Contains([]string{"fctest", "notifiertest"}, filepath.Base(filepath.Dir(name)))
		})...)
	}
	return all
}

// Links lead somewhere, and the files that are named are there.
func TestReadmeLinks(t *testing.T) {
	documents := allReadmes(t)
	for _, name := range documents {
		for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(readReadme(t, name)), -1) {
			if !strings.HasPrefix(m[1], "https://") {
				checkLink(t, name, m[1])
			}
		}
	}
	if len(documents) < 6 {
		t.Errorf("only %d documents were found: %v", len(documents), documents)
	}
	for line := range strings.Lines(readReadme(t, contributing).section(t, "The code").blocks(t, "text")[0]) {
		if _, err := os.Stat(filepath.Join(moduleRoot(t), strings.Fields(line)[0])); err != nil {
			t.Error(err)
		}
	}
}

// checkLink follows a link in a document to a file or a heading of this module.
func checkLink(t *testing.T, from, link string) {
	t.Helper()
	file, anchor, _ := strings.Cut(link, "#")
	target := from
	if file != "" {
		target = path.Join(path.Dir(from), file)
	}
	if _, err := os.Stat(filepath.Join(moduleRoot(t), target)); err != nil {
		t.Errorf("%s: %s: %v", from, link, err)
		return
	}
	if anchor != "" && !slices.Contains(readReadme(t, target).anchors(), anchor) {
		t.Errorf("%s: no heading for %s", from, link)
	}
}

// anchors are the names that GitHub gives the headings.
func (r readme) anchors() []string {
	var anchors []string
	for _, m := range headings.FindAllStringSubmatch(string(r.prose()), -1) {
		word := regexp.MustCompile(`[^\p{L}\p{N} -]`).ReplaceAllString(strings.ToLower(m[2]), "")
		anchors = append(anchors, strings.ReplaceAll(word, " ", "-"))
	}
	return anchors
}
