package sink

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestPaceKeepsDeadlines: a wait that cannot end in time does not begin, and a
// canceled one ends; both leave the turn to others.
func TestPaceKeepsDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Pace{Every(time.Minute, 1)}
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if e := Outcome(p.Wait(ctx)); e.Class != Later || e.After != time.Minute || time.Since(begin) != 0 {
			t.Errorf("%+v after %s", e, time.Since(begin))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		if e := Outcome(p.Wait(ctx)); e.Class != Later || time.Since(begin) != 5*time.Second {
			t.Errorf("%+v after %s", e, time.Since(begin))
		}
		if err := p.Wait(t.Context()); err != nil || time.Since(begin).Round(time.Second) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}
