package notifier

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/template"
)

// TestPace: every sink keeps to the published rate of its receiver.
func TestPace(t *testing.T) {
	kit := Kit{Outlet: NewOutlet(0)}
	robot := func(kind template.Dialect) pace {
		r, err := NewRobot(Robot{Kit: kit, Kind: kind, URL: "https://example.com/"})
		if err != nil {
			t.Fatal(err)
		}
		return r.pace
	}
	slack, err := NewSlack(Slack{Kit: kit, Token: testToken, Channel: testChannel})
	if err != nil {
		t.Fatal(err)
	}
	hook, err := NewSlackHook(SlackHook{Kit: kit, URL: "https://example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		pace      pace
		second    int // most in any second
		minute    int // most in any minute
		atLeastIn time.Duration
	}{
		{"slack", slack.pace, 1, 60, 119 * time.Second},
		{"slack-webhook", hook.pace, 1, 60, 119 * time.Second},
		{"dingtalk", robot(template.DingTalk), 5, 20, 460 * time.Second},
		{"feishu", robot(template.Feishu), 5, 100, 80 * time.Second},
		{"wecom", robot(template.WeCom), 5, 20, 460 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var at []time.Time
				for range 120 {
					if err := test.pace.wait(t.Context()); err != nil {
						t.Fatal(err)
					}
					at = append(at, time.Now())
				}
				if n := most(at, time.Second); n > test.second {
					t.Errorf("%d in a second", n)
				}
				if n := most(at, time.Minute); n > test.minute {
					t.Errorf("%d in a minute", n)
				}
				if took := time.Since(begin).Round(time.Second); took < test.atLeastIn-time.Second {
					t.Errorf("120 took only %s", took)
				}
			})
		})
	}
}

// most is the largest number of times within any window.
func most(at []time.Time, window time.Duration) int {
	best := 0
	for i, start := range at {
		n := 0
		for _, later := range at[i:] {
			if later.Sub(start) < window-time.Millisecond {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

// TestPaceKeepsDeadlines: a wait that cannot end in time does not begin, and a
// canceled one ends; both leave the turn to others.
func TestPaceKeepsDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{spacing(time.Minute, 1)}
		if err := p.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if e := outcome(p.wait(ctx)); e.Class != Later || e.After != time.Minute || time.Since(begin) != 0 {
			t.Errorf("%+v after %s", e, time.Since(begin))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		if e := outcome(p.wait(ctx)); e.Class != Later || time.Since(begin) != 5*time.Second {
			t.Errorf("%+v after %s", e, time.Since(begin))
		}
		if err := p.wait(t.Context()); err != nil || time.Since(begin).Round(time.Second) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}
