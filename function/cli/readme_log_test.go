package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every warning and error that the program logs is in the table of symptoms: people
// search the reference for what they read in the log.
func TestReadmeLogMessages(t *testing.T) {
	quoted := quotes(readReadme(t, reference).section(t, "Troubleshooting"))
	documented := func(texts []string) bool {
		return slices.ContainsFunc(quoted, func(quote string) bool { return quotedFrom(strings.Join(texts, "\n"), quote) })
	}
	logged := warnings(t)
	for _, texts := range logged {
		if !documented(texts) {
			t.Errorf("logged, but not in the table: %q", texts)
		}
	}
	if len(logged) < 8 {
		t.Errorf("only %d warnings were found", len(logged))
	}
}

// quotedFrom reports whether a text holds all parts of a quote; "…" in it stands for
// what changes.
func quotedFrom(text, quote string) bool {
	for part := range strings.SplitSeq(quote, "…") {
		if !strings.Contains(text, strings.TrimSpace(part)) {
			return false
		}
	}
	return true
}

// warnings are the texts of the program's calls of Warn, Error and warn, each a list
// of the literals it is put together from. A call that hands a text on has none.
func warnings(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	for _, name := range programFiles(t) {
		if filepath.Ext(name) != ".go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Warn", "Error", "warn"}, method.Sel.Name) {
				return true
			}
			if texts := literals(call.Args[0]); len(texts) > 0 {
				all = append(all, texts)
			}
			return true
		})
	}
	return all
}

// literals are the strings written out in an expression.
func literals(e ast.Expr) []string {
	var texts []string
	ast.Inspect(e, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			texts = append(texts, strings.Trim(literal.Value, "`\""))
		}
		return true
	})
	return texts
}
