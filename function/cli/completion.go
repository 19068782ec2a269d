package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// Completion for shells, made from the tables that dispatch, flags and help read, so that
// it offers what this program takes.

// shells are those that completion is made for.
var shells = []string{"bash", "zsh", "fish"}

func completion(_ context.Context, o *options, sh Shell) int {
	if len(o.args) != 1 || !slices.Contains(shells, o.args[0]) {
		return sh.fail(watch.Usage(&poller.Mistake{Setting: "completion", Problem: "names no shell", Next: "Known: " + strings.Join(shells, ", ")}))
	}
	if o.args[0] == "fish" {
		fmt.Fprint(sh.Out, fishCompletion(sh.words))
		return 0
	}
	fmt.Fprint(sh.Out, caseCompletion(sh.words, o.args[0] == "zsh"))
	return 0
}

// choice is a word that may come next, and what it means.
type choice struct{ word, about string }

// place is where choices stand: as the first word, behind a command, or as the value of
// one of its flags.
type place struct {
	command, flag string
	choices       []choice
}

func places(w words) []place {
	first := place{choices: []choice{{"help", w.say("describe a command or a topic")}}}
	help := place{command: "help", choices: []choice{{policy, ""}}}
	var all []place
	for _, c := range commands() {
		first.choices = append(first.choices, choice{c.name, w.translate(c.summary)})
		help.choices = append(help.choices, choice{c.name, ""})
		fs := flagsOf(c, &options{})
		flags := place{command: c.name}
		for _, line := range fs.lines {
			name, _, _ := strings.Cut(line[0], " ")
			flags.choices = append(flags.choices, choice{name, w.translate(line[1])})
			if known := fs.known[name]; known != nil {
				all = append(all, place{c.name, name, wordsAlone(known)})
			}
		}
		if c.name == "completion" {
			flags.choices = wordsAlone(shells)
		}
		all = append(all, flags)
	}
	for _, t := range topics() {
		help.choices = append(help.choices, choice{t.name, ""})
	}
	return append(append([]place{first}, all...), help)
}

func wordsAlone(names []string) (all []choice) {
	for _, name := range names {
		all = append(all, choice{name, ""})
	}
	return all
}

// caseCompletion is a function for bash, or for zsh, which shows what words mean. Where
// it knows no word, they offer files. Behind a comma a list goes on.
func caseCompletion(w words, zsh bool) string {
	begin, end := "_refreshwatch() {\n  local known word=${COMP_WORDS[COMP_CWORD]} before=\n  case $word in *,*) before=${word%,*}, ;; esac\n  case $COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[COMP_CWORD-1]} in\n",
		"  esac\n  COMPREPLY=($(compgen -P \"$before\" -W \"$known\" -- \"${word#\"$before\"}\"))\n}\ncomplete -o default -F _refreshwatch refreshwatch\n"
	if zsh {
		begin = "#compdef refreshwatch\n_refreshwatch() {\n  local -a known\n  case $((CURRENT - 1)):$words[2]:$words[CURRENT-1] in\n"
		end = "  esac\n  compset -P '*,'\n  _describe refreshwatch known || _files\n}\ncompdef _refreshwatch refreshwatch\n"
	}
	var b strings.Builder
	b.WriteString(begin)
	for _, p := range places(w) {
		pattern := "1:*"
		switch {
		case p.flag != "":
			pattern = "*:" + p.command + ":" + p.flag
		case p.command != "":
			pattern = "*:" + p.command + ":*"
		}
		var known []string
		for _, c := range p.choices {
			known = append(known, c.word)
			if zsh {
				known[len(known)-1] = "'" + strings.ReplaceAll(strings.TrimSuffix(c.word+":"+c.about, ":"), "'", `'\''`) + "'"
			}
		}
		list := "'" + strings.Join(known, " ") + "'"
		if zsh {
			list = "(" + strings.Join(known, " ") + ")"
		}
		fmt.Fprintf(&b, "  %s) known=%s ;;\n", pattern, list)
	}
	b.WriteString(end)
	return b.String()
}

func fishCompletion(w words) string {
	var b strings.Builder
	for _, p := range places(w) {
		when := "test (count (commandline -opc)) -eq 1"
		if p.command != "" {
			when = "__fish_seen_subcommand_from " + p.command
		}
		for _, c := range p.choices {
			about := strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(c.about)
			switch flag, isFlag := strings.CutPrefix(c.word, "-"); {
			case p.flag != "":
				const before = `(string replace -r "[^,]*\$" "" -- "$(commandline -ct)")` // of a list
				fmt.Fprintf(&b, "complete -c refreshwatch -n '%s' -o %s -x -a '%s%s'\n", when, p.flag[1:], before, c.word)
			case isFlag:
				fmt.Fprintf(&b, "complete -c refreshwatch -n '%s' -o %s -d '%s'\n", when, flag, about)
			default:
				fmt.Fprintf(&b, "complete -c refreshwatch -n '%s' -f -a %s -d '%s'\n", when, c.word, about)
			}
		}
	}
	return b.String()
}
