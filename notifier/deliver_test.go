package notifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// scripted answers each send of a delivery with the next of its errors; the last
// one stays.
type scripted struct {
	mu     sync.Mutex
	errs   map[string][]error
	sends  []string
	seenAt []time.Time
	marked []bool // the delivery said that an earlier attempt may have arrived
}

func (s *scripted) Send(_ context.Context, m sink.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sends, s.seenAt, s.marked = append(s.sends, m.ID), append(s.seenAt, time.Now()), append(s.marked, !m.Unknown.IsZero())
	errs := s.errs[m.ID]
	if len(errs) == 0 {
		return nil
	}
	if len(errs) > 1 {
		s.errs[m.ID] = errs[1:]
	}
	return errs[0]
}

func TestDeliver(t *testing.T) {
	later, unknown, refused := &sink.Error{Class: sink.Later, Code: "503"}, &sink.Error{Class: sink.Unknown, Code: "reset"}, &sink.Error{Class: sink.Refused, Code: "410"}
	asks := &sink.Error{Class: sink.Later, Code: "429", After: 4 * time.Second}
	asksTooLong := &sink.Error{Class: sink.Later, Code: "429", After: time.Hour}
	odd := sink.Unreadable("not ok", sink.Answer{Status: 200})
	claimed := []Delivery{delivery("a", "ops"), delivery("b", "ops")}

	for name, tt := range map[string]struct {
		errs     map[string][]error
		drop     bool
		mayStart func(time.Time) bool
		sends    int
		done     int // results that need no further attempt
		left     int // results that failed
	}{
		"both accepted":                        {nil, false, always, 2, 2, 0},
		"later, then accepted":                 {map[string][]error{"a": {later, later, nil}}, false, always, 4, 2, 0},
		"a dead sink is left to the next run":  {map[string][]error{"a": {later}, "b": {later}}, false, always, 4, 0, 2},
		"refused at once, the other goes out":  {map[string][]error{"a": {refused}}, false, always, 2, 1, 1},
		"unknown is sent again, and says so":   {map[string][]error{"a": {unknown, nil}}, false, always, 3, 2, 0},
		"unknown is dropped where asked for":   {map[string][]error{"a": {unknown}}, true, always, 2, 2, 0},
		"waits as long as the receiver asks":   {map[string][]error{"a": {asks, nil}}, false, always, 3, 2, 0},
		"but not past the deadline":            {map[string][]error{"a": {asksTooLong}}, false, always, 1, 0, 1}, // it means all messages
		"three unreadable answers are enough":  {map[string][]error{"a": {odd}}, false, always, 4, 1, 1},
		"an error of no class is unknown":      {map[string][]error{"a": {errors.New("boom")}}, true, always, 2, 2, 0},
		"nothing starts after the claim's end": {nil, false, func(time.Time) bool { return false }, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				sink := &scripted{errs: tt.errs}
				results := delivered(ctx, []Target{{Name: "ops", Sink: sink, Drop: tt.drop}}, claimed, tt.mayStart)
				done, left := 0, 0
				for _, r := range results {
					if r.Done() {
						done++
					} else {
						left++
					}
				}
				if len(sink.sends) != tt.sends || done != tt.done || left != tt.left {
					t.Errorf("sends %v, %d done, %d left; want %d sends, %d done, %d left", sink.sends, done, left, tt.sends, tt.done, tt.left)
				}
				if name == "unknown is sent again, and says so" && !sink.marked[1] {
					t.Error("the second attempt does not know that the first may have arrived")
				}
				if name == "unknown is sent again, and says so" && sink.seenAt[1].Sub(sink.seenAt[0]) < 2*time.Second {
					t.Errorf("sent again after %s", sink.seenAt[1].Sub(sink.seenAt[0]))
				}
				if name == "later, then accepted" {
					first, second := sink.seenAt[1].Sub(sink.seenAt[0]), sink.seenAt[2].Sub(sink.seenAt[1])
					if first <= 0 || first > 500*time.Millisecond || second <= 0 || second > time.Second {
						t.Errorf("paused %s and %s, want at most half a second and a second", first, second)
					}
				}
				if name == "waits as long as the receiver asks" && sink.seenAt[1].Sub(sink.seenAt[0]) != 4*time.Second {
					t.Errorf("waited %s", sink.seenAt[1].Sub(sink.seenAt[0]))
				}
			})
		})
	}
}

// TestFirstRetryIsSpread: the first retry comes within half a second, and not always at
// once, or all instances would come together.
func TestFirstRetryIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var longest time.Duration
		for range 60 {
			s := &scripted{errs: map[string][]error{"a": {&sink.Error{Class: sink.Later, Code: "http_503"}, nil}}}
			delivered(t.Context(), []Target{{Name: "ops", Sink: s}}, []Delivery{delivery("a", "ops")}, always)
			longest = max(longest, s.seenAt[1].Sub(s.seenAt[0]))
		}
		if longest < 250*time.Millisecond || longest > 500*time.Millisecond {
			t.Errorf("the longest of 60 pauses was %v", longest)
		}
	})
}

// TestAloneIsSaidOfWhatHadItsTries: a message counts as what its receiver cannot take only
// when it failed in every attempt of a run. One that had a single try, since another had just
// failed, does not.
func TestAloneIsSaidOfWhatHadItsTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &sink.Error{Class: sink.Later, Code: "http_503"}
		s := &scripted{errs: map[string][]error{"a": {busy}, "b": {busy}}}
		got := map[string]bool{}
		for _, r := range delivered(t.Context(), []Target{{Name: "ops", Sink: s}}, []Delivery{delivery("a", "ops"), delivery("b", "ops"), delivery("c", "ops")}, always) {
			got[r.ID] = r.Alone
		}
		if want := map[string]bool{"a": true, "b": false, "c": false}; !maps.Equal(got, want) {
			t.Errorf("alone: %v, want %v; sends %v", got, want, s.sends)
		}
	})
}

// delivered is all that Deliver yields.
func delivered(ctx context.Context, targets []Target, claimed []Delivery, mayStart func(time.Time) bool) []Result {
	var all []Result
	for piece := range Deliver(ctx, targets, claimed, mayStart) {
		all = append(all, piece...)
	}
	return all
}

// slow takes its time and never answers.
type slow struct{}

func (slow) Send(ctx context.Context, _ sink.Message) error {
	<-ctx.Done()
	return &sink.Error{Class: sink.Unknown, Code: "timeout", Err: ctx.Err()}
}

// A sink that hangs until the deadline does not keep another from being notified, and
// lanes work at the same time.
func TestDeliverTargetsAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		good := &scripted{}
		claimed := []Delivery{delivery("a", "slow"), delivery("b", "good"), delivery("c", "slow"), delivery("d", "good")}
		results := delivered(ctx, []Target{{Name: "slow", Sink: slow{}, Concurrency: 2}, {Name: "good", Sink: good}}, claimed, func(time.Time) bool { return true })
		if len(good.sends) != 2 || !good.seenAt[1].Equal(good.seenAt[0]) {
			t.Errorf("the good sink was sent %v", good.sends)
		}
		unknown := 0
		for _, r := range results {
			if r.Err != nil && !r.Unknown.IsZero() {
				unknown++
			}
		}
		if unknown != 2 {
			t.Errorf("%d deliveries of unknown outcome, want 2: both lanes had started", unknown)
		}
	})
}

// TestUnreadableAnswersEnd: after three of them, in however many runs, a delivery is
// dead and says what the URL seems to be. A redrive counts anew.
func TestUnreadableAnswersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := sink.Unreadable("the answer is not Slack's", sink.Answer{Status: 200, Body: []byte("<html>")})
		s := &scripted{errs: map[string][]error{"a": {page, &sink.Error{Class: sink.Later, Code: "http_503"}, &sink.Error{Class: sink.Later, Code: "http_503"}, page}}}
		outbox := Outbox{}.Add([]Delivery{delivery("a", "ops")})
		for run := 1; len(outbox.Dead) == 0; run++ {
			if run > 3 {
				t.Fatalf("still pending after %d sends", len(s.sends))
			}
			var mine []Delivery
			outbox, mine = outbox.Claim("run", func(string) bool { return true }, time.Now(), time.Now().Add(time.Minute))
			results := delivered(t.Context(), []Target{{Name: "ops", Sink: s}}, mine, func(time.Time) bool { return true })
			outbox, _ = outbox.Settle("run", results, time.Now(), time.Now())
			time.Sleep(3 * time.Hour)
		}
		if d := outbox.Dead[0]; len(s.sends) != 5 || d.Unreadable != 3 || !strings.Contains(d.LastError, "web page") || d.Message.Unknown.IsZero() {
			t.Errorf("dead after %d sends: %+v", len(s.sends), d)
		}
		revived, _ := outbox.Redrive(func(string) bool { return true }, func(poller.Event) bool { return false }, time.Now())
		if d := revived.Pending[0]; d.Unreadable != 0 || d.Message.Unknown.IsZero() {
			t.Errorf("revived as %+v", d)
		}
	})
}

func always(time.Time) bool { return true }

// run is one run's claim, deliveries and settlement.
func run(t *testing.T, o Outbox, targets ...Target) Outbox {
	t.Helper()
	o, mine := o.Claim("run", func(string) bool { return true }, time.Now(), time.Now().Add(time.Minute))
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	o, _ = o.Settle("run", delivered(ctx, targets, mine, always), time.Now(), time.Now())
	o, _ = o.Release("run")
	return o
}

// TestPoisonStarvesNobody: messages that their receiver always answers with 500 do
// not keep the others waiting, and are dead long before three days, with their reason.
func TestPoisonStarvesNobody(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			s := &scripted{errs: map[string][]error{}}
			var o Outbox
			for i := range 36 {
				d := delivery(fmt.Sprintf("good-%d", i), "ops")
				if i < 12 {
					d.ID = fmt.Sprintf("poison-%d", i)
					s.errs[d.ID] = []error{&sink.Error{Class: sink.Unknown, Code: "http_500"}}
				}
				d.Created = began
				o = o.Add([]Delivery{d})
			}
			target := Target{Name: "ops", Sink: s, Concurrency: concurrency}
			good := func() (n int) {
				for _, d := range o.Pending {
					if strings.HasPrefix(d.ID, "good") {
						n++
					}
				}
				return n
			}
			ticks := 0
			for ; good() > 0; ticks++ {
				if ticks == 6 {
					t.Fatalf("%d good ones still wait", good())
				}
				o = run(t, o, target)
				time.Sleep(time.Minute)
			}
			t.Logf("concurrency %d: 24 good ones through after %d ticks", concurrency, ticks)
			for i := 0; len(o.Pending) > 0; i++ { // one good message a tick goes on
				if time.Since(began) > 24*time.Hour {
					t.Fatalf("%d poisonous ones still wait", len(o.Pending))
				}
				d := delivery(fmt.Sprintf("later-%d", i), "ops")
				d.Created = time.Now()
				o = run(t, o.Add([]Delivery{d}), target)
				time.Sleep(time.Minute)
			}
			for _, d := range o.Dead {
				if !strings.Contains(d.LastError, "delivered other messages") || !strings.Contains(d.LastError, "http_500") {
					t.Errorf("%s is dead with the reason %q", d.ID, d.LastError)
				}
			}
			if len(o.Dead) != 12 {
				t.Errorf("%d are dead", len(o.Dead))
			}
			t.Logf("dead after %s", time.Since(began).Round(time.Minute))
		})
	}
}

// TestSinkThatIsDownKillsNothing: a delivery that fails while all others fail, too,
// has three days.
func TestSinkThatIsDownKillsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{errs: map[string][]error{}}
		var o Outbox
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			d := delivery(id, "ops")
			d.Created = time.Now()
			o = o.Add([]Delivery{d})
			s.errs[id] = []error{&sink.Error{Class: sink.Later, Code: "http_503"}}
		}
		for range 70 {
			o = run(t, o, Target{Name: "ops", Sink: s})
			time.Sleep(time.Hour)
		}
		if len(o.Dead) != 0 || len(o.Pending) != 5 {
			t.Errorf("after 70 hours: pending %s, dead %s", ids(o.Pending), ids(o.Dead))
		}
		time.Sleep(3 * time.Hour)
		if o = run(t, o, Target{Name: "ops", Sink: s}); len(o.Dead) == 0 || !strings.Contains(o.Dead[0].LastError, "three days") {
			t.Errorf("after 73 hours: pending %s, dead %+v", ids(o.Pending), o.Dead)
		}
	})
}

// TestClosedAfterThree: a target is down for the run once three different deliveries
// failed in a row, and those after the first were tried once.
func TestClosedAfterThree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := []error{&sink.Error{Class: sink.Later, Code: "dns"}}
		s := &scripted{errs: map[string][]error{"a": fails, "b": fails, "c": fails, "d": fails}}
		claimed := []Delivery{delivery("a", "ops"), delivery("b", "ops"), delivery("c", "ops"), delivery("d", "ops")}
		delivered(t.Context(), []Target{{Name: "ops", Sink: s}}, claimed, always)
		if got := fmt.Sprint(s.sends); got != "[a a a b c]" {
			t.Errorf("sent %s", got)
		}
	})
}

// TestResultsComeInPieces: what is accepted is known within seconds, while another
// target hangs.
func TestResultsComeInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		began := time.Now()
		var at []time.Duration
		var pieces []string
		claimed := []Delivery{delivery("a", "slow"), delivery("b", "good"), delivery("c", "good")}
		for piece := range Deliver(ctx, []Target{{Name: "slow", Sink: slow{}}, {Name: "good", Sink: &scripted{}}}, claimed, always) {
			at = append(at, time.Since(began))
			var names []string
			for _, r := range piece {
				names = append(names, r.ID)
			}
			slices.Sort(names)
			pieces = append(pieces, fmt.Sprint(names))
		}
		if fmt.Sprint(pieces) != "[[b c] [a]]" || at[0] != settleEvery {
			t.Errorf("pieces %v at %v", pieces, at)
		}
	})
}

// A caller that stops taking results leaves nothing running.
func TestDeliverStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range Deliver(t.Context(), []Target{{Name: "slow", Sink: slow{}}, {Name: "good", Sink: &scripted{}}}, []Delivery{delivery("a", "slow"), delivery("b", "good")}, always) {
			break
		}
		synctest.Wait() // the bubble fails when a goroutine is left
	})
}
