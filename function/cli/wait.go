package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

const (
	defaultEvery       = 15 * time.Second
	defaultWaitTimeout = 30 * time.Minute

	// silentFor is how long an API that gives no answer is waited for: a passing failure
	// of the network or the service does not end the tasks.
	silentFor = 2 * time.Minute

	waitWorkers = 8  // ids asked at once, within the ceiling on requests
	mostNamed   = 20 // rows, and ids, named in the log
)

// Exit codes of wait besides the common ones.
const (
	exitTimeout = 3 // time is up with something in flight
	exitUndone  = 4 // everything has finished, something not Complete
)

// wait blocks until every row of the given task ids has finished. It asks the API and
// nothing else.
func wait(ctx context.Context, o *options, sh Shell) int {
	ids, err := waitIDs(o.args, sh.In)
	if err != nil {
		return sh.fail(err)
	}
	line, log := sh.begin(o)
	sh.OutTTY = sh.OutTTY && !o.json
	w, err := setup.ConfigureAPI(sh.Getenv, log)
	if err != nil {
		return sh.fail(err)
	}
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	run := &waitRun{
		Shell: sh, log: w.Log, line: line, every: o.every, state: newWaiting(ids), began: time.Now(),
		api: &watch.TaskIDs{Lister: &watch.Guarded{Lister: w.API, Log: w.Log}},
		now: func() time.Time { // the API's, once it is known
			skew, _ := w.API.Skew()
			return time.Now().Add(skew)
		},
	}
	exit := run.until(ctx)
	line.clear()
	if exit != 2 {
		run.finish(exit)
	}
	return exit
}

// waitRun is one wait under way.
type waitRun struct {
	Shell
	api   *watch.TaskIDs
	now   func() time.Time
	log   *slog.Logger
	line  *screen // nil where nobody looks
	every time.Duration
	state *waiting
	began time.Time

	answered bool      // once at least
	silent   time.Time // the first question without an answer since the last answer; zero for none
	logged   waited    // what the log said last
	loggedAt time.Time
}

// until asks again and again, and returns the exit code.
func (r *waitRun) until(ctx context.Context) int {
	for {
		exit, over := r.round(ctx)
		if over {
			return exit
		}
		if !r.pause(ctx) {
			return r.stopped(ctx)
		}
	}
}

// round asks once about every id that is not settled.
func (r *waitRun) round(ctx context.Context) (exit int, over bool) {
	at, began := r.now(), time.Now()
	reader := poller.NewReader(r.api, poller.State{}, waitWorkers)
	reader.Read(ctx, time.Time{}, r.questions(at)...)
	batch := reader.Batch()
	for _, id := range r.state.ids {
		if err := r.api.Malformed(id); err != nil {
			return r.fail(err), true
		}
	}
	switch {
	case batch.Calls > 0:
		r.answered, r.silent = true, time.Time{}
	case r.silent.IsZero():
		r.silent = began
	}
	r.take(batch, at)
	switch {
	case r.state.over():
		return r.verdict(), true
	case ctx.Err() != nil:
		return r.stopped(ctx), true
	case batch.Err != nil && r.pointless(batch.Err):
		r.printError(batch.Err)
		return 1, true
	case batch.Err != nil:
		r.log.Warn("no answer, trying again", "error", batch.Err.Error())
	}
	r.progress()
	return 0, false
}

// take hands the rows of each complete answer to the state.
func (r *waitRun) take(batch poller.Batch, at time.Time) {
	open := map[string]bool{}
	for _, w := range batch.Rest() {
		open[w.TaskID] = true
	}
	rows := map[string][]poller.Task{}
	for _, t := range batch.Tasks {
		rows[t.TaskID] = append(rows[t.TaskID], t)
	}
	for _, w := range batch.Windows {
		if !open[w.TaskID] {
			r.state.read(w.TaskID, rows[w.TaskID], at)
		}
	}
}

// questions are about all rows of each id, as far back as the API answers.
func (r *waitRun) questions(at time.Time) (ws []poller.Window) {
	limits := poller.DefaultLimits()
	window := poller.Span{From: at.Add(-limits.Window), To: at}
	for _, id := range r.state.pending() {
		ws = append(ws, poller.Filter{TaskID: id}.Windows(window, at, limits)...)
	}
	return ws
}

// pointless reports whether waiting cannot help: the API refuses, or has been silent for
// too long.
func (r *waitRun) pointless(err error) bool {
	var api *poller.Error
	if errors.As(err, &api) && api.Class != poller.Transient {
		return true
	}
	return !r.silent.IsZero() && time.Since(r.silent) >= silentFor
}

func (r *waitRun) verdict() int {
	if r.state.answer().allComplete() {
		return 0
	}
	return exitUndone
}

// stopped is how a wait ends that was not let finish.
func (r *waitRun) stopped(ctx context.Context) int {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		r.note(r.say("Interrupted. The tasks go on; the same command waits for them again."))
		return 1
	case !r.answered:
		r.note(r.say("The API gave no answer in %s: nothing is known of the tasks. Check the network, the proxy settings and the endpoint.", r.span(time.Since(r.began))))
		return 1
	}
	r.note(r.say("Time is up after %s with something unfinished. Give it more time (-timeout); the tasks go on.", r.span(time.Since(r.began))))
	return exitTimeout
}

// pause waits for the next round, or reports that ctx ended first. A person sees the
// seconds pass. A silent API is asked at least as often as by default: two rare
// questions would not tell a short failure from a long one.
func (r *waitRun) pause(ctx context.Context) bool {
	every := r.every
	if !r.silent.IsZero() {
		every = min(every, defaultEvery)
	}
	next := time.NewTimer(every)
	defer next.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-next.C:
			return true
		case <-ctx.Done():
			return false
		case <-second.C:
			if r.line != nil {
				r.progress()
			}
		}
	}
}

// progress rewrites the line on a terminal; elsewhere it logs what changed, and once a
// minute that nothing has.
func (r *waitRun) progress() {
	a := r.state.answer()
	if r.line != nil {
		r.line.show(r.sentence(a) + " · " + r.span(time.Since(r.began)))
		return
	}
	if !r.answered || a == r.logged && time.Since(r.loggedAt) < time.Minute {
		return
	}
	r.logged, r.loggedAt = a, time.Now()
	r.log.Info("waiting", "complete", a.Complete, "failed", a.Failed, "canceled", a.Canceled, "open", a.Open, "unlisted", a.Unlisted,
		"waited_s", int(time.Since(r.began).Seconds()))
}

// sentence is where a wait stands.
func (r *waitRun) sentence(a waited) string {
	if !r.answered {
		return r.say("the API has not answered yet")
	}
	text := r.say("%d of %d tasks finished", a.rows()-a.Open, a.rows())
	if a.rows() == 0 {
		text = r.say("not listed yet")
	} else if a.Unlisted > 0 {
		text += " · " + r.say("%d ids not listed yet", a.Unlisted)
	}
	if a.Failed+a.Canceled > 0 {
		text += " · " + r.say("%d not complete", a.Failed+a.Canceled)
	}
	return text
}

// finish names what is not as it should be, and prints the answer.
func (r *waitRun) finish(exit int) {
	undone := r.state.undone(exit == exitTimeout)
	for _, t := range undone[:min(mostNamed, len(undone))] {
		r.note(strings.TrimRight(fmt.Sprintf("%s %s %s: %s", progressOf(t), t.TaskID, poller.MaskUser(t.ObjectPath), reason(t, r.words)), ": "))
	}
	if more := len(undone) - mostNamed; more > 0 {
		r.note(r.say("… and %d more; \"refreshwatch list\" shows them", more))
	}
	r.nameUnlisted(exit)
	a := r.state.answer()
	if r.OutTTY {
		fmt.Fprintf(r.Out, "%s · %s\n", r.sentence(a), r.span(time.Since(r.began)))
	}
	answer, _ := json.Marshal(a) // numbers only
	fmt.Fprintf(r.Out, "%s\n", answer)
}

// nameUnlisted names the ids of which the API lists nothing.
func (r *waitRun) nameUnlisted(exit int) {
	about := map[int]string{
		exitUndone:  "The API does not list the task id %s: it may be older than three days. Check the id, the region and PRODUCT.",
		exitTimeout: "The API has not listed the task id %s yet. Check the id, the region and PRODUCT.",
	}[exit]
	if about == "" {
		return
	}
	unlisted := r.state.unlisted()
	for _, id := range unlisted[:min(mostNamed, len(unlisted))] {
		r.note(r.say(about, id))
	}
	if more := len(unlisted) - mostNamed; more > 0 {
		r.note(r.say("… and %d more ids that the API does not list", more))
	}
}
