package cli

import (
	"context"
	"slices"

	"refreshwatch/function/watch"
)

// command is one command of the command line. Dispatch, flags and help read the table
// below.
type command struct {
	name     string
	summary  string // one line in the list of commands
	about    string // what it does, in a few lines
	examples string
	args     string                   // how help shows what stands behind the flags; "": nothing does
	flags    func(*flagSet, *options) // beside those of the request's fields; may be nil
	run      func(context.Context, *options, Shell) int
}

// commands in the order in which help lists them.
func commands() []command {
	return []command{
		{
			name: "demo", flags: demoFlags, run: demo,
			summary: "see the whole job in ten seconds; needs no account",
			about: `The whole job against a simulated API on this machine: tasks complete and fail over
a few polls, messages are sent about them, and a second run has nothing to send.
Needs no account and leaves nothing behind.
`,
			examples: `  refreshwatch demo -serve     only the simulated API, until you stop it; its first lines of
                               output, pasted into another shell, point all commands at it
`,
		},
		{
			name: watch.ActionCheck, flags: checkFlags, run: check,
			summary: "verify every prerequisite and suggest a fix for each failure",
			about: `Verifies what a deployment needs, one line an item: whose key is used, the API and
its permission, clock, checkpoint, each sink, the heartbeat, templates. Posts nothing,
and pings no heartbeat, except with -post. Ends with the next command.
`,
			examples: `  refreshwatch check -post     also send a test message to every sink, and ping the heartbeat
`,
		},
		{
			name: watch.ActionPoll, flags: runFlags, run: runRequest,
			summary: "poll once, as the timer does",
			about: `Polls once and sends notifications about newly finished tasks. The first poll
records tasks that have already finished without notification (FIRST_RUN=notify
notifies about them).
`,
			examples: `  refreshwatch poll -dry-run     read and report, but write and send nothing
  refreshwatch poll | tail -1    the report as JSON
`,
		},
		{
			name: watch.ActionBackfill, flags: runFlags, run: runRequest,
			summary: "notify about finished tasks of the last days that were never notified",
			about: `Notifies about the tasks created in a window that have finished and were never
notified. The API keeps three days; older tasks are left out. A backfill that runs
out of time continues at the next call. Lists are separated by commas.
`,
			examples: `  refreshwatch backfill -since 24h -status Failed,Timeout -dry-run
  refreshwatch backfill -task-id 12345678 -renotify -sink ops
`,
		},
		{
			name: watch.ActionStatus, flags: runFlags, run: runRequest,
			summary: "show tasks in flight, the outbox, dead letters, the last run and today's quota",
			about: `Shows what is stored: tasks in flight, messages waiting to be sent, dead letters,
the last run; and what is left of today's quota, where the key may read it.
Changes nothing.
`,
			examples: `  refreshwatch status | tail -1 | jq .status.dead
`,
		},
		{
			name: watch.ActionRedrive, flags: runFlags, run: runRequest,
			summary: "send dead letters again, or discard them",
			about: `Puts dead letters back into the outbox and delivers them. Fix the sink first;
"refreshwatch check" says how.
`,
			examples: `  refreshwatch redrive -sink ops
  refreshwatch redrive -sink ops -discard     drop what waits for a sink that is gone
`,
		},
		{
			name: "list", flags: listFlags, run: list,
			summary: "list the tasks of the last days, as the API knows them",
			about: `Lists the tasks created in a window as the API knows them. Reads the API and nothing
else: needs no checkpoint and no sink, ignores WATCH_DOMAINS and WATCH_OBJECT_TYPES,
writes nothing and sends nothing. Lists of values are separated by commas. Exit code 1:
the list is not complete; stderr says why.
`,
			examples: `  refreshwatch list -since 24h -status Failed,Timeout
  refreshwatch list -format html >tasks.html     one page, to attach to a ticket
  refreshwatch list -format json | jq -r 'select(.status=="Failed").object_path'
`,
		},
		{
			name: "wait", args: "ID… | -", flags: waitFlags, run: wait,
			summary: "wait until tasks have finished, for a pipeline",
			about: `Blocks until every row of these task ids has finished. Reads the API and nothing else:
needs no checkpoint and no sink. With - it reads ids, or the JSON answer of a submission,
from stdin. The last line of stdout is
{"complete":n,"failed":n,"canceled":n,"open":n,"unlisted":n}: rows, and ids that the API
does not list. An id that it does not list for two minutes counts as finished and not
Complete.

  exit code 0   all Complete
            1   the API refuses, or gives no answer for two minutes; or a signal ended it
            2   a mistake in the command line or the settings
            3   time is up with something in flight
            4   all finished, something not Complete
`,
			examples: `  aliyun vod RefreshVodObjectCaches --ObjectPath https://… | refreshwatch wait -
  refreshwatch wait 12345678,12345679 -timeout 1h
`,
		},
		{
			name: "run", flags: loopFlags, run: runLoop,
			summary: "poll again and again, where there is no timer",
			about: `Polls again and again in one process: for a machine, a container, Kubernetes. A failed
poll is logged and does not stop it. Logs a line a poll on stderr. SIGTERM or SIGINT
stops it after the current poll is settled: exit code 0.
`,
			examples: `  refreshwatch run -every 30s
`,
		},
		{
			name: "preview", flags: previewFlags, run: preview,
			summary: "show the messages, or post them as samples",
			about: `Renders the messages of every configured sink on samples, in the sink's own words.
Touches no network, except with -post.
`,
			examples: `  refreshwatch preview           readable
  refreshwatch preview -json     the exact bodies, one JSON object a line
  refreshwatch preview -post     post them to your sinks, each marked "sample"
`,
		},
		{
			name: "invoke", flags: invokeFlags, run: invoke,
			summary: "run one invocation with an event, as on Function Compute",
			about: `Runs one invocation with the event in FILE, as on Function Compute.
"refreshwatch help events" describes events.
`,
			examples: `  echo '{"action":"backfill","since":"24h","dry_run":true}' | refreshwatch invoke -event -
  echo '{"triggerTime":"…","triggerName":"tick","payload":""}' | refreshwatch invoke -event -
`,
		},
		{
			name: "completion", args: "bash|zsh|fish", run: completion,
			summary: "print a script that completes commands and flags in your shell",
			about: `Prints a script that completes commands, flags and their values in a shell.
`,
			examples: `  source <(refreshwatch completion bash)      in ~/.bashrc; zsh: in ~/.zshrc, behind compinit
  refreshwatch completion fish | source       in ~/.config/fish/config.fish
`,
		},
		{
			name: "version", run: version,
			summary: "print version, commit, Go version and platform",
			about: `Prints version, commit, Go version and platform.
`,
		},
	}
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

func findCommand(name string) (command, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}

// IsCommand reports whether the program was started with a command.
func IsCommand(args []string) bool {
	return len(args) > 0 && (args[0] == "help" || slices.Contains(commandNames(), args[0]))
}
