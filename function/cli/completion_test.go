package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script writes a shell's completion to a file; the test is skipped without the shell.
func script(t *testing.T, shell string, w words) string {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skip("there is no " + shell)
	}
	var out, stderr strings.Builder
	if code := completion(t.Context(), &options{args: []string{shell}}, Shell{Out: &out, Err: &stderr, words: w}); code != 0 {
		t.Fatal(stderr.String())
	}
	path := filepath.Join(t.TempDir(), "completion")
	if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var completed = []struct{ line, want string }{
	{"refreshwatch li", "list"},
	{"refreshwatch list -st", "-status"},
	{"refreshwatch list -status Fa", "Failed"},
	{"refreshwatch list -status Failed,Ti", "Failed,Timeout"},
	{"refreshwatch list -status Failed,Timeout,Canc", "Failed,Timeout,Canceled"},
	{"refreshwatch list -since 24h -format js", "json"},
	{"refreshwatch backfill -status Re", ""}, // of backfill only finished ones
	{"refreshwatch help po", "policy poll"},
	{"refreshwatch help rou", "routes"},
	{"refreshwatch completion z", "zsh"},
	{"refreshwatch poll -dry-run -q", "-quiet"},
	{"refreshwatch wait -f", ""}, // not a flag of wait
}

func TestCompletionInBash(t *testing.T) {
	path := script(t, "bash", words{})
	for _, c := range completed {
		run := `. "$1"; COMP_WORDS=($2); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _refreshwatch; echo ${COMPREPLY[*]}`
		got, err := exec.Command("bash", "-uc", run, "bash", path, c.line).CombinedOutput()
		if text := strings.TrimSpace(string(got)); err != nil || text != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.line, text, c.want, err)
		}
	}
}

func TestCompletionInFish(t *testing.T) {
	path := script(t, "fish", words{})
	for _, c := range append(completed, struct{ line, want string }{"refreshwatch list -format ", "csv html json table"}) {
		got, err := exec.Command("fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, path, c.line).Output()
		var offered []string
		for line := range strings.Lines(string(got)) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			offered = append(offered, word)
		}
		if text := strings.Join(offered, " "); err != nil || text != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.line, text, c.want, err)
		}
	}
}

// What zsh offers takes a terminal to see; that it can read the script does not.
func TestCompletionInZsh(t *testing.T) {
	for _, w := range []words{{}, {chinese: true}} {
		path := script(t, "zsh", w)
		run := `compdef() { print $1 $2 }; compset() { : }; _describe() { print -rl -- $known }; . $1; words=(refreshwatch list ''); CURRENT=3; _refreshwatch`
		got, err := exec.Command("zsh", "-fc", run, "zsh", path).CombinedOutput()
		if err != nil || !strings.HasPrefix(string(got), "_refreshwatch refreshwatch\n-since:") || !strings.Contains(string(got), "\n-format:table") {
			t.Errorf("%s (%v)", got, err)
		}
	}
}

func TestCompletionNamesShells(t *testing.T) {
	for _, args := range [][]string{nil, {"tcsh"}, {"bash", "zsh"}} {
		var out, stderr strings.Builder
		if code := completion(t.Context(), &options{args: args}, Shell{Out: &out, Err: &stderr}); code != 2 || !strings.Contains(stderr.String(), "Known: bash, zsh, fish") || out.Len() > 0 {
			t.Errorf("%v: %d, %s", args, code, stderr.String())
		}
	}
}
