package cli

import (
	"fmt"
	"slices"

	"refreshwatch/function/watch"
)

// help prints the whole help, or that of one command.
func help(args []string, sh Shell) int {
	if len(args) == 0 {
		fmt.Fprint(sh.Out, helpText)
		return 0
	}
	text, ok := commandHelp[args[0]]
	if !ok {
		return sh.fail(watch.Usage("%s: unknown command%s", args[0], watch.DidYouMean(args[0], slices.Sorted(slices.Values(commands)))))
	}
	fmt.Fprint(sh.Out, text)
	return 0
}

const helpText = `refreshwatch tells you when VOD refresh and prefetch tasks are over.

  refreshwatch demo       see the whole job in ten seconds; no account needed
  refreshwatch check      is everything set up? says what to do next
  refreshwatch poll       look once, as the timer does
  refreshwatch backfill   tell what finished in the last days and was never told
  refreshwatch status     what is in flight, waiting, given up
  refreshwatch redrive    send again what was given up
  refreshwatch preview    see the messages; touches no network
  refreshwatch invoke     one invocation with an event, as on Function Compute

Try it:
  export ALIBABA_CLOUD_ACCESS_KEY_ID=… ALIBABA_CLOUD_ACCESS_KEY_SECRET=…
  refreshwatch check
  refreshwatch backfill -since 24h -status Failed -dry-run

All commands take -timeout D (default 5m). "refreshwatch help COMMAND" tells more.
Settings come from the environment; function/README.md lists them.
`

var commandHelp = map[string]string{
	"poll": `refreshwatch poll [-dry-run] [-timeout 5m]

Looks once and tells what is newly Complete or Failed. The first poll remembers
what is finished already without telling it (FIRST_RUN=notify tells it).

  refreshwatch poll -dry-run     look, but write and send nothing
  refreshwatch poll | tail -1    the report as JSON
`,
	"backfill": `refreshwatch backfill [flags]

Tells which tasks created in a window have ended and were never told. The API keeps
three days; what is older is left out.

  -since D          that far back, such as 24h or 3d (default 72h)
  -from T, -to T    or from and to a time, such as 2026-11-20T00:00:00Z
  -status S         Complete or Failed, in the API's spelling
  -object-type S    file, directory or preload
  -domain S         cdn.example.com or *.example.com
  -task-id S        one task
  -object-path S    one object
  -sink NAME        tell only this sink; the others count as told, too
  -renotify         tell also what was told before
  -dry-run          look, but write and send nothing
  -timeout D        a long backfill that runs out of time goes on at the next call

Lists are separated by commas.

  refreshwatch backfill -since 24h -status Failed -dry-run
  refreshwatch backfill -task-id 12345678 -renotify -sink ops
`,
	"status": `refreshwatch status

Shows what is remembered: tasks in flight, messages waiting, messages given up, the
last run. Reads the checkpoint and nothing else.

  refreshwatch status | tail -1 | jq .status.dead
`,
	"redrive": `refreshwatch redrive [-sink NAME]

Puts messages that were given up back into the outbox and sends them. Mend the sink
first; "refreshwatch check" says how.
`,
	"check": `refreshwatch check [-post]

Verifies what a deployment needs, one line an item: credentials, clock, permission
on the API, the checkpoint, each sink, templates. Posts nothing.

  refreshwatch check -post     also send a test message to every sink
`,
	"preview": `refreshwatch preview [-json]

Renders the messages of every configured sink on samples. Touches no network.

  refreshwatch preview           readable
  refreshwatch preview -json     the exact bodies, one JSON object a line
`,
	"invoke": `refreshwatch invoke -event FILE

One invocation with the event in FILE (- reads stdin), as on Function Compute.

  echo '{"action":"backfill","since":"24h","dry_run":true}' | refreshwatch invoke -event -
  echo '{"triggerTime":"…","triggerName":"tick","payload":""}' | refreshwatch invoke -event -
`,
	"demo": `refreshwatch demo

The whole job against a simulated API on this machine: tasks that finish and fail
over a few ticks, the messages about them, and a second run that has nothing to say.
Needs no account and leaves nothing behind.
`,
}
