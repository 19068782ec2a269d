package watch

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// stage is one effect of a tick, and what each fault at it may cost: an error code,
// and sinks that are notified a second time under the same delivery id. What is not
// listed costs nothing.
type stage struct {
	what  string
	op    string // as in process.meets
	n     int    // which one of its op
	code  map[effect]string
	twice map[effect][]string
}

var both = []string{"ops", "hook"}

// stages are all effects of a tick that has something to notify two sinks and
// something to collect. A sink is notified twice only where its answer was lost, or
// where nobody recorded that it was notified.
func stages() []stage {
	unread := map[effect]string{
		failed: CodeCheckpoint, lost: CodeCheckpoint, late: CodeCheckpoint, slow: CodeCheckpoint, tardy: CodeCheckpoint,
	}
	unanswered := map[effect]string{
		failed: CodeAPIUnavailable, lost: CodeAPIUnavailable, late: CodeAPIUnavailable, slow: CodeAPIUnavailable, tardy: CodeAPIUnavailable,
	}
	outOfTime := map[effect]string{slow: CodeCheckpoint, tardy: CodeCheckpoint}
	unsure := func(sink string) map[effect][]string {
		return map[effect][]string{lost: {sink}, tardy: {sink}, killed: both, died: both}
	}
	return []stage{
		{what: "load the hint", op: "store get", n: 1, code: unread},
		{what: "load the listing", op: "store list", n: 1, code: unread},
		{what: "load the head", op: "store get", n: 2, code: unread},
		{what: "look for a newer head", op: "store get", n: 3, code: unread},
		{what: "ask the API", op: "api", n: 1, code: unanswered},
		{what: "commit", op: "store create", n: 1, code: outOfTime},
		{what: "put the commit's hint", op: "store put", n: 1},
		{what: "send to ops", op: "send ops", n: 1, twice: unsure("ops")},
		{what: "send to hook", op: "send hook", n: 1, twice: unsure("hook")},
		{what: "settle", op: "store create", n: 2, code: outOfTime, twice: map[effect][]string{killed: both, slow: both}},
		{what: "put the settlement's hint", op: "store put", n: 2},
		{what: "collect: list", op: "store list", n: 2},
		{what: "collect: the first removal", op: "store remove", n: 1},
		{what: "collect: the last removal", op: "store remove", n: removals},
	}
}

var effectNames = map[effect]string{
	failed: "failed", lost: "answer lost", late: "landed after its error", slow: "slow", tardy: "slow but landed",
	killed: "killed before", died: "killed after",
}

// removals is how many generations the tick of eventful can collect.
const removals = 18

// eventful is a world in which the next tick has one message for each of two sinks,
// and old generations to collect.
func eventful(t *testing.T) *world {
	w := newWorld(t, "ops", "hook")
	for i := range 3 {
		w.add(apitest.Task{Key: key(i), Created: time.Now(), Steps: apitest.Finish(90 * time.Second)})
	}
	w.poll()
	head := w.load()
	for head.Generation < 41 {
		var err error
		if head, err = w.store.Swap(t.Context(), head, head.Data); err != nil {
			t.Fatal(err)
		}
	}
	w.store.Age(2 * time.Hour)
	time.Sleep(2 * time.Minute)
	return w
}

// load reads the head behind the program's back.
func (w *world) load() checkpoint.Doc {
	w.t.Helper()
	head, err := w.store.Process(nil).Load(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return head
}

// strikes is a fault for the n-th of an op.
func strikes(op string, n int, e effect) func(string) effect {
	met := 0
	return func(at string) effect {
		if at != op {
			return fine
		}
		if met++; met != n {
			return fine
		}
		return e
	}
}

// The table names every effect there is: a new one has to be added to it.
func TestStagesAreAllEffects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := eventful(t).process()
		if _, err, _ := p.run(Request{Action: ActionPoll}); err != nil {
			t.Fatal(err)
		}
		want, got := map[string]int{}, map[string]int{}
		for _, s := range stages() {
			want[s.op] = max(want[s.op], s.n)
		}
		for _, op := range p.steps {
			got[op]++
		}
		if !maps.Equal(want, got) {
			t.Errorf("the table has %v, the tick %v", want, got)
		}
	})
}

func TestFaultTable(t *testing.T) {
	for _, s := range stages() {
		for _, e := range slices.Sorted(maps.Keys(effectNames)) {
			t.Run(s.what+"/"+effectNames[e], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { s.suffers(t, e) })
			})
		}
	}
}

// suffers lets the fault happen to a tick, and then two undisturbed ones run past
// its claims.
func (s stage) suffers(t *testing.T, e effect) {
	w := eventful(t)
	victim, met := w.process(), false
	strike := strikes(s.op, s.n, e)
	victim.fault = func(op string) effect {
		struck := strike(op)
		met = met || struck != fine
		return struck
	}
	began := time.Now()
	_, err, alive := victim.run(Request{Action: ActionPoll})
	took := time.Since(began)
	switch {
	case !met:
		t.Fatal("the tick never came so far")
	case alive && (e == killed || e == died) && s.op != "store remove":
		t.Error("the process lived on")
	case alive && Code(err) != s.code[e]:
		t.Errorf("ended with %v, want code %q", err, s.code[e])
	case took > runTimeout:
		t.Errorf("ran for %v, its deadline was %v", took, runTimeout)
	}
	time.Sleep(runTimeout + 15*time.Second - took) // what a dead run claimed is held no longer
	w.poll()
	time.Sleep(time.Minute)
	if last := w.poll(); last.Sent+last.New+last.Retrying > 0 {
		t.Errorf("the second undisturbed tick still had work: %+v", last)
	}
	for _, b := range w.sinks {
		for i := range 3 {
			if n := len(b.notifications[key(i)]); n != 1 {
				t.Errorf("%s: task %d was notified under %d delivery ids", b.name, i, n)
			}
		}
		most := 0
		if slices.Contains(s.twice[e], b.name) {
			most = 1
		}
		if n := b.repeats(); n > most {
			t.Errorf("%s got %d messages again, want at most %d", b.name, n, most)
		}
	}
	if left := w.head().Outbox; len(left.Pending)+len(left.Dead) > 0 {
		t.Errorf("the outbox still holds %+v", left)
	}
}

// A sink that takes all the time there is does not keep the other's success from
// being recorded, nor its own next attempt waiting for the claim to end.
func TestSettlesAfterTheSendsWereCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := eventful(t)
		p := w.process()
		p.timeout = 12 * time.Second // less than one attempt at a hanging sink
		p.fault = func(op string) effect {
			if op == "send hook" {
				return slow
			}
			return fine
		}
		began := time.Now()
		report, err, _ := p.run(Request{Action: ActionPoll})
		if took := time.Since(began); err != nil || report.Sent != 1 || report.Retrying != 1 || took > p.timeout {
			t.Errorf("%+v, %v in %v; want one sent and one waiting", report, err, took)
		}
		time.Sleep(5 * time.Second) // the claim ends after 22
		if report := w.poll(); report.Sent != 1 || report.Retrying != 0 {
			t.Errorf("the next tick: %+v, want the other one sent", report)
		}
		w.notifiedOnce(3)
	})
}

// Two faults in one tick: what the first leaves behind must not weaken the defence
// against the second.
func TestTwoFaults(t *testing.T) {
	effects := []effect{failed, lost, late, killed, died}
	all := stages()
	for i, first := range all {
		for _, second := range all[i:] {
			for n, e := range effects {
				f := effects[(n+i)%len(effects)]
				name := fmt.Sprintf("%s %s, then %s %s", first.what, effectNames[e], second.what, effectNames[f])
				synctest.Test(t, func(t *testing.T) { suffersBoth(t, name, first, second, e, f) })
			}
		}
	}
}

func suffersBoth(t *testing.T, name string, first, second stage, e, f effect) {
	w := eventful(t)
	victim := w.process()
	a, b := strikes(first.op, first.n, e), strikes(second.op, second.n+1, f)
	victim.fault = func(op string) effect {
		if struck := a(op); struck != fine {
			b(op)
			return struck
		}
		return b(op)
	}
	victim.run(Request{Action: ActionPoll})
	time.Sleep(runTimeout + 15*time.Second)
	w.poll()
	for _, b := range w.sinks {
		for i := range 3 {
			if n := len(b.notifications[key(i)]); n != 1 {
				t.Errorf("%s: %s: task %d was notified under %d delivery ids", name, b.name, i, n)
			}
		}
		if n := b.repeats(); n > 2 {
			t.Errorf("%s: %s got %d messages again", name, b.name, n)
		}
	}
}
