package notifier

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
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
	always := func(time.Time) bool { return true }
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
		"a dead sink is left to the next run":  {map[string][]error{"a": {later}, "b": {later}}, false, always, 3, 0, 1},
		"refused at once, the other goes out":  {map[string][]error{"a": {refused}}, false, always, 2, 1, 1},
		"unknown is sent again, and says so":   {map[string][]error{"a": {unknown, nil}}, false, always, 3, 2, 0},
		"unknown is dropped where that's told": {map[string][]error{"a": {unknown}}, true, always, 2, 2, 0},
		"waits as long as the receiver asks":   {map[string][]error{"a": {asks, nil}}, false, always, 3, 2, 0},
		"but not past the deadline":            {map[string][]error{"a": {asksTooLong}}, false, always, 1, 0, 1},
		"three unreadable answers are enough":  {map[string][]error{"a": {odd}}, false, always, 4, 1, 1},
		"an error of no class is unknown":      {map[string][]error{"a": {errors.New("boom")}}, true, always, 2, 2, 0},
		"nothing starts after the claim's end": {nil, false, func(time.Time) bool { return false }, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				sink := &scripted{errs: tt.errs}
				results := Deliver(ctx, []Target{{Name: "ops", Sink: sink, Drop: tt.drop}}, claimed, tt.mayStart)
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
				if name == "unknown is sent again, and says so" && sink.seenAt[1].Sub(sink.seenAt[0]) < quietTime {
					t.Errorf("sent again after %s", sink.seenAt[1].Sub(sink.seenAt[0]))
				}
				if name == "waits as long as the receiver asks" && sink.seenAt[1].Sub(sink.seenAt[0]) != 4*time.Second {
					t.Errorf("waited %s", sink.seenAt[1].Sub(sink.seenAt[0]))
				}
			})
		})
	}
}

// slow takes its time and never answers.
type slow struct{}

func (slow) Send(ctx context.Context, _ sink.Message) error {
	<-ctx.Done()
	return &sink.Error{Class: sink.Unknown, Code: "timeout", Err: ctx.Err()}
}

// A sink that hangs until the deadline does not keep another from being told, and
// lanes work at the same time.
func TestDeliverTargetsAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		good := &scripted{}
		claimed := []Delivery{delivery("a", "slow"), delivery("b", "good"), delivery("c", "slow"), delivery("d", "good")}
		results := Deliver(ctx, []Target{{Name: "slow", Sink: slow{}, Concurrency: 2}, {Name: "good", Sink: good}}, claimed, func(time.Time) bool { return true })
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
			results := Deliver(t.Context(), []Target{{Name: "ops", Sink: s}}, mine, func(time.Time) bool { return true })
			outbox, _ = outbox.Settle("run", results, time.Now())
			time.Sleep(3 * time.Hour)
		}
		if d := outbox.Dead[0]; len(s.sends) != 5 || d.Unreadable != 3 || !strings.Contains(d.LastError, "web page") || d.Message.Unknown.IsZero() {
			t.Errorf("dead after %d sends: %+v", len(s.sends), d)
		}
		revived := outbox.Redrive(func(string) bool { return true }, time.Now())
		if d := revived.Pending[0]; d.Unreadable != 0 || d.Message.Unknown.IsZero() {
			t.Errorf("revived as %+v", d)
		}
	})
}
