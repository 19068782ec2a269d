package watch

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// The model is only worth what it has in common with the code. Here its claim,
// settle and deadline rule are compared with those of notifier, on every outbox that
// the model can hold.

var refineNow = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// everyOutbox are the outboxes of two deliveries, two runs, claims and waits of up to two
// ticks, and claims that a clock days ahead has dated.
func everyOutbox() (docs []modelDoc) {
	one := []modelDelivery{{}, {rows: 1}}
	for owner := range uint8(2) {
		for _, left := range []uint8{0, 1, 2, modelForever} {
			one = append(one, modelDelivery{rows: 1, owner: owner + 1, left: left})
		}
	}
	for wait := range uint8(refineHold + 1) {
		one = append(one, modelDelivery{rows: 1, held: true, wait: wait})
	}
	for _, a := range one {
		for _, b := range one {
			if b.rows != 0 {
				b.rows = 2
			}
			docs = append(docs, modelDoc{outbox: [modelIDs]modelDelivery{a, b}})
		}
	}
	return docs
}

func everyResult() (all [][modelIDs]modelResult) {
	for a := untried; a <= unanswered; a++ {
		for b := untried; b <= unanswered; b++ {
			all = append(all, [modelIDs]modelResult{a, b})
		}
	}
	return all
}

// real is the outbox that the model's stands for; ticks are seconds.
func (d modelDoc) real() (o notifier.Outbox) {
	for id, item := range d.outbox {
		if item.rows == 0 {
			continue
		}
		first := refineNow
		if item.held {
			first = refineNow.Add(time.Duration(item.wait)*time.Second - refineHold*time.Second)
		}
		r := notifier.Delivery{Message: sink.Message{ID: rowName(id), Sink: "ops", Kind: poller.Finished, Events: realEvents(item.rows, first), Created: refineNow}}
		if item.held {
			r.HeldUntil = first.Add(refineHold * time.Second)
		}
		if item.owner > 0 {
			r.Owner, r.Until = refineOwner(item.owner), refineNow.Add(time.Duration(item.left)*time.Second)
		}
		if item.left == modelForever {
			r.Until = refineNow.Add(10 * 24 * time.Hour)
		}
		o.Pending = append(o.Pending, r)
	}
	return o
}

// refineHold is the model's hold, in ticks.
const refineHold = 2

// realEvents are rows of one submission, first seen finished at a time.
func realEvents(rows uint8, seen time.Time) (events []poller.Event) {
	for row := range modelRows {
		if rows&(1<<row) != 0 {
			events = append(events, poller.Event{Kind: poller.Finished, Observed: seen, Task: poller.Task{
				Key: poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: rowName(row)}, Status: poller.Complete,
			}})
		}
	}
	return events
}

func refineOwner(owner uint8) string { return fmt.Sprintf("run-%d", owner) }

// modelled is the reverse of real.
func modelled(o notifier.Outbox) (d modelDoc) {
	for _, r := range o.Pending {
		item := modelDelivery{held: !r.HeldUntil.IsZero()}
		for _, e := range r.Events {
			item.rows |= 1 << (e.Task.ObjectPath[0] - 'a')
		}
		if item.held {
			item.wait = uint8(max(0, r.HeldUntil.Sub(refineNow)) / time.Second)
		}
		if r.Owner != "" {
			fmt.Sscanf(r.Owner, "run-%d", &item.owner)
			item.left = uint8(min(modelForever, max(0, r.Until.Sub(refineNow))/time.Second))
		}
		d.outbox[item.rows-1] = item
	}
	return d
}

func realResults(res [modelIDs]modelResult) (results []notifier.Result) {
	for id, r := range res {
		switch r {
		case accepted:
			results = append(results, notifier.Result{ID: rowName(id), Attempts: 1})
		case unanswered:
			results = append(results, notifier.Result{ID: rowName(id), Attempts: 1, Unknown: refineNow,
				Err: &sink.Error{Class: sink.Unknown, Code: "timeout", Err: fmt.Errorf("no answer")}})
		}
	}
	return results
}

func TestModelClaimsAsTheOutbox(t *testing.T) {
	const ttl = 3
	everywhere := func(string) bool { return true }
	for _, doc := range everyOutbox() {
		for owner := uint8(1); owner <= 2; owner++ {
			want, mine := doc.real().Claim(refineOwner(owner), everywhere, refineNow, refineNow.Add(ttl*time.Second))
			got, claimed := doc.claim(owner, doc.claimable(0), ttl)
			if got != modelled(want) || claimed != (len(mine) > 0) {
				t.Errorf("%v claimed by %d: the model says %v, the outbox %v", doc, owner, got, modelled(want))
			}
			if got, want := doc.holds(owner), len(doc.real().Claimed(refineOwner(owner))) > 0; got != want {
				t.Errorf("%v: %d holds a claim: the model says %v, the outbox %v", doc, owner, got, want)
			}
		}
	}
}

func TestModelRegroupsAsTheOutbox(t *testing.T) {
	m := &model{hold: refineHold}
	n := 0
	for _, doc := range everyOutbox() {
		for rows := range uint8(1 << modelRows) {
			if doc.waiting()&rows != 0 {
				continue // a row finishes once
			}
			for _, inFlight := range []bool{false, true} {
				var routed []notifier.Routed
				for _, e := range realEvents(rows, refineNow) {
					routed = append(routed, notifier.Routed{Event: e})
				}
				waiting := 0
				if inFlight {
					waiting = 1
				}
				want := doc.real().Regroup("ops", routed, notifier.Hold{Wait: refineHold * time.Second, InFlight: func(string) int { return waiting }}, refineNow)
				if got := m.regroup(doc, rows, inFlight); got != modelled(want) {
					t.Errorf("%v with rows %b, in flight %v: the model says %v, the outbox %v", doc, rows, inFlight, got, modelled(want))
				}
				n++
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d cases", n)
	}
}

func TestModelSettlesAsTheOutbox(t *testing.T) {
	for _, doc := range everyOutbox() {
		for _, res := range everyResult() {
			want, wantChanged := doc.real().Settle(refineOwner(1), realResults(res), refineNow, refineNow)
			got, changed := doc.settle(1, res)
			if got != modelled(want) || changed != wantChanged {
				t.Errorf("%v settled with %v: the model says %v %v, the outbox %v %v", doc, res, got, changed, modelled(want), wantChanged)
			}
			want, wantChanged = want.Release(refineOwner(1))
			if got, changed = got.release(1); got != modelled(want) || changed != wantChanged {
				t.Errorf("%v settled with %v and released: the model says %v %v, the outbox %v %v", doc, res, got, changed, modelled(want), wantChanged)
			}
		}
	}
}

// Settling twice is settling once, and two runs may settle in either order: so a
// settling may be repeated until it is recorded, whatever happened in between.
func TestSettlingIsIdempotentAndCommutes(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	settle := func(o notifier.Outbox, owner uint8, res [modelIDs]modelResult) notifier.Outbox {
		o, _ = o.Settle(refineOwner(owner), realResults(res), refineNow, refineNow)
		o, _ = o.Release(refineOwner(owner))
		return o
	}
	for _, doc := range everyOutbox() {
		for _, one := range everyResult() {
			once := settle(doc.real(), 1, one)
			if again, changed := once.Settle(refineOwner(1), realResults(one), refineNow, refineNow); changed {
				t.Errorf("%v settled with %v, and again: %s", doc, one, cmp.Diff(once, again))
			}
			for _, other := range everyResult() {
				a, b := settle(once, 2, other), settle(settle(doc.real(), 2, other), 1, one)
				if !slices.EqualFunc(a.Pending, b.Pending, sameDelivery) || len(a.Dead)+len(b.Dead) > 0 {
					t.Errorf("%v: run 1 settles %v and run 2 %v, the order matters: %s", doc, one, other, cmp.Diff(a, b))
				}
			}
		}
	}
}

func sameDelivery(a, b notifier.Delivery) bool { return reflect.DeepEqual(a, b) }

// The model's deadline rule, with a tick of a second, is the lease's.
func TestModelStartsAsTheLease(t *testing.T) {
	ticks := func(d time.Duration) uint8 { return uint8(d / time.Second) }
	m := &model{margin: modelMargin{
		post: ticks(sink.PostTimeout), commit: ticks(notifier.CommitBound),
		skew: ticks(notifier.ClockSkew), tick: ticks(notifier.StoreTick),
	}}
	for ttl := range uint8(60) {
		for elapsed := range uint8(60) {
			lease := notifier.Lease{Asked: refineNow, TTL: time.Duration(ttl) * time.Second, Work: refineNow.Add(time.Hour)}
			want := lease.MayStart(refineNow.Add(time.Duration(elapsed) * time.Second))
			m.ttl[0] = ttl
			var s modelState
			s.run[0].elapsed = elapsed
			if got := m.mayStart(&s, 0); got != want {
				t.Fatalf("TTL %d, %d elapsed: the model says %v, the lease %v", ttl, elapsed, got, want)
			}
		}
	}
}

// In the model a pause between sends ends so early that the settling can still be
// done before the claims end. That is so for every time a run may be given.
func TestWorkEndsBeforeTheClaims(t *testing.T) {
	for total := time.Second; total <= 24*time.Hour; total = total*5/4 + time.Millisecond {
		deadline := refineNow.Add(total)
		b := newBudget(refineNow, deadline)
		for _, loaded := range []time.Time{refineNow, refineNow.Add(total / 2), b.work} {
			lease := notifier.NewLease(loaded, loaded, b.work, deadline)
			spare := lease.Asked.Add(lease.TTL).Sub(b.work)
			if need := notifier.CommitBound + notifier.ClockSkew + notifier.StoreTick; spare < need || b.settle > notifier.CommitBound {
				t.Errorf("of %v, loaded after %v: %v are left after the last send, which take up to %v to record; needed %v",
					total, loaded.Sub(refineNow), spare, b.settle, need)
			}
		}
	}
}
