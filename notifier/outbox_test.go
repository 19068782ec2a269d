package notifier

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"

	"github.com/google/go-cmp/cmp"
)

func delivery(id, to string) Delivery {
	return Delivery{Message: sink.Message{ID: id, Sink: to, Created: noon}}
}

func ids(ds []Delivery) string {
	var all []string
	for _, d := range ds {
		all = append(all, d.ID)
	}
	return fmt.Sprint(all)
}

func TestAddIsIdempotent(t *testing.T) {
	o := Outbox{Dead: []Delivery{delivery("dead", "ops")}}.Add([]Delivery{delivery("a", "ops")})
	o = o.Add([]Delivery{delivery("a", "ops"), delivery("b", "ops"), delivery("dead", "ops")})
	if ids(o.Pending) != "[a b]" || ids(o.Dead) != "[dead]" {
		t.Errorf("pending %s, dead %s", ids(o.Pending), ids(o.Dead))
	}
}

func TestClaim(t *testing.T) {
	held, over, paused, elsewhere := delivery("held", "ops"), delivery("over", "ops"), delivery("paused", "ops"), delivery("elsewhere", "gone")
	held.Owner, held.Until = "other", noon.Add(time.Second)
	over.Owner, over.Until = "other", noon // its claim ends now, on the store's clock
	paused.NotBefore = noon.Add(time.Second)
	before := Outbox{Pending: []Delivery{held, over, paused, elsewhere, delivery("free", "ops")}}
	after, mine := before.Claim("run", func(name string) bool { return name == "ops" }, noon, noon.Add(time.Minute))
	if ids(mine) != "[over free]" {
		t.Errorf("claimed %s", ids(mine))
	}
	if diff := cmp.Diff(mine, after.Claimed("run")); diff != "" {
		t.Errorf("what is claimed is not what the outbox says:\n%s", diff)
	}
	if before.Pending[4].Owner != "" {
		t.Error("the old outbox was changed")
	}
}

func TestSettle(t *testing.T) {
	claimed := func(id string, created time.Time) Delivery {
		d := delivery(id, "ops")
		d.Owner, d.Until, d.Created = "run", noon.Add(time.Minute), created
		return d
	}
	day := 24 * time.Hour
	refused := &sink.Error{Class: sink.Refused, Code: "channel_not_found", Hint: "Invite the bot"}
	o := Outbox{Pending: []Delivery{
		claimed("sent", noon), claimed("refused", noon), claimed("later", noon.Add(-8*time.Minute)), claimed("asked", noon),
		claimed("unknown", noon.Add(-day)), claimed("old", noon.Add(-4*day)), claimed("untried", noon), claimed("dropped", noon),
	}}
	taken := delivery("taken", "ops")
	taken.Owner = "other"
	o.Pending = append(o.Pending, taken)
	results := []Result{
		{ID: "sent", Attempts: 1},
		{ID: "refused", Attempts: 1, Err: refused},
		{ID: "later", Attempts: 3, Err: &sink.Error{Class: sink.Later, Code: "503"}},
		{ID: "asked", Attempts: 1, Err: &sink.Error{Class: sink.Later, Code: "ratelimited", After: 2 * time.Hour}},
		{ID: "unknown", Attempts: 1, Err: &sink.Error{Class: sink.Unknown, Code: "timeout"}, Unknown: noon},
		{ID: "old", Attempts: 1, Err: &sink.Error{Class: sink.Later, Code: "503"}},
		{ID: "dropped", Attempts: 1, Err: &sink.Error{Class: sink.Unknown, Code: "timeout"}, Dropped: true},
		{ID: "taken", Attempts: 1, Err: refused}, // a failure counts only against our own claim
	}
	got, changed := o.Settle("run", results, noon, noon)
	if !changed || ids(got.Pending) != "[later asked unknown untried taken]" || got.Pending[3].Owner != "run" || ids(got.Dead) != "[refused old]" {
		t.Fatalf("pending %s, dead %s", ids(got.Pending), ids(got.Dead))
	}
	got, changed = got.Release("run") // nothing is under way any more
	if again, more := got.Release("run"); !changed || more || ids(again.Pending) != ids(got.Pending) {
		t.Errorf("released %v, and again %v", changed, more)
	}
	for i, want := range []time.Duration{time.Minute, 2 * time.Hour, time.Hour, 0} {
		d := got.Pending[i]
		if d.Owner != "" || !d.Until.IsZero() {
			t.Errorf("%s is still claimed", d.ID)
		}
		if pause := max(0, d.NotBefore.Sub(noon)); pause != want {
			t.Errorf("%s pauses %s, want %s", d.ID, pause, want)
		}
	}
	if d := got.Pending[2]; !d.Unknown.Equal(noon) {
		t.Errorf("it is forgotten since when the outcome is unknown: %v", d.Unknown)
	}
	if d := got.Dead[0]; d.LastError != "channel_not_found. Invite the bot" || d.Attempts != 1 {
		t.Errorf("the dead one says %q after %d attempts", d.LastError, d.Attempts)
	}
	again, changed := got.Settle("run", results, noon, noon)
	if diff := cmp.Diff(got, again); changed || diff != "" {
		t.Errorf("settling twice changed something:\n%s", diff)
	}
}

// What another run took over and this one delivered after all is not sent a third
// time.
func TestSettleAfterLosingTheClaim(t *testing.T) {
	d := delivery("a", "ops")
	d.Owner = "other"
	got, changed := Outbox{Pending: []Delivery{d}}.Settle("run", []Result{{ID: "a", Attempts: 1}}, noon, noon)
	if !changed || len(got.Pending) != 0 {
		t.Errorf("still pending: %s", ids(got.Pending))
	}
	got, changed = Outbox{Dead: []Delivery{d, delivery("b", "ops")}}.Settle("run", []Result{{ID: "a", Attempts: 1}}, noon, noon)
	if !changed || ids(got.Dead) != "[b]" {
		t.Errorf("refused by the other run, accepted by this one, and still dead: %s", ids(got.Dead))
	}
}

// TestLaterEventsWait: a row's later event is not sent while its earlier one waits for
// the same sink; other sinks and other rows do not mind.
func TestLaterEventsWait(t *testing.T) {
	about := func(id, to, path string, at time.Time) Delivery {
		d := delivery(id, to)
		d.Events = []poller.Event{{Observed: at, Task: poller.Task{Key: poller.Key{TaskID: "1", ObjectPath: path}}}}
		return d
	}
	failed := about("failed", "ops", "/a", noon)
	failed.NotBefore = noon.Add(time.Hour) // paused
	o := Outbox{}.Add([]Delivery{about("complete", "ops", "/a", noon.Add(time.Minute)), failed, about("other", "ops", "/b", noon), about("elsewhere", "hook", "/a", noon.Add(time.Minute))})
	any := func(string) bool { return true }
	o, mine := o.Claim("run", any, noon, noon.Add(time.Minute))
	if ids(mine) != "[other elsewhere]" {
		t.Errorf("claimed %s", ids(mine))
	}
	o, mine = o.Claim("run", any, noon.Add(time.Hour), noon.Add(2*time.Hour))
	if ids(mine) != "[failed other elsewhere]" { // two of them again, their claims have expired
		t.Errorf("an hour later claimed %s", ids(mine))
	}
	o, _ = o.Settle("run", []Result{{ID: "failed", Attempts: 1}}, noon, noon)
	if _, mine = o.Claim("run2", any, noon.Add(time.Hour), noon.Add(2*time.Hour)); ids(mine) != "[complete]" {
		t.Errorf("after it was accepted: %s", ids(mine))
	}
}

// Two deliveries that each have the later event of one row and the earlier of another
// do not wait for each other for ever.
func TestNoTwoWaitForEachOther(t *testing.T) {
	event := func(path string, at time.Time) poller.Event {
		return poller.Event{Observed: at, Task: poller.Task{Key: poller.Key{TaskID: "1", ObjectPath: path}}}
	}
	one, two := delivery("one", "ops"), delivery("two", "ops")
	one.Events = []poller.Event{event("/a", noon), event("/b", noon.Add(3*time.Minute))}
	two.Events = []poller.Event{event("/a", noon.Add(time.Minute)), event("/b", noon.Add(2*time.Minute))}
	o := Outbox{}.Add([]Delivery{one, two})
	var order []string
	for range 2 {
		var mine []Delivery
		o, mine = o.Claim("run", func(string) bool { return true }, noon, noon.Add(time.Minute))
		for _, d := range mine {
			order = append(order, d.ID)
			o, _ = o.Settle("run", []Result{{ID: d.ID, Attempts: 1}}, noon, noon)
		}
	}
	if fmt.Sprint(order) != "[two one]" {
		t.Errorf("sent %v", order)
	}
}

func TestRedrive(t *testing.T) {
	d := delivery("a", "ops")
	d.Attempts, d.NotBefore, d.LastError, d.Unknown = 4, noon, "gone", noon
	o := Outbox{Dead: []Delivery{d, delivery("b", "hook")}}
	never := func(poller.Event) bool { return false }
	got, superseded := o.Redrive(func(name string) bool { return name == "ops" }, never, noon.Add(time.Hour))
	if superseded != 0 {
		t.Errorf("%d superseded", superseded)
	}
	if ids(got.Pending) != "[a]" || ids(got.Dead) != "[b]" || len(o.Dead) != 2 {
		t.Fatalf("pending %s, dead %s", ids(got.Pending), ids(got.Dead))
	}
	if d := got.Pending[0]; !d.NotBefore.IsZero() || d.Attempts != 0 || !d.Created.Equal(noon.Add(time.Hour)) || d.Unknown.IsZero() {
		t.Errorf("revived as %+v", d)
	}
}

// What a dead letter says must still be so when it is sent again; one row of several is
// enough.
func TestRedriveDropsStaleVerdicts(t *testing.T) {
	event := func(path string) poller.Event {
		return poller.Event{Task: poller.Task{Key: poller.Key{ObjectPath: path}}}
	}
	letter := func(id string, paths ...string) Delivery {
		d := delivery(id, "ops")
		for _, p := range paths {
			d.Events = append(d.Events, event(p))
		}
		return d
	}
	o := Outbox{Dead: []Delivery{letter("stale", "/old"), letter("half", "/old", "/now"), letter("fresh", "/now"), letter("notice")}}
	stale := func(e poller.Event) bool { return e.Task.ObjectPath == "/old" }
	got, superseded := o.Redrive(func(string) bool { return true }, stale, noon)
	if superseded != 1 || ids(got.Pending) != "[half fresh notice]" || len(got.Dead) != 0 {
		t.Errorf("%d superseded, pending %s", superseded, ids(got.Pending))
	}
}

// A clock that was ahead when a run claimed or paused a delivery, by hours or by days,
// holds nothing back once it is right again; a claim of a run that is alive does.
func TestAClaimFromTheFutureHoldsNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ahead time.Duration // the clock of the run that claimed it, half a minute ago
		want  bool          // it may be claimed
	}{
		{"right", 0, false}, {"ten minutes", 10 * time.Minute, false}, {"eight hours", 8 * time.Hour, true}, {"ten days", 240 * time.Hour, true}, {"behind", -8 * time.Hour, true},
	} {
		then := noon.Add(tt.ahead - 30*time.Second)
		o, mine := Outbox{}.Add([]Delivery{delivery("a", "ops")}).Claim("killed", anySink, then, then.Add(time.Minute))
		if len(mine) != 1 {
			t.Fatal(tt.name)
		}
		if _, mine = o.Claim("next", anySink, noon, noon.Add(time.Minute)); (len(mine) == 1) != tt.want {
			t.Errorf("claimed, %s: free %v", tt.name, len(mine) == 1)
		}
		wait := &sink.Error{Class: sink.Later, After: 10 * time.Minute, Err: errors.New("busy")}
		o, _ = o.Settle("killed", []Result{{ID: "a", Attempts: 1, Err: wait}}, then, time.Time{})
		if _, mine = o.Claim("next", anySink, noon, noon.Add(time.Minute)); (len(mine) == 1) != tt.want {
			t.Errorf("paused, %s: free %v", tt.name, len(mine) == 1)
		}
	}
}

// Without a clock that somebody else confirms, nothing is dead for its age.
func TestNothingDiesByALoneClock(t *testing.T) {
	now := noon.Add(giveUpAfter + time.Hour)
	o, _ := Outbox{Pending: []Delivery{delivery("a", "ops")}}.Claim("run", anySink, now, now.Add(time.Minute))
	failed := []Result{{ID: "a", Attempts: 1, Err: &sink.Error{Class: sink.Later, Err: errors.New("busy")}}}
	for _, tt := range []struct {
		sure time.Time
		dead int
	}{{time.Time{}, 0}, {noon, 0}, {now, 1}} {
		if got, _ := o.Settle("run", failed, now, tt.sure); len(got.Dead) != tt.dead {
			t.Errorf("sure of %v: %d dead", tt.sure, len(got.Dead))
		}
	}
}

func TestDropOrphans(t *testing.T) {
	o := Outbox{Pending: []Delivery{delivery("a", "ops"), delivery("b", "gone")}, Dead: []Delivery{delivery("c", "gone"), delivery("d", "ops")}}
	configured := func(name string) bool { return name == "ops" }
	if kept, n := o.DropOrphans(configured, noon.Add(30*24*time.Hour)); n != 0 || ids(kept.Pending) != "[a b]" {
		t.Errorf("%d dropped too early", n)
	}
	if _, n := o.DropOrphans(configured, time.Time{}); n != 0 {
		t.Errorf("%d dropped by a clock that nobody confirms", n)
	}
	kept, n := o.DropOrphans(configured, noon.Add(30*24*time.Hour+1))
	if n != 2 || ids(kept.Pending) != "[a]" || ids(kept.Dead) != "[d]" {
		t.Errorf("%d dropped; pending %s, dead %s", n, ids(kept.Pending), ids(kept.Dead))
	}
}

// A sink's share of the outbox is used up by what is dead as well as by what waits.
func TestBytesForASink(t *testing.T) {
	o := Outbox{Pending: []Delivery{delivery("a", "ops"), delivery("b", "hook")}}
	one := o.BytesFor("ops")
	o.Dead = []Delivery{delivery("c", "ops"), delivery("d", "gone")}
	if both := o.BytesFor("ops"); one < 100 || both != 2*one {
		t.Errorf("one delivery takes %d bytes, and with a dead one %d", one, both)
	}
}

func TestOldest(t *testing.T) {
	if !(Outbox{}).Oldest().IsZero() {
		t.Error("an empty outbox has an oldest event")
	}
	d := Batch("ops", sink.Batched, events(2, oneTask), noon.Add(time.Hour))[0]
	if got := (Outbox{Pending: []Delivery{delivery("x", "ops"), d}}).Oldest(); !got.Equal(noon) {
		t.Errorf("oldest is %v", got)
	}
}

func TestLease(t *testing.T) {
	work, deadline := noon.Add(50*time.Second), noon.Add(60*time.Second)
	lease := NewLease(noon, noon.Add(time.Second), work, deadline)
	for at, want := range map[time.Duration]bool{0: true, 49 * time.Second: true, 61 * time.Second: true, 63 * time.Second: false, time.Hour: false} {
		if got := lease.MayStart(noon.Add(at)); got != want {
			t.Errorf("%s after the load a send may start: %v", at, got)
		}
	}
	// Less would leave no time to record what the last send came to: 5 s, and the clocks.
	if hold := lease.TTL - deadline.Sub(noon.Add(time.Second)); hold > 15*time.Second || hold < 10*time.Second {
		t.Errorf("claims outlive the deadline by %s; the contract allows 15 s, and recording takes up to 10", hold)
	}
}

// An instance that was frozen finds its monotonic clock where it was; the wall
// clock has moved on, and the claims may be somebody else's. A wall clock that was set
// back says nothing of what has passed, either.
func TestLeaseAfterFreeze(t *testing.T) {
	asked := time.Now()
	lease := NewLease(asked, asked, asked.Add(50*time.Second), asked.Add(60*time.Second))
	if !lease.MayStart(asked) {
		t.Fatal("a fresh lease does not allow a send")
	}
	for name, passed := range map[string]struct{ wall, monotonic time.Duration }{
		"frozen": {2 * time.Minute, 0}, "set back": {0, 2 * time.Minute},
	} {
		now := asked.Add(passed.wall)
		// Only the runtime makes such a time: package time keeps both clocks in its first two words.
		(*[2]int64)(unsafe.Pointer(&now))[1] += int64(passed.monotonic - passed.wall)
		if now.Sub(asked) != passed.monotonic || now.Round(0).Sub(asked.Round(0)) != passed.wall {
			t.Fatalf("%s: by the monotonic clock %v have passed, by the wall clock %v", name, now.Sub(asked), now.Round(0).Sub(asked.Round(0)))
		}
		if lease.MayStart(now) {
			t.Errorf("%s: a send may start two minutes late", name)
		}
	}
}

// A claim, a pause or a wait that lies further ahead than any can reach was written by
// a clock that was wrong: it must not hold a delivery back for days.
func TestClaimOfAClockThatWasWrong(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	all := func(string) bool { return true }
	for _, tt := range []struct {
		name  string
		ahead time.Duration
		free  bool
	}{
		{"a minute", time.Minute, false}, {"a day", 24 * time.Hour, false}, {"a day and a minute", 24*time.Hour + time.Minute, true}, {"ten days", 240 * time.Hour, true},
	} {
		at := now.Add(tt.ahead)
		for field, d := range map[string]Delivery{
			"claimed until": {Owner: "killed-1", Until: at}, "paused until": {NotBefore: at}, "held until": {HeldUntil: at},
		} {
			d.ID, d.Sink = "d_1", "ops"
			_, mine := Outbox{Pending: []Delivery{d}}.Claim("run", all, now, now.Add(time.Minute))
			if (len(mine) == 1) != tt.free {
				t.Errorf("%s %s ahead: claimed %v, want %v", field, tt.name, len(mine) == 1, tt.free)
			}
		}
	}
	if l := NewLease(now, now, now, now.Add(1000*time.Hour)); l.TTL > longestTTL {
		t.Errorf("a run of 1000 hours claims for %s, longer than what counts as a claim", l.TTL)
	}
}

func anySink(string) bool { return true }

// What waits for removed sinks takes what room the others leave of the outbox, the newest
// of it: two sinks that are down and get other names would otherwise fill it twice.
func TestOrphansGiveWay(t *testing.T) {
	long := poller.Event{Task: poller.Task{Key: poller.Key{ObjectPath: strings.Repeat("x", 4000)}}}
	of := func(sink string, n int) (all []Delivery) {
		for i := range n {
			d := delivery(fmt.Sprint(sink, i), sink)
			d.Created, d.Events = noon.Add(time.Duration(i)*time.Second), []poller.Event{long}
			all = append(all, d)
		}
		return all
	}
	isLive := func(sink string) bool { return sink == "live" }
	fits := MaxBytes / of("x", 1)[0].bytes()
	for _, tt := range []struct{ live, gone, dead, want int }{
		{0, 10, 10, 20}, {fits - 30, 10, 10, 20}, {fits - 10, 10, 10, 10}, {fits, 10, 10, 0}, {fits + 5, 10, 0, 0}, {fits + 5, 0, 0, 0},
	} {
		o := Outbox{Pending: append(of("live", tt.live), of("gone", tt.gone)...), Dead: of("dead", tt.dead)}
		kept, dropped := o.DropOrphans(isLive, time.Time{})
		left := kept.Orphans(isLive)["gone"] + kept.Orphans(isLive)["dead"]
		if len(kept.Pending)+len(kept.Dead) != tt.live+left || dropped != tt.gone+tt.dead-left || left != tt.want {
			t.Errorf("%+v: %d orphans left, %d dropped, %d in all", tt, left, dropped, len(kept.Pending)+len(kept.Dead))
		}
		for i := range kept.Pending {
			if d := kept.Pending[i]; d.Sink == "gone" && d.Created.Before(noon.Add(time.Duration(10-tt.want/2)*time.Second)) {
				t.Errorf("%+v: kept %s, and dropped a later one", tt, d.ID)
			}
		}
	}
}
