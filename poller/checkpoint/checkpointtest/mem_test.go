package checkpointtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller/checkpoint"
)

func TestMemConforms(t *testing.T) {
	Run(t, func(*testing.T) Place {
		m := NewMem()
		return Place{
			Open:  func() checkpoint.Store { return m.Process(nil) },
			Set:   m.Set,
			Names: m.Names,
			Age:   m.Age,
		}
	})
}

// TestMemFaults: what each fault does to a swap, now and later, as seen by another
// process.
func TestMemFaults(t *testing.T) {
	failed := errors.New("injected")
	for name, test := range map[string]struct {
		fault  Fault
		want   error // nil for success
		killed bool
		now    uint64 // the head's generation right after
		later  uint64 // and two hours later
	}{
		"none":           {Fault{}, nil, false, 1, 1},
		"slow":           {Fault{Delay: time.Second}, nil, false, 1, 1},
		"too slow":       {Fault{Delay: time.Hour}, context.DeadlineExceeded, false, 0, 0},
		"failed":         {Fault{Err: failed}, failed, false, 0, 0},
		"landed":         {Fault{Err: failed, Landed: true}, failed, false, 1, 1},
		"late":           {Fault{Err: failed, Late: time.Hour}, failed, false, 0, 1},
		"late, no time":  {Fault{Delay: time.Hour, Late: time.Hour}, context.DeadlineExceeded, false, 0, 1},
		"killed":         {Fault{Kill: true}, nil, true, 0, 0},
		"killed, landed": {Fault{Kill: true, Landed: true}, nil, true, 1, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			mem := NewMem()
			mem.SetHook(func(op Op) Fault {
				if op.Verb == Create && op.N == 1 {
					return test.fault
				}
				return Fault{}
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			killed, err := swapOrDie(ctx, mem)
			if killed != test.killed || !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("%s: killed %v, %v", name, killed, err)
			}
			if d := load(t, mem.Process(nil)); d.Generation != test.now {
				t.Errorf("%s: generation %d, want %d", name, d.Generation, test.now)
			}
			time.Sleep(2 * time.Hour)
			if d := load(t, mem.Process(nil)); d.Generation != test.later {
				t.Errorf("%s: later generation %d, want %d", name, d.Generation, test.later)
			}
			if mem.Writes() != int(test.later) {
				t.Errorf("%s: %d writes", name, mem.Writes())
			}
			if killed {
				if again, _ := swapOrDie(t.Context(), mem); !again {
					t.Errorf("%s: the dead go on", name)
				}
			}
		})
	}
}

func swapOrDie(ctx context.Context, s checkpoint.Store) (killed bool, err error) {
	defer func() { killed = recover() == Killed{} }()
	_, err = s.Swap(ctx, checkpoint.Doc{}, []byte("x"))
	return false, err
}

// TestMemKeepsItsOwn: what a caller does to his bytes afterwards changes nothing.
func TestMemKeepsItsOwn(t *testing.T) {
	mem, data := NewMem(), []byte("before")
	if _, err := mem.Swap(t.Context(), checkpoint.Doc{}, data); err != nil {
		t.Fatal(err)
	}
	copy(data, "after!")
	d := load(t, mem)
	copy(d.Data, "after!")
	expect(t, mem, 1, "before")
}

// A store that refuses every first write as existing keeps no two runs apart: it keeps
// no run at all.
func TestProbeOfAStoreThatRefusesEveryWrite(t *testing.T) {
	mem := NewMem().Process(func(op Op) Fault {
		if op.Verb == Create {
			return Fault{Err: checkpoint.ErrConflict}
		}
		return Fault{}
	})
	if err := checkpoint.Probe(t.Context(), mem); err == nil || !strings.Contains(err.Error(), "first write") {
		t.Errorf("the probe says %v", err)
	}
}
