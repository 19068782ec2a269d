package watch

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller/aliyun/apitest"
)

// A process that dies while one sink hangs has recorded what another accepted: the next
// one does not send it again.
func TestSettledWhileANeighborHangs(t *testing.T) {
	for _, test := range []struct {
		name string
		dies time.Duration // after the sends have begun
		want int           // copies at the good sink
	}{
		{"before the first record", 2 * time.Second, 2},
		{"after it", 5 * time.Second, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "hangs", "good")
				w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(90 * time.Second)})
				w.poll()
				time.Sleep(2 * time.Minute)
				hangs, good := w.sinks[0], w.sinks[1]
				p := w.process()
				var once sync.Once
				var up atomic.Bool // the dead process may still be at its send
				hangs.verdict = func(sink.Message) error {
					if up.Load() {
						return nil
					}
					once.Do(func() { time.Sleep(test.dies); p.mu.Lock(); p.dead = true; p.mu.Unlock() })
					return &sink.Error{Class: sink.Later, Code: "http_503"}
				}
				if _, _, alive := p.run(Request{Action: ActionPoll}); alive {
					t.Fatal("the process did not die")
				}
				up.Store(true)
				time.Sleep(2 * time.Minute) // its claims expire
				w.poll()
				if good.notified[key(1)] != test.want || hangs.notified[key(1)] != 1 {
					t.Errorf("the good sink has %d copies, want %d; the other %d, want 1", good.notified[key(1)], test.want, hangs.notified[key(1)])
				}
			})
		})
	}
}

// Whom a message mentions is decided by the configuration of the run that sends it.
func TestMentionsComeFromTodaysRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(90 * time.Second)})
		w.poll()
		time.Sleep(2 * time.Minute)
		var mentions []string
		w.sinks[0].verdict = func(m sink.Message) error {
			mentions = append(mentions, m.Mention)
			if len(mentions) <= 3 {
				return &sink.Error{Class: sink.Later, Code: "http_503"}
			}
			return nil
		}
		mentioning := func(mention string) func(*App) {
			return func(a *App) { a.Routes = notifier.Routes{{To: []string{"ops"}, Mention: mention}} }
		}
		w.do(Request{Action: ActionPoll}, mentioning("<!here>"))
		time.Sleep(time.Minute)
		w.do(Request{Action: ActionPoll}, mentioning("<@U0NEW>"))
		if len(mentions) != 4 || mentions[0] != "<!here>" || mentions[3] != "<@U0NEW>" {
			t.Errorf("mentioned %q", mentions)
		}
	})
}
