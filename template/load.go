package template

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"text/template/parse"

	text "github.com/DataDog/datadog-agent/pkg/template/text"

	"refreshwatch/poller"
)

//go:embed *.tmpl
var embedded embed.FS

// words are parsed templates: by file, by the name they are defined under.
type words map[string]map[string]*parse.Tree

// readEmbedded parses the files that come with the program, all of them or those
// one language needs.
func readEmbedded(lang string) (words, error) {
	files, err := fs.Glob(embedded, "*.tmpl")
	if err != nil {
		return nil, err
	}
	ws := words{}
	for _, name := range files {
		if lang != "" && strings.HasPrefix(name, "words.") && name != wordsFile(lang) {
			continue
		}
		src, err := embedded.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if ws[name], err = parseFile(name, string(src)); err != nil {
			return nil, err
		}
	}
	return ws, nil
}

func wordsFile(lang string) string { return "words." + lang + ".tmpl" }

// readDir parses the overrides in dir. A file may define as few templates as it
// likes; helpers of its own are named "my-…".
func readDir(dir string, defaults words) (words, []error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		problem, next := poller.FileProblem(err)
		return nil, []error{&poller.Mistake{Problem: "the folder " + problem, Next: next}}
	}
	known := map[string]bool{}
	for _, trees := range defaults {
		for name := range trees {
			known[name] = true
		}
	}
	var mistakes []error
	ws := words{}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") {
			continue // editors and mounted volumes keep their own files
		}
		if defaults[name] == nil {
			mistakes = append(mistakes, fmt.Errorf("%s overrides nothing; known files: %s", name, names(defaults)))
			continue
		}
		src, err := readOverride(dir, name)
		if err == nil {
			ws[name], err = parseFile(name, src)
		}
		if err != nil {
			mistakes = append(mistakes, err)
		}
		mistakes = append(mistakes, unused(ws[name], known)...)
	}
	return ws, mistakes
}

// readOverride reads one file, which an editor may have saved with a byte-order mark
// or as UTF-16.
func readOverride(dir, name string) (string, error) {
	path := dir + string(os.PathSeparator) + name
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", &poller.Mistake{Problem: name + " is not a regular file", Next: "Remove it, or put a file in its place"}
	}
	src, err := os.ReadFile(path)
	if err != nil {
		problem, next := poller.FileProblem(err)
		return "", &poller.Mistake{Problem: name + " " + problem, Next: next}
	}
	text, ok := poller.DecodeText(src)
	if !ok {
		return "", &poller.Mistake{Problem: name + " is not UTF-8", Next: "Save it as UTF-8"}
	}
	return text, nil
}

func names[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// parseFile is the templates one file defines.
func parseFile(name, src string) (map[string]*parse.Tree, error) {
	t, err := text.New(name).Funcs(funcs()).Parse(src)
	if err != nil {
		return nil, err
	}
	trees := map[string]*parse.Tree{}
	for _, defined := range t.Templates() {
		trees[defined.Name()] = defined.Tree
	}
	if stray := trees[name]; stray != nil && !parse.IsEmptyTree(stray.Root) {
		return nil, fmt.Errorf("%s: text outside of {{define}} is shown nowhere", position(stray))
	}
	delete(trees, name)
	return trees, nil
}

// unused reports templates that would override nothing. No sample can find them:
// nothing calls them.
func unused(trees map[string]*parse.Tree, known map[string]bool) []error {
	var mistakes []error
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		if !known[name] && !strings.HasPrefix(name, "my-") {
			mistakes = append(mistakes, fmt.Errorf("%s: nothing uses %q; known: %s (helpers of your own start with my-)",
				position(trees[name]), name, names(known)))
		}
	}
	return mistakes
}

// position is where a template is defined: file:line:column.
func position(tree *parse.Tree) string {
	at, _ := tree.ErrorContext(tree.Root)
	return at
}

// assemble builds each dialect's set: the language's words, what all cards share,
// and the dialect's own, each file followed by its override. Trees are put
// together by hand, because Parse would not let an empty template override another.
func assemble(lang string, defaults, overrides words) (dialects, error) {
	sets := dialects{}
	var mistakes []error
	for _, d := range Dialects() {
		trees := map[string]*parse.Tree{}
		for _, file := range []string{wordsFile(lang), "card.tmpl", string(d) + ".tmpl"} {
			maps.Copy(trees, defaults[file])
			maps.Copy(trees, overrides[file])
		}
		set := text.New(string(d)).Funcs(funcs())
		for _, name := range slices.Sorted(maps.Keys(trees)) {
			if _, err := set.AddParseTree(name, trees[name]); err != nil {
				mistakes = append(mistakes, err)
			}
		}
		sets[d] = set
	}
	return sets, errors.Join(mistakes...)
}
