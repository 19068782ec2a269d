package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// privateWords are words that this product once used for things which have a name in
// the field: notify, finished, fix, bot, dead letter, duplicate.
var privateWords = regexp.MustCompile(`(?i)\b(told|tells?|telling|mend(?:s|ed|ing)?|aloud|hopeless|robots?|outlets?|anew|given up|news|is none|is no (?:duration|bucket|URL|name|number|time|list)|stands twice)\b`)

// A user must not need a dictionary: documents, messages, help, logs and errors use
// the field's words.
func TestPlainWords(t *testing.T) {
	for _, name := range allReadmes(t) {
		plainWords(t, name, string(readReadme(t, name)))
	}
	plainWords(t, "s.yaml", readDeployment(t))
	for _, name := range programFiles(t) {
		switch {
		case filepath.Ext(name) == ".go":
			for _, text := range stringsIn(t, name) {
				plainWords(t, filepath.Base(name), text)
			}
		case filepath.Ext(name) == ".tmpl":
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			plainWords(t, filepath.Base(name), regexp.MustCompile(`\{\{.*?\}\}`).ReplaceAllString(string(text), ""))
		}
	}
}

func plainWords(t *testing.T, where, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(line, "/robot/send") { // DingTalk's address
			continue
		}
		if word := privateWords.FindString(line); word != "" {
			t.Errorf("%s: %q in %q", where, word, strings.TrimSpace(line))
		}
	}
}

// stringsIn are the string literals of a Go file.
func stringsIn(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			all = append(all, literal.Value)
		}
		_, tagged := n.(*ast.Field) // stored names stay as they are
		return !tagged
	})
	return all
}
