package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryPhraseIsChinese knows the places where texts for people stand; this test knows
// none: whatever in the sources looks like English words has its Chinese, wherever it
// stands, or is listed here as no text for people on a command line.
func TestEveryTextOfTheSourceIsChinese(t *testing.T) {
	known := map[string]bool{}
	for english := range chinesePhrases() {
		known[shapeOf(filledIn.ReplaceAllString(english, "%s"))] = true
	}
	w := words{chinese: true}
	seen := 0
	for _, text := range sourceTexts(t) {
		seen++
		english := strings.Trim(afterWrapped.ReplaceAllString(strings.ReplaceAll(text.english, "DIR", "%s"), ""), " ,.()#\n")
		if known[shapeOf(text.english)] || known[shapeOf(english)] || known["%s "+shapeOf(english)] || known["%s ("+shapeOf(english)+")"] || known[shapeOf(english)+"."] || isFor(unspoken, text) {
			continue
		}
		filled := verbs().ReplaceAllStringFunc(strings.ReplaceAll(english, "%%", "%"), func(verb string) string {
			if strings.HasSuffix(verb, "d") {
				return "9"
			}
			return "X"
		})
		if got := ourCommands.ReplaceAllString(w.paragraphs(filled), ""); got == filled || leftOver.MatchString(got) {
			t.Errorf("%s: %q has no Chinese in words.zh.txt (%s)", text.at, text.english, got)
		}
	}
	if seen < 500 {
		t.Errorf("only %d texts were found", seen)
	}
}

var (
	// englishWords tells a sentence or a part of one from an identifier; leftOver are
	// words that a translation still holds, other than our own commands.
	englishWords = regexp.MustCompile(`[a-z]{2,}[a-z,;:'"]* +[%a-z]`)
	leftOver     = regexp.MustCompile(`[a-z]{3,} [a-z]{2,}`)
	ourCommands  = regexp.MustCompile(`refreshwatch [a-z]+`)
	anyLetter    = regexp.MustCompile(`[a-z]`)
	// afterWrapped is an error or a name in front of a text.
	afterWrapped = regexp.MustCompile(`^(%[wvs][:,.]? )+`)
)

// unspoken are texts in the sources that no person reads on a command line, or that stay
// English there: the end of a file's path, and what the text contains ("" for all).
var unspoken = [][2]string{
	{"cli/page.go", "<"}, {"bot/platforms.go", "[^"}, {"", "charset="}, // HTML, a pattern, content types
	{"cli/completion.go", ""},                                                                                      // shell scripts
	{"cli/survey.go", ""},                                                                                          // a paragraph for a bug report
	{"cli/version.go", ""},                                                                                         // the same
	{"cli/commands.go", "refreshwatch "}, {"cli/help.go", "refreshwatch "}, {"setup/checkend.go", "refreshwatch "}, // command lines
	{"cli/pagehours.go", ""}, {"cli/page.go", "none'"}, // SVG, CSP
	{"cli/topics.go", ""},                                                                                                                // headings of the manual
	{"watch/fields.go", "only the"},                                                                                                      // schema
	{"watch/fields.go", "what to do"},                                                                                                    // schema
	{"watch/origin.go", "refreshwatch key"},                                                                                              // hashed
	{"bot/codes.go", "sign not"}, {"bot/codes.go", "too many"}, {"aliyun/redact.go", "string to sign"}, {"poller/network.go", "connect"}, // what others write
	{"template/reason.go", ""}, {"template/samples.go", ""}, // the API's texts
	{"aliyun/parameters.go", ""}, // mistakes of a caller in this program
	{"template/template.go", "unknown"}, {"template/template.go", "the embedded words"},
	{"slack/lookup.go", "sent again"}, {"slack/lookup.go", "set its id"}, {"slack/slack.go", "the thread of"}, // logged
	{"", "refreshwatch: %s"}, {"cli/cli.go", "stdout"}, {"cli/serve.go", "export "}, {"cli/preview.go", "Block Kit"}, // frames
	{"cli/check.go", "survey: "}, {"cli/preview.go", "sample %s"}, {"cli/listtable.go", "in flight"}, {"watch/commit.go", "(after: "}, // frames
	{"cli/flags.go", "default"}, {"cli/flags.go", "how "}, {"cli/flags.go", "deadline"}, // put together: TestHelpIsChinese
	{"setup/checkapi.go", " of the last hour"}, {"setup/checkapi.go", "watched %s"}, {"setup/checkapi.go", ", for %s"}, {"setup/checkapi.go", ", which notify"}, {"setup/checkapi.go", "with any status"}, {"setup/profile.go", " of profile"}, {"slack/check.go", "scope "}, {"slack/check.go", "channel name"}, // put together
	{"slack/kinds.go", "Slack incoming webhook"}, // a name
}

func isFor(list [][2]string, text spoken) bool {
	file := filepath.ToSlash(strings.SplitN(text.at, ".go:", 2)[0] + ".go")
	for _, e := range list {
		if strings.HasSuffix(file, e[0]) && strings.Contains(text.english, e[1]) {
			return true
		}
	}
	return false
}

// unread are calls whose literal arguments are for logs, or compared with foreign text.
var unread = map[string]bool{"Debug": true, "Info": true, "Warn": true, "Error": true, "Log": true, "Warning": true, "warn": true,
	"panic": true, "MustCompile": true, "Contains": true, "HasPrefix": true, "HasSuffix": true, "Cut": true, "Index": true}

// sourceTexts are all literals, as they are put together, that hold English words.
func sourceTexts(t *testing.T) (all []spoken) {
	t.Helper()
	files := token.NewFileSet()
	for path, source := range goSources(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		skip := map[ast.Node]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.CallExpr:
				name := nameOf(n.Fun)
				for _, arg := range n.Args {
					skip[arg] = skip[arg] || unread[name]
				}
				if (name == "count" || name == "Count") && len(n.Args) == 2 && isLiteral(n.Args[1]) && anyLetter.MatchString(textOf(n.Args[1])) {
					skip[n.Args[1]] = true
					all = append(all, spoken{files.Position(n.Pos()).String(), "%d " + textOf(n.Args[1])})
				}
			case *ast.BinaryExpr, *ast.BasicLit:
				if skip[n] {
					return false
				}
				if text := textOf(n.(ast.Expr)); englishWords.MatchString(text) {
					all = append(all, spoken{files.Position(n.Pos()).String(), text})
					return false
				}
			}
			return true
		})
	}
	return all
}
